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
  import host_pkg::*;

  localparam int ERRORS_W = ERRORS_SRAM_FAILED + 1;
  localparam logic [2:0] END_ERROR = 3'd4;  // beside end_e: a prompt is refused

  logic write, write_refused, read, read_refused;
  logic [15:0] write_addr, read_addr;
  logic [31:0] write_data, read_data;
  logic [3:0] write_strb;

  axi_lite u_axi_lite (
    .clk_i,
    .rst_i,
    .awaddr_i       (s_axil_awaddr_i),
    .awvalid_i      (s_axil_awvalid_i),
    .awready_o      (s_axil_awready_o),
    .wdata_i        (s_axil_wdata_i),
    .wstrb_i        (s_axil_wstrb_i),
    .wvalid_i       (s_axil_wvalid_i),
    .wready_o       (s_axil_wready_o),
    .bresp_o        (s_axil_bresp_o),
    .bvalid_o       (s_axil_bvalid_o),
    .bready_i       (s_axil_bready_i),
    .araddr_i       (s_axil_araddr_i),
    .arvalid_i      (s_axil_arvalid_i),
    .arready_o      (s_axil_arready_o),
    .rdata_o        (s_axil_rdata_o),
    .rresp_o        (s_axil_rresp_o),
    .rvalid_o       (s_axil_rvalid_o),
    .rready_i       (s_axil_rready_i),
    .write_o        (write),
    .write_addr_o   (write_addr),
    .write_data_o   (write_data),
    .write_strb_o   (write_strb),
    .write_refused_i(write_refused),
    .read_o         (read),
    .read_addr_o    (read_addr),
    .read_data_i    (read_data),
    .read_refused_i (read_refused)
  );

  // ---- registers and counters
  logic slot_write, slot_bad_value, slot_busy, slot_unknown, answering, used;
  logic [7:0] slot_write_slot, slot_read_slot;
  logic [15:0] slot_write_addr, slot_read_addr, chosen;
  logic [31:0] slot_read_data, counter_data;
  logic [3:0] adapter;
  logic counters_clear, counter_read, counter_high;
  logic [2:0] counter;
  logic [ERRORS_W-1:0] errors;

  host_registers #(
    .SLOTS   (SLOTS),
    .DEPTH   (DEPTH),
    .VOCAB   (VOCAB),
    .LAYERS  (LAYERS),
    .D_MODEL (D_MODEL),
    .RANK    (RANK),
    .ADAPTERS(ADAPTERS),
    .TOP_K   (TOP_K)
  ) u_registers (
    .clk_i,
    .rst_i,
    .write_i          (write),
    .write_addr_i     (write_addr),
    .write_data_i     (write_data),
    .write_strb_i     (write_strb),
    .write_refused_o  (write_refused),
    .read_i           (read),
    .read_addr_i      (read_addr),
    .read_data_o      (read_data),
    .read_refused_o   (read_refused),
    .slot_write_o     (slot_write),
    .slot_write_slot_o(slot_write_slot),
    .slot_write_addr_o(slot_write_addr),
    .slot_bad_value_i (slot_bad_value),
    .slot_busy_i      (slot_busy),
    .slot_unknown_i   (slot_unknown),
    .slot_read_slot_o (slot_read_slot),
    .slot_read_addr_o (slot_read_addr),
    .slot_read_data_i (slot_read_data),
    .answering_i      (answering),
    .chosen_o         (chosen),
    .adapter_o        (adapter),
    .used_i           (used),
    .counters_clear_o (counters_clear),
    .counter_read_o   (counter_read),
    .counter_o        (counter),
    .counter_high_o   (counter_high),
    .counter_data_i   (counter_data),
    .errors_i         (errors),
    .idle_i           (idle),
    .stop_ids_o
  );

  logic taken, token_busy, token_unknown, bad_token, overlong, bad_frame, whole_word, answer;

  always_comb begin
    errors = '0;
    errors[ERRORS_BUSY_SLOT]         = token_busy;
    errors[ERRORS_UNKNOWN_SLOT]      = token_unknown;
    errors[ERRORS_BAD_TOKEN]         = bad_token;
    errors[ERRORS_OVERLONG]          = overlong;
    errors[ERRORS_BAD_ADAPTER_FRAME] = bad_frame;
    errors[ERRORS_SRAM_CORRECTED]    = corrected_i != '0;
    errors[ERRORS_SRAM_FAILED]       = failed_i != '0;
  end

  function automatic logic [15:0] ones(input logic [LAYERS-1:0] x);
    ones = '0;
    for (int unsigned l = 0; l < LAYERS; l++) ones = ones + 16'(x[l]);
  endfunction

  host_counters u_counters (
    .clk_i,
    .rst_i,
    .clear_i(counters_clear),
    .add_i  ({16'(whole_word), ones(failed_i), ones(corrected_i), ones(layer_busy_i), 16'(answer), 16'(taken), 16'd1}),
    .read_i (counter_read),
    .which_i(counter),
    .high_i (counter_high),
    .data_o (counter_data)
  );

  // ---- prompts. A register before the slots, so that what they decide is not combinational for the host.
  logic in_valid, in_ready, in_last, refuse_valid, refuse_ready;
  logic [31:0] in_token;
  logic [7:0] in_slot;
  logic [15:0] refuse_pos;

  stream_fifo #(
    .DEPTH(2),
    .WIDTH(41)
  ) u_prompt (
    .clk_i,
    .rst_i,
    .valid_i(s_tok_tvalid_i),
    .ready_o(s_tok_tready_o),
    .data_i ({s_tok_tdata_i, s_tok_tdest_i, s_tok_tlast_i}),
    .valid_o(in_valid),
    .ready_i(in_ready),
    .data_o ({in_token, in_slot, in_last})
  );

  host_slots #(
    .SLOTS(SLOTS),
    .DEPTH(DEPTH),
    .VOCAB(VOCAB),
    .TOP_K(TOP_K)
  ) u_slots (
    .clk_i,
    .rst_i,
    .write_i        (slot_write),
    .write_slot_i   (slot_write_slot),
    .write_addr_i   (slot_write_addr),
    .write_data_i   (write_data),
    .bad_value_o    (slot_bad_value),
    .busy_o         (slot_busy),
    .unknown_o      (slot_unknown),
    .read_slot_i    (slot_read_slot),
    .read_addr_i    (slot_read_addr),
    .read_data_o    (slot_read_data),
    .chosen_i       (chosen),
    .adapter_i      (adapter),
    .used_o         (used),
    .answering_o    (answering),
    .valid_i        (in_valid),
    .ready_o        (in_ready),
    .token_i        (in_token),
    .slot_i         (in_slot),
    .last_i         (in_last),
    .taken_o        (taken),
    .token_busy_o   (token_busy),
    .token_unknown_o(token_unknown),
    .bad_token_o    (bad_token),
    .overlong_o     (overlong),
    .tok_valid_o,
    .tok_ready_i,
    .tok_slot_o,
    .tok_id_o,
    .tok_first_o,
    .tok_last_o,
    .tok_max_new_o,
    .tok_adapter_o,
    .tok_sample_o,
    .cut_o,
    .refuse_valid_o (refuse_valid),
    .refuse_ready_i (refuse_ready),
    .refuse_pos_o   (refuse_pos),
    .answer_i       (answer),
    .answer_slot_i  (out_slot_i),
    .answer_pos_i   (out_pos_i),
    .answer_end_i   (out_end_i)
  );

  // ---- answers: the core's before refusals
  logic answers_ready;
  logic [2:0] m_end;
  logic [TOKEN_W-1:0] m_token;

  assign out_ready_o  = answers_ready;
  assign answer       = out_valid_i && answers_ready;
  assign refuse_ready = answers_ready && !out_valid_i;

  stream_fifo #(
    .DEPTH(2),
    .WIDTH(3 + TOKEN_W + 8 + 16)
  ) u_answers (
    .clk_i,
    .rst_i,
    .valid_i(out_valid_i || refuse_valid),
    .ready_o(answers_ready),
    .data_i (out_valid_i ? {1'b0, out_end_i, out_id_i, out_slot_i, out_pos_i}
                         : {END_ERROR, in_token[TOKEN_W-1:0], in_slot, refuse_pos}),
    .valid_o(m_tok_tvalid_o),
    .ready_i(m_tok_tready_i),
    .data_o ({m_end, m_token, m_tok_tid_o, m_tok_tuser_o})
  );

  assign m_tok_tdata_o = {5'd0, m_end, m_token};
  assign m_tok_tlast_o = m_end != '0;

  // The core cannot see the beats that wait here.
  logic idle;
  assign idle = idle_i && !tok_valid_o && !in_valid && !m_tok_tvalid_o;

  // ---- adapters
  assign s_lora_tready_o = 1'b1;

  lora_loader #(
    .LAYERS      (LAYERS),
    .RANK        (RANK),
    .ADAPTERS    (ADAPTERS),
    .WORDS_QKV   (WORDS_QKV),
    .WORDS_O     (WORDS_O),
    .WORDS_GATEUP(WORDS_GATEUP),
    .WORDS_DOWN  (WORDS_DOWN)
  ) u_lora (
    .clk_i,
    .rst_i,
    .chosen_i(chosen),
    .valid_i (s_lora_tvalid_i),
    .data_i  (s_lora_tdata_i),
    .last_i  (s_lora_tlast_i),
    .bad_o   (bad_frame),
    .whole_o (whole_word),
    .we_o    (lora_we_o),
    .layer_o (lora_layer_o),
    .array_o (lora_array_o),
    .bank_o  (lora_bank_o),
    .word_o  (lora_word_o),
    .chunk_o (lora_chunk_o),
    .data_o  (lora_data_o)
  );
endmodule
