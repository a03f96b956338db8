// SPDX-License-Identifier: Apache-2.0
// The host port as the bench drives it: every field of its structs at a pin of its own.
module host_port_bench #(
  parameter int SLOTS        = 2,
  parameter int DEPTH        = 32,
  parameter int VOCAB        = 256,
  parameter int LAYERS       = 1,
  parameter int D_MODEL      = 32,
  parameter int RANK         = 8,
  parameter int ADAPTERS     = 2,
  parameter int TOP_K        = 8,
  parameter int WORDS_QKV    = 1,
  parameter int WORDS_O      = 1,
  parameter int WORDS_GATEUP = 1,
  parameter int WORDS_DOWN   = 1
) (
  input  logic              clk_i,
  input  logic              rst_i,
  input  logic       [15:0] s_axil_awaddr_i,
  input  logic              s_axil_awvalid_i,
  output logic              s_axil_awready_o,
  input  logic       [31:0] s_axil_wdata_i,
  input  logic        [3:0] s_axil_wstrb_i,
  input  logic              s_axil_wvalid_i,
  output logic              s_axil_wready_o,
  output logic        [1:0] s_axil_bresp_o,
  output logic              s_axil_bvalid_o,
  input  logic              s_axil_bready_i,
  input  logic       [15:0] s_axil_araddr_i,
  input  logic              s_axil_arvalid_i,
  output logic              s_axil_arready_o,
  output logic       [31:0] s_axil_rdata_o,
  output logic        [1:0] s_axil_rresp_o,
  output logic              s_axil_rvalid_o,
  input  logic              s_axil_rready_i,
  input  logic              s_tok_tvalid_i,
  output logic              s_tok_tready_o,
  input  logic       [31:0] s_tok_tdata_i,
  input  logic        [7:0] s_tok_tdest_i,
  input  logic              s_tok_tlast_i,
  output logic              m_tok_tvalid_o,
  input  logic              m_tok_tready_i,
  output logic       [31:0] m_tok_tdata_o,
  output logic        [7:0] m_tok_tid_o,
  output logic       [15:0] m_tok_tuser_o,
  output logic              m_tok_tlast_o,
  input  logic              s_lora_tvalid_i,
  output logic              s_lora_tready_o,
  input  logic       [31:0] s_lora_tdata_i,
  input  logic              s_lora_tlast_i,
  output logic       [95:0] stop_ids_o,
  output logic              tok_valid_o,
  input  logic              tok_ready_i,
  output logic        [7:0] tok_slot_o,
  output logic       [23:0] tok_token_o,
  output logic              tok_first_o,
  output logic       [15:0] tok_pos_o,
  output logic              tok_last_o,
  output logic       [15:0] tok_max_new_o,
  output logic        [3:0] tok_adapter_o,
  output logic        [4:0] tok_top_k_o,
  output logic       [23:0] tok_beta_o,
  output logic       [31:0] tok_seed_o,
  output logic  [SLOTS-1:0] cut_o,
  output logic              restarting_o,
  output logic              write_valid_o,
  output logic        [7:0] write_layer_o,
  output logic        [1:0] write_array_o,
  output logic        [3:0] write_bank_o,
  output logic       [15:0] write_word_o,
  output logic       [15:0] write_chunk_o,
  output logic       [31:0] write_data_o,
  output logic        [7:0] sig_layer_o,
  output logic        [1:0] sig_array_o,
  input  logic       [31:0] signature_i,
  output logic              idle_o,
  input  logic              idle_i,
  input  logic [LAYERS-1:0] layer_busy_i,
  input  logic [LAYERS-1:0] corrected_i,
  input  logic [LAYERS-1:0] failed_i,
  input  logic              parted_i,
  input  logic              out_valid_i,
  output logic              out_ready_o,
  input  logic        [7:0] out_slot_i,
  input  logic       [15:0] out_pos_i,
  input  logic       [23:0] out_token_i,
  input  logic        [1:0] out_reason_i
);
  import cartridge_pkg::*;
  import host_pkg::*;

  axil_req_t axil_req;
  axil_rsp_t axil_rsp;
  prompt_t prompt;
  sample_t sample;
  adapter_write_t write;
  answer_t answer;

  assign axil_req.awaddr  = s_axil_awaddr_i;
  assign axil_req.awvalid = s_axil_awvalid_i;
  assign axil_req.wdata   = s_axil_wdata_i;
  assign axil_req.wstrb   = s_axil_wstrb_i;
  assign axil_req.wvalid  = s_axil_wvalid_i;
  assign axil_req.bready  = s_axil_bready_i;
  assign axil_req.araddr  = s_axil_araddr_i;
  assign axil_req.arvalid = s_axil_arvalid_i;
  assign axil_req.rready  = s_axil_rready_i;
  assign s_axil_awready_o = axil_rsp.awready;
  assign s_axil_wready_o  = axil_rsp.wready;
  assign s_axil_bresp_o   = axil_rsp.bresp;
  assign s_axil_bvalid_o  = axil_rsp.bvalid;
  assign s_axil_arready_o = axil_rsp.arready;
  assign s_axil_rdata_o   = axil_rsp.rdata;
  assign s_axil_rresp_o   = axil_rsp.rresp;
  assign s_axil_rvalid_o  = axil_rsp.rvalid;

  assign sample        = prompt.sample;
  assign tok_slot_o    = prompt.slot;
  assign tok_token_o   = prompt.token;
  assign tok_first_o   = prompt.first;
  assign tok_pos_o     = prompt.pos;
  assign tok_last_o    = prompt.last;
  assign tok_max_new_o = prompt.max_new;
  assign tok_adapter_o = prompt.adapter;
  assign tok_top_k_o   = sample.top_k;
  assign tok_beta_o    = sample.beta;
  assign tok_seed_o    = sample.seed;

  assign write_array_o = write.array;
  assign write_bank_o  = write.bank;
  assign write_word_o  = write.word;
  assign write_chunk_o = write.chunk;
  assign write_data_o  = write.data;

  // Icarus 11 casts to no enumeration: the fields are not assigned one by one.
  assign answer = {out_slot_i, out_pos_i, out_token_i, out_reason_i};

  host_port #(
    .SLOTS       (SLOTS),
    .DEPTH       (DEPTH),
    .VOCAB       (VOCAB),
    .LAYERS      (LAYERS),
    .D_MODEL     (D_MODEL),
    .RANK        (RANK),
    .ADAPTERS    (ADAPTERS),
    .TOP_K       (TOP_K),
    .WORDS_QKV   (WORDS_QKV),
    .WORDS_O     (WORDS_O),
    .WORDS_GATEUP(WORDS_GATEUP),
    .WORDS_DOWN  (WORDS_DOWN)
  ) u_host_port (
    .clk_i,
    .rst_i,
    .s_axil_i    (axil_req),
    .s_axil_o    (axil_rsp),
    .s_tok_tvalid_i,
    .s_tok_tready_o,
    .s_tok_tdata_i,
    .s_tok_tdest_i,
    .s_tok_tlast_i,
    .m_tok_tvalid_o,
    .m_tok_tready_i,
    .m_tok_tdata_o,
    .m_tok_tid_o,
    .m_tok_tuser_o,
    .m_tok_tlast_o,
    .s_lora_tvalid_i,
    .s_lora_tready_o,
    .s_lora_tdata_i,
    .s_lora_tlast_i,
    .stop_ids_o,
    .tok_valid_o,
    .tok_ready_i,
    .tok_prompt_o(prompt),
    .cut_o,
    .restarting_o,
    .write_valid_o,
    .write_layer_o,
    .write_o     (write),
    .sig_layer_o,
    .sig_array_o,
    .idle_o,
    .idle_i,
    .layer_busy_i,
    .corrected_i,
    .failed_i,
    .parted_i,
    .signature_i,
    .out_valid_i,
    .out_ready_o,
    .out_answer_i(answer)
  );
endmodule
