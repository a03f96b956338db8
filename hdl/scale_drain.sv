// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// A matrix's scaling units, one for SHARE columns: each clock of drain_i adds one span's scaled sums in one column of
// each unit, scale_clks(SUPER) clocks later,
//   acc[n] += rsr(D[n]*(s[n]*sum[n]) + M[n]*(n[n]*xsum), shift_i)      n = unit*SHARE + part_i
// and readout gives FX values, a beat of columns at a time. Without integers (SUPER of 0), s = n = 1.
module scale_drain #(
  parameter int K     = 64,
  parameter int N     = 32,
  parameter int SLICES = 1,
  parameter int W_BITS = 4,
  parameter int SPAN  = 32,
  parameter int SUPER = 0,
  parameter int ACT_W = 12,
  parameter int SHARE = 1,
  parameter     NAME  = "qkv"
) (
  input logic clk_i,
  input logic rst_i,
  input cartridge_pkg::layer_t id_i,  // Names the mask image.
  input logic drain_i,
  input logic first_i,  // The accumulators start from zero.
  input logic [cartridge_pkg::idx_w(K/SPAN)-1:0] span_i,
  input logic [cartridge_pkg::idx_w(SHARE)-1:0] part_i,
  input logic [4:0] shift_i,
  input logic [N*SLICES*(ACT_W+W_BITS+$clog2(SPAN))-1:0] sum_i,  // Of every slice, plus half of its range.
  input logic signed [ACT_W+$clog2(SPAN)-1:0] xsum_i,
  input logic [cartridge_pkg::idx_w((N+cartridge_pkg::LANES-1)/cartridge_pkg::LANES)-1:0] beat_i,
  output logic [cartridge_pkg::BEAT_W-1:0] y_o
);
  import cartridge_pkg::*;

  `REQUIRE(outputs_are_whole_units, N % SHARE == 0)

  localparam int BEATS = (N + LANES - 1) / LANES;  // the last one is full in every matrix, but not in every proof
  localparam int SPANS = K / SPAN;
  localparam int SCALE = (SUPER == 0) ? SPAN : SUPER;  // inputs of a column that share a scale
  localparam int SUB_W = (SUPER == 0) ? 0 : 8;  // bits of the integers by which the sums grow
  localparam int GROWTH = (SUPER == 0) ? 0 : 7;  // and by which their magnitudes do: |s| and |n| are at most 2^7
  localparam int XSUM_W = ACT_W + $clog2(SPAN);
  localparam int COL_W = XSUM_W + W_BITS;
  localparam int SUM_W = XSUM_W + SLICES * W_BITS;
  localparam int CLKS = scale_clks(SUPER);
  // |D| < 2^24 and |sum| < 2^(SUM_W-1), |M| < 2^31 and |xsum| < 2^(XSUM_W-1), a bit for their sum, one for rounding up.
  localparam int PART_W = ((SUM_W + 23 > XSUM_W + 30) ? SUM_W + 23 : XSUM_W + 30) + 3 + GROWTH;
  localparam int ACC_W = PART_W + $clog2(SPANS + 1);
  localparam int PLACES = ACT_W - 8;  // of the readout; the accumulators start from half of its last one
  localparam logic [ACC_W-1:0] HALF = (ACC_W'(1) << PLACES) >> 1;

  logic [31:0] scales[K/SCALE][N];  // {m, d} in binary16
  `MASK_LOAD(scales, scales[r][c], K / SCALE, N, NAME, id_i, ".s.bin")

  logic [BEATS*LANES*ACC_W-1:0] acc;
  logic [N*32-1:0] row;

  // What the later stages need to know, a clock after the other.
  logic [CLKS-1:0] drain_q, first_q;
  logic [CLKS-2:0][4:0] shift_q;
  logic [idx_w(K/SPAN)-1:0] scale_span;  // when sums reach a scaling unit
  logic [idx_w(SHARE)-1:0] scale_part;
  always_ff @(posedge clk_i) begin
    drain_q <= rst_i ? '0 : CLKS'({drain_q, drain_i});
    first_q <= CLKS'({first_q, first_i});
    shift_q <= {shift_q[CLKS-3:0], shift_i};
  end

  localparam int ROW_W = idx_w(K / SCALE);
  logic [ROW_W-1:0] scale_row;
  assign scale_row = ROW_W'(32'(scale_span) / (SCALE / SPAN));
  for (genvar n = 0; n < N; n++) begin : gen_scale
    assign row[n*32+:32] = scales[scale_row][n];
  end

  logic [N*16-1:0] row_integers;  // {n, s} of every column
  if (SUPER != 0) begin : gen_integers
    logic [31:0] integers[K/GROUP][N];  // {n, s} of a group's spans, the first one low
    `MASK_LOAD(integers, integers[r][c], K / GROUP, N, NAME, id_i, ".k.bin")

    localparam int GROUP_W = idx_w(K / GROUP);
    logic [GROUP_W-1:0] group;
    logic upper;  // the second span of a group
    assign group = GROUP_W'(32'(span_i) / (GROUP / SPAN));
    assign upper = (SPAN != GROUP) && span_i[0];
    logic [1:0][idx_w(K/SPAN)-1:0] span_q;
    logic [1:0][idx_w(SHARE)-1:0] part_q;
    always_ff @(posedge clk_i) begin
      span_q <= {span_q[0], span_i};
      part_q <= {part_q[0], part_i};
    end
    assign scale_span = span_q[1];
    assign scale_part = part_q[1];
    for (genvar n = 0; n < N; n++) begin : gen_column
      assign row_integers[n*16+:16] = upper ? integers[group][n][31:16] : integers[group][n][15:0];
    end
  end else begin : gen_plain
    assign scale_span   = span_i;
    assign scale_part   = part_i;
    assign row_integers = {N{16'h0101}};
  end

  // A column's slices, signed again and joined. What does not drain is at rest.
  function automatic logic signed [SUM_W-1:0] joined(input logic [SLICES*COL_W-1:0] slices);
    joined = '0;
    for (int unsigned s = 0; s < SLICES; s++) begin
      joined = joined + (SUM_W'($signed(slices[s*COL_W+:COL_W] ^ (COL_W'(1) << (COL_W - 1)))) <<< (s * W_BITS));
    end
  endfunction

  for (genvar u = 0; u < N / SHARE; u++) begin : gen_unit
    logic [SHARE-1:0][31:0] scale_of;  // Of the unit's columns.
    logic [SHARE-1:0][SLICES*COL_W-1:0] sum_of;
    assign scale_of = row[u*SHARE*32+:SHARE*32];
    assign sum_of   = sum_i[u*SHARE*SLICES*COL_W+:SHARE*SLICES*COL_W];
    logic [31:0] scale;
    logic signed [SUM_W-1:0] sum;
    logic signed [SUM_W+SUB_W-1:0] sub_sum;
    logic signed [XSUM_W+SUB_W-1:0] sub_xsum;
    logic signed [PART_W-1:0] part_sum;
    logic half;

    assign scale = scale_of[scale_part];
    assign sum   = drain_i ? joined(sum_of[part_i]) : '0;

    if (SUPER != 0) begin : gen_products
      logic [SHARE-1:0][15:0] integers_of;
      assign integers_of = row_integers[u*SHARE*16+:SHARE*16];
      sub_scale #(
        .SUM_W (SUM_W),
        .XSUM_W(XSUM_W)
      ) u_sub (
        .clk_i,
        .integers_i(integers_of[part_i]),
        .sum_i     (sum),
        .xsum_i,
        .sum_o     (sub_sum),
        .xsum_o    (sub_xsum)
      );
    end else begin : gen_sums
      assign sub_sum  = sum;
      assign sub_xsum = xsum_i;
    end

    scaling_unit #(
      .SUM_W (SUM_W + SUB_W),
      .XSUM_W(XSUM_W + SUB_W),
      .PART_W(PART_W)
    ) u_unit (
      .clk_i,
      .scale_i(scale),
      .sum_i  (sub_sum),
      .xsum_i (sub_xsum),
      .shift_i(shift_q[CLKS-2]),
      .part_o (part_sum),
      .half_o (half)
    );

    // A ring of the unit's columns: the one that drains is first in it.
    logic [SHARE*ACC_W-1:0] ring_q;
    logic [ACC_W-1:0] added;
    assign added = (first_q[CLKS-1] ? HALF : ring_q[ACC_W-1:0]) + ACC_W'(part_sum) + ACC_W'(half);
    assign acc[u*SHARE*ACC_W+:SHARE*ACC_W] = ring_q;

    if (SHARE == 1) begin : gen_one
      always_ff @(posedge clk_i) if (drain_q[CLKS-1]) ring_q <= added;
    end else begin : gen_ring
      always_ff @(posedge clk_i) if (drain_q[CLKS-1]) ring_q <= {added, ring_q[SHARE*ACC_W-1:ACC_W]};
    end
  end

  // A lane has one accumulator of each beat. They are seen when they have come to rest.
  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic signed [ACC_W-1:0] total[BEATS];
    for (genvar b = 0; b < BEATS; b++) begin : gen_beat
      assign total[b] = (drain_q != 0) ? '0 : acc[(b*LANES+l)*ACC_W+:ACC_W];
    end
    assign y_o[l*32+:32] = sat32(64'(total[beat_i] >>> PLACES));
  end
endmodule
