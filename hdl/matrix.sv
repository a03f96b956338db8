// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Matrix-vector product over mask weights: K inputs to N outputs, FX streams on both sides.
//
//   FX beats -> act_quantiser, two stages -> block array: rows take turns, then spans drain through the scaling units -> FX beats
//
// One vector at a time: K/LANES beats in, then for each pass of the blocks SPAN/BIT_LINES turns and a drain of SHARE
// clocks a span, then N/LANES beats out. With MODULES, low-rank adapters work beside it.
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
  `REQUIRE(outputs_are_whole_units, N % SHARE == 0)
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
  localparam int LAST_PASS = ((PASSES < SPANS) ? PASSES : SPANS) - 1;  // the only block may not be full
  localparam int GROUP_SPANS = GROUP / SPAN;
  localparam int XSUM_W = ACT_W + $clog2(SPAN);
  localparam int IN_BEATS = K / LANES;
  localparam int OUT_BEATS = N / LANES;
  localparam int IN_IW = idx_w(IN_BEATS);
  localparam int BEAT_IW = idx_w((IN_BEATS > OUT_BEATS) ? IN_BEATS : OUT_BEATS);
  localparam int BLOCK_IW = idx_w(BLOCKS);
  localparam int IDX_W = (BEAT_IW > BLOCK_IW) ? BEAT_IW : BLOCK_IW;
  localparam int PASS_W = idx_w(PASSES);
  localparam int SPAN_IW = idx_w(SPANS);
  localparam int PART_W = idx_w(SHARE);

  typedef enum logic [1:0] {
    StLoad,
    StRows,
    StDrain,
    StOut
  } state_e;
  state_e state_q;
  logic [IDX_W-1:0] idx_q;  // block while draining, beat while loading and sending
  logic [IN_IW-1:0] in_q;  // beats that the quantisers have taken
  logic all_in_q;  // they are all of the vector's
  logic [PART_W-1:0] part_q;  // which of a scaling unit's columns drains
  logic [PASS_W-1:0] pass_q;
  logic [SPAN_IW-1:0] drain_span;
  logic first_q, start_q, rows_done;
  tag_t tag_q;

  logic [LANES*ACT_W-1:0] mant;
  logic [4:0] shift_q[GROUPS];
  logic signed [XSUM_W-1:0] xsum_q[SPANS];
  logic in, in_ready, quantised, load, taken, summed;
  logic [1:0] quantise;
  logic [4:0] drain_shift;
  logic [5*BEAT_GROUPS-1:0] shifts;
  logic [BEAT_W-1:0] y;

  assign in          = valid_i && state_q == StLoad && !all_in_q;
  assign ready_o     = in_ready && state_q == StLoad && !all_in_q;
  assign valid_o     = state_q == StOut && summed;
  assign load        = quantised && taken;
  assign tag_o       = tag_q;
  assign drain_span  = SPAN_IW'(32'(idx_q) * PASSES + 32'(pass_q));
  assign drain_shift = 5'(32 - ACT_W) - shift_q[32'(drain_span)/GROUP_SPANS];
  assign busy_o      = state_q != StLoad || in_q != 0 || all_in_q;

  function automatic logic signed [XSUM_W-1:0] total(input logic [SPAN*ACT_W-1:0] x);
    total = '0;
    for (int unsigned r = 0; r < SPAN; r++) total = total + XSUM_W'($signed(x[r*ACT_W+:ACT_W]));
  endfunction

  stream_pipe #(
    .STAGES(2)
  ) u_quantise (
    .clk_i,
    .rst_i,
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
        shift_q[32'(idx_q)*BEAT_GROUPS+g] <= shift;
        for (int unsigned p = 0; p < GROUP_SPANS; p++) begin
          xsum_q[(32'(idx_q)*BEAT_GROUPS+g)*GROUP_SPANS+p] <= total(x[p*SPAN*ACT_W+:SPAN*ACT_W]);
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q  <= StLoad;
      idx_q    <= '0;
      in_q     <= '0;
      all_in_q <= 1'b0;
      pass_q   <= '0;
      part_q   <= '0;
      first_q  <= 1'b0;
      start_q  <= 1'b0;
      tag_q    <= '0;
    end else begin
      start_q <= 1'b0;
      if (in && in_ready) begin
        tag_q <= tag_i;
        in_q  <= in_q + 1'b1;
        if (in_q == IN_IW'(IN_BEATS - 1)) begin
          in_q     <= '0;
          all_in_q <= 1'b1;
        end
      end
      unique case (state_q)
        StLoad:
        if (load) begin
          idx_q <= idx_q + 1'b1;
          if (idx_q == IDX_W'(IN_BEATS - 1)) begin
            idx_q <= '0;
            all_in_q <= 1'b0;
            state_q <= StRows;
            start_q <= 1'b1;
            first_q <= 1'b1;
            pass_q <= '0;
          end
        end
        StRows:  if (rows_done) state_q <= StDrain;
        StDrain:
        if (part_q != PART_W'(SHARE - 1)) begin
          part_q <= part_q + 1'b1;
        end else begin
          part_q  <= '0;
          first_q <= 1'b0;
          idx_q   <= idx_q + 1'b1;
          if (32'(drain_span) + PASSES >= SPANS) begin
            idx_q  <= '0;
            pass_q <= pass_q + 1'b1;
            if (pass_q == PASS_W'(LAST_PASS)) begin
              state_q <= StOut;
            end else begin
              state_q <= StRows;
              start_q <= 1'b1;
            end
          end
        end
        StOut:
        if (summed && ready_i) begin
          idx_q <= idx_q + 1'b1;
          if (idx_q == IDX_W'(OUT_BEATS - 1)) begin
            idx_q   <= '0;
            state_q <= StLoad;
          end
        end
        default: state_q <= StLoad;
      endcase
    end
  end

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
    .SHARE    (SHARE),
    .TURN_CLKS(TURN_CLKS),
    .NAME     (NAME)
  ) u_array (
    .clk_i,
    .rst_i,
    .id_i,
    .beat_i  (BEAT_IW'(idx_q)),
    .load_i  (load),
    .load_x_i(mant),
    .start_i (start_q),
    .pass_i  (pass_q),
    .done_o  (rows_done),
    .drain_i (state_q == StDrain),
    .first_i (first_q),
    .span_i  (drain_span),
    .block_i (BLOCK_IW'(idx_q)),
    .part_i  (part_q),
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
      .beat_i     (IN_IW'(idx_q)),
      .x_i        (mant),
      .shift_i    (shifts),
      .y_i        (y),
      .sum_valid_o(summed),
      .pop_i      (valid_o && ready_i),
      .sum_o      (data_o)
    );
  end else begin : gen_plain
    assign taken       = 1'b1;
    assign summed      = 1'b1;
    assign data_o      = y;
    assign corrected_o = 1'b0;
    assign failed_o    = 1'b0;
  end
endmodule
