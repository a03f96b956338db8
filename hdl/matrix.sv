// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Matrix-vector product over mask weights: K inputs to N outputs, FX streams on both sides.
//
//   FX beats -> act_quantiser -> block array: rows take turns, then spans drain through the scaling units -> FX beats
//
// One vector at a time: K/LANES beats in, then N/LANES beats out. In between the passes of the blocks, SPAN/BIT_LINES
// turns each, and beneath the turns of one the drain of the one before, SHARE clocks a block. The last bit of a turn is
// followed by the first of the next one, unless that would end before the drain does. With MODULES, low-rank adapters
// work beside it.
module matrix #(
  parameter int VIEW = cartridge_pkg::VIEW_ROM,
  parameter int K = 64,
  parameter int N = 32,
  parameter int BLOCK = 32,
  parameter int SLICES = 1,
  parameter int W_BITS = 4,
  parameter int ACT_W = 12,
  parameter int BIT_LINES = 1,
  parameter int SPAN = 32,  // Inputs of a column that share integers of 8 bits, or where it has none, its scale.
  parameter int SUPER = 0,  // Inputs of a column that share a scale {m, d} ahead of which are integers; 0: no integers.
  parameter int OFFSET = 0,  // Not 0: M*n = -OFFSET*D*s of all weights, the scales of symmetric kinds.
  parameter int SHARE = 1,
  parameter int TURN_CLKS = 1,  // Clocks of a turn in the ROM view; the others take ACT_W + W_BITS.
  parameter int MODULES = 0,  // Parts of the outputs that an adapter changes, each on its own: see lora.sv.
  parameter int ARRAY = 0,
  parameter int FROM_1 = 0,
  parameter int FROM_2 = 0,
  parameter int RANK = 8,
  parameter int BANKS = 2,
  parameter NAME = "qkv"  // Names the mask images.
) (
  input  logic                                                      clk_i,
  input  logic                                                      rst_i,
  input  cartridge_pkg::layer_t                                     id_i,           // Names the mask images.
  output logic                                                      busy_o,
  input  logic                                                      write_valid_i,
  input  cartridge_pkg::adapter_write_t                             write_i,
  output logic                                                      corrected_o,    // A word was corrected.
  output logic                                                      failed_o,       // A word could not be corrected.
  input  logic                                                      valid_i,
  output logic                                                      ready_o,
  input  cartridge_pkg::tag_t                                       tag_i,
  input  logic                          [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                                                      valid_o,
  input  logic                                                      ready_i,
  output cartridge_pkg::tag_t                                       tag_o,
  output logic                          [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  `REQUIRE(inputs_are_whole_beats, K >= LANES && K % LANES == 0)
  `REQUIRE(outputs_are_whole_beats, N >= LANES && N % LANES == 0)
  `REQUIRE(at_most_8_columns_share_a_unit, SHARE <= 8)
  `REQUIRE(block_is_whole_groups, BLOCK % GROUP == 0)
  `REQUIRE(span_is_16_or_32, SPAN == 16 || SPAN == 32)
  `REQUIRE(superblock_is_0_32_or_256, SUPER == 0 || SUPER == 32 || SUPER == 256)
  `REQUIRE(spans_without_integers_are_groups, SUPER != 0 || SPAN != 16)
  `REQUIRE(inputs_are_whole_superblocks, SUPER != 256 || K % 256 == 0)
  `REQUIRE(bit_lines_divide_a_span, SPAN % BIT_LINES == 0)
  `REQUIRE(cells_have_3_or_4_bits, W_BITS == 3 || W_BITS == 4)
  `REQUIRE(activations_have_8_to_16_bits, ACT_W >= 8 && ACT_W <= 16)
  `REQUIRE(at_most_3_modules, MODULES <= 3)

  adapter_write_t write;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign write = write_i;

  localparam int GROUPS = K / GROUP;
  localparam int SPANS = K / SPAN;
  localparam int PASSES = BLOCK / SPAN;
  localparam int BLOCKS = (SPANS + PASSES - 1) / PASSES;
  localparam int USED = (PASSES < SPANS) ? PASSES : SPANS;  // the only block may not be full
  localparam int GROUP_SPANS = GROUP / SPAN;
  localparam int XSUM_W = ACT_W + $clog2(SPAN);
  localparam int IN_BEATS = K / LANES;
  localparam int OUT_BEATS = N / LANES;
  localparam int IN_IW = idx_w(IN_BEATS);
  localparam int BEATS = (IN_BEATS > OUT_BEATS) ? IN_BEATS : OUT_BEATS;
  localparam int BEAT_IW = idx_w(BEATS);
  localparam int COUNT_W = $clog2(BEATS + 1);
  localparam int BLOCK_IW = idx_w(BLOCKS);
  localparam int SPAN_IW = idx_w(SPANS);
  localparam int PART_W = idx_w(SHARE);
  localparam int ROWS_W = idx_w(BLOCK / BIT_LINES);
  localparam int TURN_IW = idx_w(USED * SPAN / BIT_LINES);

  typedef enum logic [1:0] {
    StLoad,
    StMultiply,
    StOut
  } state_e;
  state_e state_q;
  logic [COUNT_W-1:0] beat_q;  // that is loaded, or read
  logic [IN_IW-1:0] in_q;  // beats that the quantisers have taken
  logic all_in_q;  // they are all of the vector's
  tag_t tag_q;

  // Turns and drains.
  logic loaded, multiplied, fetch, run, fresh, last, hold, drain, first;
  logic [TURN_IW-1:0] next_turn;
  logic [SPAN_IW-1:0] drain_span;
  logic [BLOCK_IW-1:0] block_number;
  logic [PART_W-1:0] part;

  // Results.
  logic valid_q, pop, read;
  logic [BEAT_W-1:0] y_q;

  logic [LANES*ACT_W-1:0] mant;
  logic [4:0] shift_q[GROUPS];
  logic signed [XSUM_W-1:0] xsum_q[SPANS];
  logic in, in_ready, quantised, load, taken, summed;
  logic [1:0] quantise;
  logic [4:0] drain_shift;
  logic [5*BEAT_GROUPS-1:0] shifts;
  logic [BEAT_W-1:0] y;

  assign in      = valid_i && state_q == StLoad && !all_in_q;
  assign ready_o = in_ready && state_q == StLoad && !all_in_q;
  assign valid_o = valid_q && summed;
  assign load    = quantised && taken;
  assign tag_o   = tag_q;
  assign busy_o  = state_q != StLoad || in_q != 0 || all_in_q;

  assign loaded      = load && beat_q == COUNT_W'(IN_BEATS - 1);
  assign drain_shift = 5'(32 - ACT_W) - shift_q[32'(drain_span)/GROUP_SPANS];
  assign pop         = valid_o && ready_i;
  assign read        = state_q == StOut && beat_q != COUNT_W'(OUT_BEATS) && (!valid_q || pop);

  function automatic logic signed [XSUM_W-1:0] total(input logic [SPAN*ACT_W-1:0] x);
    total = '0;
    for (int unsigned r = 0; r < SPAN; r++) total = total + XSUM_W'($signed(x[r*ACT_W+:ACT_W]));
  endfunction

  stream_pipe #(
    .STAGES(2)
  ) u_quantise (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(in),
    .ready_o(in_ready),
    .data_i (1'b0),
    .en_o   (quantise),
    .valid_o(quantised),
    .ready_i(taken),
    .data_o ()
  );

  for (genvar g = 0; g < BEAT_GROUPS; g++) begin : gen_group
    logic [4:0] shift;
    logic [GROUP*ACT_W-1:0] x;

    act_quantiser #(
      .N(GROUP),
      .W(ACT_W)
    ) u_quantiser (
      .clk_i,
      .en_i(quantise),
      .x_i (data_i[g*GROUP*32+:GROUP*32]),
      .m_o (x),
      .sh_o(shift)
    );
    assign mant[g*GROUP*ACT_W+:GROUP*ACT_W] = x;
    assign shifts[g*5+:5] = shift;

    always_ff @(posedge clk_i) begin
      if (load) begin
        shift_q[32'(beat_q)*BEAT_GROUPS+g] <= shift;
        for (int unsigned p = 0; p < GROUP_SPANS; p++) begin
          xsum_q[(32'(beat_q)*BEAT_GROUPS+g)*GROUP_SPANS+p] <= total(x[p*SPAN*ACT_W+:SPAN*ACT_W]);
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q  <= StLoad;
      beat_q   <= '0;
      in_q     <= '0;
      all_in_q <= 1'b0;
      tag_q    <= '0;
      valid_q  <= 1'b0;
    end else begin
      if (in && in_ready) begin
        tag_q <= (in_q == 0) ? tag_i : shared_tag(tag_q, tag_i);
        in_q  <= in_q + 1'b1;
        if (in_q == IN_IW'(IN_BEATS - 1)) begin
          in_q     <= '0;
          all_in_q <= 1'b1;
        end
      end
      unique case (state_q)
        StLoad:
        if (load) begin
          beat_q <= beat_q + 1'b1;
          if (loaded) begin
            beat_q   <= '0;
            all_in_q <= 1'b0;
            state_q  <= StMultiply;
          end
        end
        StMultiply: if (multiplied) state_q <= StOut;
        StOut: begin
          valid_q <= read || (valid_q && !pop);
          if (read) beat_q <= beat_q + 1'b1;
          else if (pop && beat_q == COUNT_W'(OUT_BEATS)) begin
            beat_q  <= '0;
            state_q <= StLoad;
          end
        end
        default:    state_q <= StLoad;
      endcase
    end
  end

  pass_sequencer #(
    .SPANS (SPANS),
    .BLOCKS(BLOCKS),
    .PASSES(USED),
    .TURNS (SPAN / BIT_LINES),
    .TURN  ((VIEW == VIEW_ROM) ? TURN_CLKS : ACT_W + W_BITS),
    .SHARE (SHARE),
    .FLUSH (COUNT_CLKS + scale_clks(SUPER, OFFSET))
  ) u_passes (
    .clk_i,
    .rst_i,
    .start_i(loaded),
    .done_o (multiplied),
    .fetch_o(fetch),
    .turn_o (next_turn),
    .run_o  (run),
    .fresh_o(fresh),
    .last_o (last),
    .hold_o (hold),
    .drain_o(drain),
    .first_o(first),
    .span_o (drain_span),
    .block_o(block_number),
    .part_o (part)
  );

  always_ff @(posedge clk_i) if (read) y_q <= y;

  block_array #(
    .VIEW     (VIEW),
    .K        (K),
    .N        (N),
    .BLOCK    (BLOCK),
    .SLICES   (SLICES),
    .W_BITS   (W_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SPAN     (SPAN),
    .SUPER    (SUPER),
    .OFFSET   (OFFSET),
    .SHARE    (SHARE),
    .NAME     (NAME)
  ) u_array (
    .clk_i,
    .rst_i,
    .id_i,
    .beat_i  (BEAT_IW'(beat_q)),
    .load_i  (load),
    .load_x_i(mant),
    .fetch_i (fetch),
    .turn_i  (ROWS_W'(next_turn)),
    .run_i   (run),
    .fresh_i (fresh),
    .last_i  (last),
    .hold_i  (hold),
    .drain_i (drain),
    .first_i (first),
    .span_i  (drain_span),
    .block_i (block_number),
    .part_i  (part),
    .shift_i (drain_shift),
    .xsum_i  (xsum_q[drain_span]),
    .y_o     (y)
  );

  if (MODULES != 0 && RANK != 0) begin : gen_lora
    lora #(
      .ARRAY  (ARRAY),
      .K      (K),
      .N      (N),
      .MODULES(MODULES),
      .FROM_1 (FROM_1),
      .FROM_2 (FROM_2),
      .RANK   (RANK),
      .BANKS  (BANKS),
      .ACT_W  (ACT_W)
    ) u_lora (
      .clk_i,
      .rst_i,
      .write_valid_i,
      .write_i    (write),
      .corrected_o,
      .failed_o,
      .valid_i    (quantised),
      .ready_o    (taken),
      .adapter_i  (tag_q.adapter),
      .beat_i     (IN_IW'(beat_q)),
      .x_i        (mant),
      .shift_i    (shifts),
      .y_i        (y_q),
      .sum_valid_o(summed),
      .pop_i      (pop),
      .sum_o      (data_o)
    );
  end else begin : gen_plain
    assign taken       = 1'b1;
    assign summed      = 1'b1;
    assign data_o      = y_q;
    assign corrected_o = 1'b0;
    assign failed_o    = 1'b0;
  end
endmodule
