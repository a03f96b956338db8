// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// A matrix's scaling units, one for SHARE columns: each clock of drain_i adds one span's scaled sums in one column of
// each unit, scale_clks(SUPER, OFFSET) clocks later,
//   acc[n] += rsr(D[n]*(s[n]*sum[n]) + M[n]*(n[n]*xsum), shift_i)
// and readout gives FX values, a beat of columns at a time. Without integers (SUPER of 0), s = n = 1. Where all weights are
// symmetric, M*n = -OFFSET*D*s, and D*(s*(sum - OFFSET*xsum)) has one product less; OFFSET of 0: they are not.
//
// A unit has the same lane of SHARE beats, beat part_i of them drains. Their accumulators are a small memory.
module scale_drain #(
  parameter int K      = 64,
  parameter int N      = 32,
  parameter int SLICES = 1,
  parameter int W_BITS = 4,
  parameter int SPAN   = 32,
  parameter int SUPER  = 0,
  parameter int OFFSET = 0,
  parameter int ACT_W  = 12,
  parameter int SHARE  = 1,
  parameter     NAME   = "qkv"
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

  localparam int WIDTH = (N < LANES) ? N : LANES;  // of a beat, which is full in every matrix, but not in every proof
  localparam int BEATS = N / WIDTH;
  `REQUIRE(outputs_are_whole_beats, N % WIDTH == 0)

  localparam int ROWS = (BEATS + SHARE - 1) / SHARE;  // of WIDTH units; the last ones may have less than SHARE columns
  localparam int SPANS = K / SPAN;
  localparam int SCALE = (SUPER == 0) ? SPAN : SUPER;  // inputs of a column that share a scale
  localparam int SUB_W = (SUPER == 0) ? 0 : 8;  // bits of the integers by which the sums grow
  localparam int GROWTH = (SUPER == 0) ? 0 : 7;  // and by which their magnitudes do: |s| and |n| are at most 2^7
  localparam int COL_W = ACT_W + W_BITS + $clog2(SPAN);
  localparam int SUM_W = ACT_W + SLICES * W_BITS + $clog2(SPAN);
  localparam int XSUM_W = ACT_W + $clog2(SPAN) + 1;  // with the lowest one's negative
  localparam int PART_IW = idx_w(SHARE);
  localparam int CLKS = scale_clks(SUPER, OFFSET);
  // |D| < 2^24 and |sum| < 2^(SUM_W-1), |M| < 2^31 and |xsum| < 2^(XSUM_W-1), a bit for their sum, one for rounding up.
  localparam int D_W = SUM_W + 25;
  localparam int PART_W = ((OFFSET != 0 || D_W > XSUM_W + 32) ? D_W : XSUM_W + 32) + GROWTH + ((OFFSET != 0) ? 0 : 1);
  localparam int ACC_W = PART_W + $clog2(SPANS + 1);
  localparam int PLACES = ACT_W - 8;  // of the readout; the accumulators start from half of its last one
  localparam logic [ACC_W-1:0] HALF = (ACC_W'(1) << PLACES) >> 1;

  logic [31:0] scales[K/SCALE][N];  // {m, d} in binary16
  `MASK_LOAD(scales, scales[r][c], K / SCALE, N, NAME, id_i, ".s.bin")

  // What the later stages need to know, a clock after the other.
  logic [CLKS-1:0] drain_q, first_q;
  logic [(CLKS-1)*5-1:0] shift_q;
  localparam int SPAN_IW = idx_w(SPANS);
  logic [3*SPAN_IW-1:0] span_q;
  logic [idx_w(K/SPAN)-1:0] scale_span;  // when sums reach a scaling unit
  logic [CLKS*PART_IW-1:0] part_q;
  logic [idx_w(SHARE)-1:0] scale_part, acc_part;
  always_ff @(posedge clk_i) begin
    drain_q <= rst_i ? '0 : CLKS'({drain_q, drain_i});
    first_q <= CLKS'({first_q, first_i});
    shift_q <= ((CLKS - 1) * 5)'({shift_q, shift_i});
    part_q  <= (CLKS * PART_IW)'({part_q, part_i});
    span_q  <= (3 * SPAN_IW)'({span_q, span_i});
  end
  assign acc_part = drain_q[CLKS-1] ? part_q[(CLKS-1)*PART_IW+:PART_IW] : PART_IW'(32'(beat_i) % SHARE);

  logic [4:0] unit_shift;
  assign unit_shift = shift_q[((OFFSET==0)?CLKS-2 : CLKS-3)*5+:5];

  localparam int ROW_W = idx_w(K / SCALE);
  logic [ROW_W-1:0] scale_row;
  assign scale_row = ROW_W'(32'(scale_span) / (SCALE / SPAN));
  logic [ROW_W-1:0] sign_row;  // of the signs of M and D, which the sums take, ahead of the integers
  assign sign_row = ROW_W'(32'(span_i) / (SCALE / SPAN));

  if (SUPER != 0) begin : gen_integers
    logic [31:0] integers[K/GROUP][N];  // {n, s} of a group's spans, the first one low
    `MASK_LOAD(integers, integers[r][c], K / GROUP, N, NAME, id_i, ".k.bin")

    localparam int GROUP_W = idx_w(K / GROUP);
    logic [GROUP_W-1:0] group;
    logic upper;  // the second span of a group
    assign group      = GROUP_W'(32'(span_i) / (GROUP / SPAN));
    assign upper      = (SPAN != GROUP) && span_i[0];
    assign scale_span = span_q[2*SPAN_IW+:SPAN_IW];
    assign scale_part = part_q[2*PART_IW+:PART_IW];
  end else begin : gen_plain
    assign scale_span = span_q[SPAN_IW-1:0];
    assign scale_part = part_q[PART_IW-1:0];
  end

  // Of a column: slices, signed again and joined, less what its offset adds, or the other way round: one adder, since
  // a - b and b - a are what a + ~b and ~a + b are short of 1.
  function automatic logic signed [SUM_W-1:0] joined(input logic [SLICES*COL_W-1:0] slices,
                                                     input logic signed [SUM_W-1:0] offset, input logic negative);
    logic signed [SUM_W-1:0] all;
    all = '0;
    for (int unsigned s = 0; s < SLICES; s++) begin
      all = all + (SUM_W'($signed(slices[s*COL_W+:COL_W] ^ (COL_W'(1) << (COL_W - 1)))) <<< (s * W_BITS));
    end
    joined = SUM_W'(($signed({all ^ {SUM_W{negative}}, 1'b1}) + $signed({offset ^ {SUM_W{!negative}}, 1'b1})) >>> 1);
  endfunction

  logic signed [SUM_W-1:0] less_q;
  logic signed [XSUM_W-1:0] xsum_q, minus_xsum_q;
  always_ff @(posedge clk_i) begin
    less_q       <= SUM_W'(xsum_i * OFFSET);
    xsum_q       <= XSUM_W'(xsum_i);
    minus_xsum_q <= -XSUM_W'(xsum_i);
  end

  for (genvar u = 0; u < ROWS * WIDTH; u++) begin : gen_unit
    logic [SHARE-1:0][31:0] scale_of;  // Of the unit's columns.
    logic [SHARE-1:0][1:0] signs_of;
    logic [SHARE-1:0][15:0] integers_of;
    logic [SHARE-1:0][SLICES*COL_W-1:0] sum_of;
    for (genvar p = 0; p < SHARE; p++) begin : gen_column
      localparam int COLUMN = (u / WIDTH * SHARE + p) * WIDTH + u % WIDTH;
      if (COLUMN < N) begin : gen_there
        assign scale_of[p] = scales[scale_row][COLUMN];
        assign signs_of[p] = {scales[sign_row][COLUMN][31], scales[sign_row][COLUMN][15]};
        if (SUPER == 0) begin : gen_one
          assign integers_of[p] = '0;
        end else begin : gen_own
          logic [31:0] both;
          assign both           = gen_integers.integers[gen_integers.group][COLUMN];
          assign integers_of[p] = gen_integers.upper ? both[31:16] : both[15:0];
        end
        assign sum_of[p] = sum_i[COLUMN*SLICES*COL_W+:SLICES*COL_W];
      end else begin : gen_none
        assign scale_of[p]    = '0;
        assign signs_of[p]    = '0;
        assign integers_of[p] = '0;
        assign sum_of[p]      = '0;
      end
    end
    logic [31:0] scale;
    logic [15:0] own, own_q;  // integers
    logic [SLICES*COL_W-1:0] slices_q;
    logic d_sign_q, m_sign_q, half;
    logic signed [SUM_W-1:0] sum;
    logic signed [XSUM_W-1:0] signed_xsum;
    logic signed [SUM_W+SUB_W-1:0] sub_sum;
    logic signed [XSUM_W+SUB_W-1:0] sub_xsum;
    logic signed [PART_W-1:0] part;

    assign scale = scale_of[scale_part];
    assign own   = (SUPER == 0) ? 16'h0101 : integers_of[part_i];
    // What does not drain is at rest.
    always_ff @(posedge clk_i) begin
      {m_sign_q, d_sign_q} <= signs_of[part_i] ^ {own[15], own[7]};
      own_q    <= own;
      slices_q <= drain_i ? sum_of[part_i] : '0;
    end
    assign sum         = joined(slices_q, less_q, d_sign_q);
    assign signed_xsum = m_sign_q ? minus_xsum_q : xsum_q;

    if (SUPER != 0) begin : gen_products
      sub_scale #(
        .SUM_W (SUM_W),
        .XSUM_W(XSUM_W),
        .PAIR  (32'(OFFSET == 0))
      ) u_sub (
        .clk_i,
        .integers_i(own_q),
        .sum_i     (sum),
        .xsum_i    (signed_xsum),
        .sum_o     (sub_sum),
        .xsum_o    (sub_xsum)
      );
    end else begin : gen_sums
      assign sub_sum  = sum;
      assign sub_xsum = signed_xsum;
    end

    scaling_unit #(
      .SUM_W (SUM_W + SUB_W),
      .XSUM_W(XSUM_W + SUB_W),
      .PART_W(PART_W),
      .PAIR  (32'(OFFSET == 0))
    ) u_unit (
      .clk_i,
      .scale_i(scale),
      .sum_i  (sub_sum),
      .xsum_i (sub_xsum),
      .shift_i(unit_shift),
      .part_o (part),
      .half_o (half)
    );

    logic [ACC_W-1:0] acc_q[SHARE];
    logic [ACC_W-1:0] last, added;
    assign last  = acc_q[acc_part];
    assign added = (first_q[CLKS-1] ? HALF : last) + ACC_W'(part) + ACC_W'(half);
    always_ff @(posedge clk_i) if (drain_q[CLKS-1]) acc_q[acc_part] <= added;
  end

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    if (l < WIDTH) begin : gen_there
      logic signed [ACC_W-1:0] total[ROWS];
      for (genvar r = 0; r < ROWS; r++) begin : gen_row
        assign total[r] = gen_unit[r*WIDTH+l].last;
      end
      assign y_o[l*32+:32] = sat32(64'(total[32'(beat_i)/SHARE] >>> PLACES));
    end else begin : gen_none
      assign y_o[l*32+:32] = '0;
    end
  end
endmodule
