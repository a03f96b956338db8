// The chip's side of the host: AXI4-Lite registers, AXI4-Stream tokens and adapter words (docs/host.md). What a host does
// wrong ends here, in an error response or a flag: the core sees only legal tokens and words.
module host_port #(
  parameter int SLOTS        = 2,
  parameter int DEPTH        = 32,
  parameter int VOCAB        = 256,
  parameter int LAYERS       = 1,
  parameter int D_MODEL      = 32,
  parameter int RANK         = 8,
  parameter int ADAPTERS     = 2,    // banks: 0 to 15
  parameter int TOP_K        = 8,
  parameter int WORDS_QKV    = 1,    // words of a bank of an array
  parameter int WORDS_O      = 1,
  parameter int WORDS_GATEUP = 1,
  parameter int WORDS_DOWN   = 1
) (
  input  logic                                      clk_i,
  input  logic                                      rst_i,
  // registers
  input  logic                               [15:0] s_axil_awaddr_i,
  input  logic                                      s_axil_awvalid_i,
  output logic                                      s_axil_awready_o,
  input  logic                               [31:0] s_axil_wdata_i,
  input  logic                                [3:0] s_axil_wstrb_i,
  input  logic                                      s_axil_wvalid_i,
  output logic                                      s_axil_wready_o,
  output logic                                [1:0] s_axil_bresp_o,
  output logic                                      s_axil_bvalid_o,
  input  logic                                      s_axil_bready_i,
  input  logic                               [15:0] s_axil_araddr_i,
  input  logic                                      s_axil_arvalid_i,
  output logic                                      s_axil_arready_o,
  output logic                               [31:0] s_axil_rdata_o,
  output logic                                [1:0] s_axil_rresp_o,
  output logic                                      s_axil_rvalid_o,
  input  logic                                      s_axil_rready_i,
  // prompts: a token a beat, its slot in tdest
  input  logic                                      s_tok_tvalid_i,
  output logic                                      s_tok_tready_o,
  input  logic                               [31:0] s_tok_tdata_i,
  input  logic                                [7:0] s_tok_tdest_i,
  input  logic                                      s_tok_tlast_i,
  // answers: {5'd0, end, token}, slot in tid, position in tuser
  output logic                                      m_tok_tvalid_o,
  input  logic                                      m_tok_tready_i,
  output logic                               [31:0] m_tok_tdata_o,
  output logic                                [7:0] m_tok_tid_o,
  output logic                               [15:0] m_tok_tuser_o,
  output logic                                      m_tok_tlast_o,
  // adapters: a frame a word
  input  logic                                      s_lora_tvalid_i,
  output logic                                      s_lora_tready_o,
  input  logic                               [31:0] s_lora_tdata_i,
  input  logic                                      s_lora_tlast_i,
  // to the core
  output logic       [4*cartridge_pkg::TOKEN_W-1:0] stop_ids_o,
  output logic                                      tok_valid_o,
  input  logic                                      tok_ready_i,
  output logic                                [7:0] tok_slot_o,
  output logic         [cartridge_pkg::TOKEN_W-1:0] tok_id_o,
  output logic                                      tok_first_o,
  output logic                                      tok_last_o,
  output logic                               [15:0] tok_max_new_o,
  output logic                                [3:0] tok_adapter_o,  // 0: none, a: bank a - 1
  output logic                               [60:0] tok_sample_o,   // cartridge_pkg::sample_t; see docs/architecture.md
  output logic                          [SLOTS-1:0] cut_o,          // the slot's answer ends with its next token
  output logic                                      lora_we_o,
  output logic                                [7:0] lora_layer_o,
  output logic                                [1:0] lora_array_o,
  output logic                                [3:0] lora_bank_o,
  output logic                               [15:0] lora_word_o,
  output logic                               [15:0] lora_chunk_o,   // which 32 bits of the word
  output logic                               [31:0] lora_data_o,
  // from the core
  input  logic                                      idle_i,
  input  logic                         [LAYERS-1:0] layer_busy_i,
  input  logic                         [LAYERS-1:0] corrected_i,    // a layer's SRAM had to correct a word
  input  logic                         [LAYERS-1:0] failed_i,       // or could not
  input  logic                                      out_valid_i,
  output logic                                      out_ready_o,
  input  logic                                [7:0] out_slot_i,
  input  logic                               [15:0] out_pos_i,
  input  logic         [cartridge_pkg::TOKEN_W-1:0] out_id_i,
  input  logic                                [1:0] out_end_i
);
  import cartridge_pkg::*;

  assign tok_sample_o = '0;
endmodule
