// SPDX-License-Identifier: Apache-2.0
// The chip's side of the host: AXI4-Lite registers, AXI4-Stream tokens and adapter words (docs/host.md). What a host does
// wrong ends here, in an error response or a flag: the chip sees only legal tokens and words.
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
  input  logic                          clk_i,
  input  logic                          rst_i,
  // registers
  input  host_pkg::axil_req_t           s_axil_i,
  output host_pkg::axil_rsp_t           s_axil_o,
  // prompts: a token a beat, its slot in tdest
  input  logic                          s_tok_tvalid_i,
  output logic                          s_tok_tready_o,
  input  logic                   [31:0] s_tok_tdata_i,
  input  cartridge_pkg::slot_t          s_tok_tdest_i,
  input  logic                          s_tok_tlast_i,
  // answers: why they end and the token in tdata, slot in tid, position in tuser
  output logic                          m_tok_tvalid_o,
  input  logic                          m_tok_tready_i,
  output logic                   [31:0] m_tok_tdata_o,
  output cartridge_pkg::slot_t          m_tok_tid_o,
  output cartridge_pkg::pos_t           m_tok_tuser_o,
  output logic                          m_tok_tlast_o,
  // adapters: a frame a word
  input  logic                          s_lora_tvalid_i,
  output logic                          s_lora_tready_o,
  input  logic                   [31:0] s_lora_tdata_i,
  input  logic                          s_lora_tlast_i,
  // to the chip
  output logic [cartridge_pkg::STOP_TOKENS*cartridge_pkg::TOKEN_W-1:0] stop_ids_o,
  output logic                          tok_valid_o,
  input  logic                          tok_ready_i,
  output cartridge_pkg::prompt_t        tok_prompt_o,
  output logic              [SLOTS-1:0] cut_o,           // the slot's answer ends with its next token
  output logic                          restarting_o,    // the chip is in reset, and KV caches keep what they have
  output logic                          write_valid_o,
  output cartridge_pkg::layer_t         write_layer_o,   // the layer that write_o is for
  output cartridge_pkg::adapter_write_t write_o,
  output cartridge_pkg::layer_t         sig_layer_o,  // the stream of which signature_i is
  output logic                    [1:0] sig_array_o,
  output logic                          idle_o,          // no token anywhere on the die
  // from the chip
  input  logic                          idle_i,          // the chip has no token
  input  logic             [LAYERS-1:0] layer_busy_i,
  input  logic             [LAYERS-1:0] corrected_i,     // a layer's SRAM had to correct a word
  input  logic             [LAYERS-1:0] failed_i,        // a layer's SRAM could not correct a word
  input  logic                          parted_i,        // streams that met were not of one token
  input  logic                   [31:0] signature_i,
  input  logic                          out_valid_i,
  output logic                          out_ready_o,
  input  cartridge_pkg::answer_t        out_answer_i
);
  import cartridge_pkg::*;
  import host_pkg::*;

  localparam logic [2:0] END_ERROR = 3'd4;  // beside end_e: a prompt is refused

  // A beat of s_tok and one of m_tok, as the FIFOs here hold them.
  typedef struct packed {
    logic [31:0] token;
    slot_t       slot;
    logic        last;
  } heard_t;

  typedef struct packed {
    logic [2:0] reason;
    token_t     token;
    slot_t      slot;
    pos_t       pos;
  } reply_t;

  logic write, write_refused, read, read_refused;
  logic [15:0] write_addr, read_addr;
  logic [31:0] write_data, read_data;
  logic [3:0] write_strb;

  axi_lite u_axi_lite (
    .clk_i,
    .rst_i,
    .req_i          (s_axil_i),
    .rsp_o          (s_axil_o),
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
  logic writing, slot_write, slot_bad_value, slot_busy, slot_unknown, answering, adapter_used;
  slot_t slot_write_slot, slot_read_slot;
  logic [15:0] slot_write_addr, slot_read_addr, choosable;
  logic [31:0] slot_write_data, slot_read_data, counter_data;
  adapter_t adapter;
  logic counters_clear, counter_read, counter_high;
  counter_t counter;
  logic token_taken, token_busy, token_unknown, bad_token, overlong, bad_frame, word_loaded, answer_passes;
  logic restart, restarting, die_stalled, strays, stray;
  logic [7:0] restart_q;  // ones on their way out: while two are at the end, and not for one that an upset has made
  logic [31:0] window;
  logic [SLOTS-1:0] busy_slots, moves, slots_stalled;

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
    .writing_o        (writing),
    .slot_write_o     (slot_write),
    .slot_write_slot_o(slot_write_slot),
    .slot_write_addr_o(slot_write_addr),
    .slot_write_data_o(slot_write_data),
    .slot_bad_value_i (slot_bad_value),
    .slot_busy_i      (slot_busy),
    .slot_unknown_i   (slot_unknown),
    .slot_read_slot_o (slot_read_slot),
    .slot_read_addr_o (slot_read_addr),
    .slot_read_data_i (slot_read_data),
    .answering_i      (answering),
    .choosable_o      (choosable),
    .adapter_o        (adapter),
    .adapter_used_i   (adapter_used),
    .counters_clear_o (counters_clear),
    .counter_read_o   (counter_read),
    .counter_o        (counter),
    .counter_high_o   (counter_high),
    .counter_data_i   (counter_data),
    .token_busy_i     (token_busy),
    .token_unknown_i  (token_unknown),
    .bad_token_i      (bad_token),
    .overlong_i       (overlong),
    .bad_frame_i      (bad_frame),
    .stalled_i        (die_stalled || |slots_stalled),
    .stray_answer_i   (stray),
    .parted_i,
    .window_o         (window),
    .restart_o        (restart),
    .sram_corrected_i (|corrected_i),
    .sram_failed_i    (|failed_i),
    .idle_i           (idle_o),
    .signature_i,
    .sig_layer_o,
    .sig_array_o,
    .stop_ids_o
  );

  // ---- counters. What they count reaches them some clocks after it came. The flags of all layers are added up in stages:
  // in fields of 1, 2, 4 ... bits, the sum of two neighbours in the place of both, twice a stage.
  localparam int FLAGS = 1 << $clog2(LAYERS);
  localparam int KINDS = 3;
  localparam int STAGES = 4;

  function automatic logic [8*FLAGS-1:0] every_other();  // field of 1 bit, of 2 bits ... to 128
    for (int k = 0; k < 8; k++) for (int i = 0; i < FLAGS; i++) every_other[k*FLAGS+i] = ((i >>> k) & 1) == 0;
  endfunction
  localparam logic [8*FLAGS-1:0] FIELDS = every_other();

  function automatic logic [FLAGS-1:0] added(input logic [FLAGS-1:0] x, input int first);
    added = x;
    for (int k = first; k < first + 2; k++) begin
      if ((1 << k) < FLAGS) added = (added & FIELDS[k*FLAGS+:FLAGS]) + ((added >> (1 << k)) & FIELDS[k*FLAGS+:FLAGS]);
    end
  endfunction

  logic [KINDS-1:0][FLAGS-1:0] flags;
  logic [KINDS*STAGES-1:0][FLAGS-1:0] sums_q;
  logic taken_q, passes_q, loaded_q;

  assign flags = {FLAGS'(failed_i), FLAGS'(corrected_i), FLAGS'(layer_busy_i)};

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      sums_q                        <= '0;
      {taken_q, passes_q, loaded_q} <= '0;
    end else begin
      for (int j = 0; j < KINDS; j++) begin
        sums_q[j*STAGES] <= added(flags[j], 0);
        for (int s = 1; s < STAGES; s++) sums_q[j*STAGES+s] <= added(sums_q[j*STAGES+s-1], 2 * s);
      end
      {taken_q, passes_q, loaded_q} <= {token_taken, answer_passes, word_loaded};
    end
  end

  logic [COUNTERS*16-1:0] add;
  assign add[COUNTER_CYCLES*16+:16]        = 16'd1;
  assign add[COUNTER_TOKENS_IN*16+:16]     = 16'(taken_q);
  assign add[COUNTER_TOKENS_OUT*16+:16]    = 16'(passes_q);
  assign add[COUNTER_LAYERS_BUSY*16+:16]   = 16'(sums_q[STAGES-1]);
  assign add[COUNTER_CORRECTED*16+:16]     = 16'(sums_q[2*STAGES-1]);
  assign add[COUNTER_FAILED*16+:16]        = 16'(sums_q[3*STAGES-1]);
  assign add[COUNTER_ADAPTER_WORDS*16+:16] = 16'(loaded_q);

  host_counters u_counters (
    .clk_i,
    .rst_i,
    .clear_i(counters_clear),
    .add_i  (add),
    .read_i (counter_read),
    .which_i(counter),
    .high_i (counter_high),
    .data_o (counter_data)
  );

  // ---- who answers and does not move; a chip that is told to forget what is in it
  always_ff @(posedge clk_i) begin
    if (rst_i) restart_q <= '0;
    else if (restart) restart_q <= '1;
    else restart_q <= {restart_q[6:0], 1'b0};
  end
  assign restarting   = restart || restarting_o;
  assign restarting_o = restart_q[7] && restart_q[6];

  watchdog #(
    .SLOTS(SLOTS)
  ) u_watchdog (
    .clk_i,
    .rst_i,
    .window_i (window),
    .hold_i   (m_tok_tvalid_o && !m_tok_tready_i),
    .busy_i   (busy_slots),
    .moves_i  (moves),
    .stalled_o(slots_stalled),
    .idle_i   (idle_o),
    .passes_i (answer_passes || token_taken),
    .die_o    (die_stalled)
  );

  // ---- prompts. A register before the slots, so that what they decide is not combinational for the host.
  logic heard_valid, heard_ready, refuse_valid, refuse_ready;
  heard_t host_beat, heard;
  pos_t refuse_pos;

  assign host_beat.token = s_tok_tdata_i;
  assign host_beat.slot  = s_tok_tdest_i;
  assign host_beat.last  = s_tok_tlast_i;

  stream_fifo #(
    .DEPTH(2),
    .WIDTH($bits(heard_t))
  ) u_prompt (
    .clk_i,
    .rst_i,
    .valid_i(s_tok_tvalid_i),
    .ready_o(s_tok_tready_o),
    .data_i (host_beat),
    .valid_o(heard_valid),
    .ready_i(heard_ready && !restarting),
    .data_o (heard)
  );

  host_slots #(
    .SLOTS(SLOTS),
    .DEPTH(DEPTH),
    .VOCAB(VOCAB),
    .TOP_K(TOP_K)
  ) u_slots (
    .clk_i,
    .rst_i,
    .writing_i      (writing),
    .write_i        (slot_write),
    .write_slot_i   (slot_write_slot),
    .write_addr_i   (slot_write_addr),
    .write_data_i   (slot_write_data),
    .bad_value_o    (slot_bad_value),
    .busy_o         (slot_busy),
    .unknown_o      (slot_unknown),
    .read_slot_i    (slot_read_slot),
    .read_addr_i    (slot_read_addr),
    .read_data_o    (slot_read_data),
    .choosable_i    (choosable),
    .adapter_i      (adapter),
    .adapter_used_o (adapter_used),
    .answering_o    (answering),
    .valid_i        (heard_valid && !restarting),
    .ready_o        (heard_ready),
    .token_i        (heard.token),
    .slot_i         (heard.slot),
    .last_i         (heard.last),
    .taken_o        (token_taken),
    .token_busy_o   (token_busy),
    .token_unknown_o(token_unknown),
    .bad_token_o    (bad_token),
    .overlong_o     (overlong),
    .tok_valid_o,
    .tok_ready_i,
    .tok_prompt_o,
    .cut_o,
    .busy_slots_o   (busy_slots),
    .moves_o        (moves),
    .stalled_i      (slots_stalled),
    .restart_i      (restart),
    .restarting_i   (restarting),
    .refuse_valid_o (refuse_valid),
    .refuse_ready_i (refuse_ready),
    .refuse_pos_o   (refuse_pos),
    .answer_passes_i(answer_passes),
    .answer_slot_i  (out_answer_i.slot),
    .answer_pos_i   (out_answer_i.pos),
    .answer_reason_i(out_answer_i.reason),
    .answer_strays_o(strays)
  );

  // ---- answers: the chip's before refusals
  logic replies_ready, answered;
  reply_t sent, reply;

  assign stray       = out_valid_i && !restarting && strays;
  assign answered    = out_valid_i && !restarting && !strays;
  assign sent.reason = answered ? {1'b0, out_answer_i.reason} : END_ERROR;
  assign sent.token  = answered ? out_answer_i.token : heard.token[TOKEN_W-1:0];
  assign sent.slot   = answered ? out_answer_i.slot : heard.slot;
  assign sent.pos    = answered ? out_answer_i.pos : refuse_pos;

  assign out_ready_o   = (replies_ready && !restarting) || stray;
  assign answer_passes = answered && replies_ready;
  assign refuse_ready  = replies_ready && !answered;

  stream_fifo #(
    .DEPTH(2),
    .WIDTH($bits(reply_t))
  ) u_answers (
    .clk_i,
    .rst_i,
    .valid_i(answered || refuse_valid),
    .ready_o(replies_ready),
    .data_i (sent),
    .valid_o(m_tok_tvalid_o),
    .ready_i(m_tok_tready_i),
    .data_o (reply)
  );

  assign m_tok_tdata_o = 32'({reply.reason, reply.token});
  assign m_tok_tid_o   = reply.slot;
  assign m_tok_tuser_o = reply.pos;
  assign m_tok_tlast_o = reply.reason != '0;

  // The chip cannot see the beats that wait here.
  assign idle_o = idle_i && !tok_valid_o && !heard_valid && !m_tok_tvalid_o;

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
    .choosable_i  (choosable),
    .valid_i      (s_lora_tvalid_i),
    .data_i       (s_lora_tdata_i),
    .last_i       (s_lora_tlast_i),
    .bad_frame_o  (bad_frame),
    .word_loaded_o(word_loaded),
    .write_valid_o,
    .write_layer_o,
    .write_o
  );
endmodule
