// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Scores of POSITIONS positions a clock against all query heads, which it holds (docs/formats.md, attention):
//
//   products by digits of the keys -> sums of four a stage -> times SCORE_C -> moved -> rounded, clamped
//
// A product takes two digits of base 4 of a key: each chooses 0, q, 2q or 3q. `valid_o` is `valid_i` STAGES clocks later, and
// so is what only travels along.
module attn_score #(
  parameter int HEADS      = 4,
  parameter int KV_HEADS   = 2,
  parameter int HEAD_DIM   = 16,
  parameter int POSITIONS  = 2,
  parameter int QUANTISERS = 2,      // heads that are written in a clock
  parameter int ACT_W      = 12,
  parameter int KV_W       = 10,
  parameter int SCORE_C    = 23637,
  parameter int WIDTH      = 1
) (
  input  logic                                          clk_i,
  input  logic                                          rst_i,
  input  logic                         [QUANTISERS-1:0] we_i,      // of query heads: head_i and those behind it
  input  logic       [cartridge_pkg::idx_w(HEADS)-1:0] head_i,
  input  logic          [QUANTISERS*HEAD_DIM*ACT_W-1:0] q_i,
  input  logic                       [QUANTISERS*5-1:0] q_sh_i,
  input  logic                                          valid_i,
  input  logic    [POSITIONS*KV_HEADS*HEAD_DIM*KV_W-1:0] k_i,
  input  logic               [POSITIONS*KV_HEADS*5-1:0] k_sh_i,
  input  logic                              [WIDTH-1:0] data_i,
  output logic                                          valid_o,
  output logic                 [POSITIONS*HEADS*24-1:0] score_o,
  output logic                              [WIDTH-1:0] data_o
);
  import cartridge_pkg::*;

  `REQUIRE(score_constant_has_18_bits, SCORE_C >= 0 && SCORE_C < 1 << 18)

  localparam int SHARE = HEADS / KV_HEADS;  // query heads a KV head
  localparam int PIECES = (KV_W + 3) / 4;  // of a key's mantissa
  localparam int LEAVES = HEAD_DIM * PIECES;
  localparam int LEVELS = levels(LEAVES);
  localparam int INNER = ((1 << (2 * LEVELS)) - 1) / 3;  // nodes of a tree that has all of its leaves
  localparam int STAGES = LEVELS + 6;
  localparam int LIFT = 28 - ACT_W - KV_W;
  localparam int Q_IW = idx_w(HEADS);
  localparam int NUMBER_W = ACT_W + KV_W + $clog2(HEAD_DIM);  // of a dot product

  // Stages in which so many become one, four at a time.
  function automatic int levels(input int leaves);
    levels = 0;
    while ((1 << (2 * levels)) < leaves) levels = levels + 1;
  endfunction

  logic [STAGES-1:0] valid_q;
  logic [STAGES*WIDTH-1:0] data_q;
  assign valid_o = valid_q[STAGES-1];
  assign data_o  = data_q[(STAGES-1)*WIDTH+:WIDTH];

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= '0;
    else valid_q <= STAGES'({valid_q, valid_i});
  end

  always_ff @(posedge clk_i) begin
    if (valid_i || valid_q != 0) data_q <= (STAGES * WIDTH)'({data_q, data_i});
  end

  // ---- queries
  logic signed [ACT_W-1:0] q_q[HEADS][HEAD_DIM];
  logic signed [ACT_W+1:0] q3_q[HEADS][HEAD_DIM];
  logic [4:0] q_sh_q[HEADS];

  always @(posedge clk_i) begin
    for (int unsigned i = 0; i < QUANTISERS; i++) begin
      if (we_i[i]) begin
        // verilator unroll_disable
        for (int unsigned j = 0; j < HEAD_DIM; j++) begin
          q_q[Q_IW'(32'(head_i)+i)][j]  = q_i[(i*HEAD_DIM+j)*ACT_W+:ACT_W];
          q3_q[Q_IW'(32'(head_i)+i)][j] = triple(q_i[(i*HEAD_DIM+j)*ACT_W+:ACT_W]);
        end
        q_sh_q[Q_IW'(32'(head_i)+i)] = q_sh_i[i*5+:5];
      end
    end
  end

  function automatic logic signed [ACT_W+1:0] triple(input logic signed [ACT_W-1:0] q);
    triple = (ACT_W + 2)'(q) + ((ACT_W + 2)'(q) <<< 1);
  endfunction

  // 0, q, 2q or 3q. The sign is in the upper bit of the `top` digit: there 2 is -2 and 3 is -1, and they come inverted.
  function automatic logic signed [ACT_W+1:0] times(input logic signed [ACT_W-1:0] q, input logic signed [ACT_W+1:0] q3,
                                                    input logic [1:0] digit, input logic top);
    times = !digit[1] ? (digit[0] ? (ACT_W + 2)'(q) : '0)
          : !digit[0] ? (top ? ~((ACT_W + 2)'(q) <<< 1) : (ACT_W + 2)'(q) <<< 1)
          : (top ? ~(ACT_W + 2)'(q) : q3);
  endfunction

  // low + 4*high, or low - 4*high, high inverted: the last bit of the sum carries the 1 that makes it a negative.
  function automatic logic signed [ACT_W+3:0] joined(input logic signed [ACT_W+1:0] low,
                                                     input logic signed [ACT_W+1:0] high, input logic minus);
    logic signed [ACT_W+4:0] sum;
    sum = $signed({{2{low[ACT_W+1]}}, low, 1'b1}) + $signed({high, {3{minus}}});
    joined = sum[ACT_W+4:1];
  endfunction

  // ---- dot products: a tree whose node i sums its nodes 4i+1 to 4i+4, a level a stage
  logic signed [NUMBER_W-1:0] node_q[POSITIONS*HEADS][INNER+LEAVES];
  logic signed [PIECES*4-1:0] k_x[POSITIONS][KV_HEADS][HEAD_DIM];

  always_comb begin
    for (int unsigned p = 0; p < POSITIONS; p++) begin
      // verilator unroll_disable
      for (int unsigned g = 0; g < KV_HEADS; g++) begin
        // verilator unroll_disable
        for (int unsigned j = 0; j < HEAD_DIM; j++) begin
          k_x[p][g][j] = (PIECES * 4)'($signed(k_i[((p*KV_HEADS+g)*HEAD_DIM+j)*KV_W+:KV_W]));
        end
      end
    end
  end

  function automatic logic signed [NUMBER_W-1:0] node(input int unsigned i, input int unsigned n);
    node = '0;
    if (n < INNER + LEAVES) node = node_q[i][n];  // the last nodes of a tree may be missing
  endfunction

  // ---- the way from a dot product to a score
  logic signed [NUMBER_W+2:0] part_q[POSITIONS*HEADS][6];  // the dot product times three bits of SCORE_C each
  logic signed [NUMBER_W+9:0] low_q[POSITIONS*HEADS], high_q[POSITIONS*HEADS];
  logic signed [NUMBER_W+18:0] product_q[POSITIONS*HEADS];
  logic signed [24:0] half_q[POSITIONS*HEADS];  // a score, and the bit below it
  logic [1:0] over_q[POSITIONS*HEADS];  // it does not fit, and is negative
  logic [5:0] places_q[POSITIONS*HEADS][LEVELS+4];

  // {it does not fit, its sign, a score with the bit below it}
  function automatic logic [26:0] moved(input logic signed [63:0] product, input logic [5:0] places);
    logic signed [63:0] half;
    half  = product >>> places;
    moved = {half[63:24] != {40{half[63]}}, half[63], half[24:0]};
  endfunction

  function automatic logic [23:0] score(input logic signed [24:0] half, input logic [1:0] over);
    if (over[1]) score = over[0] ? 24'h800000 : 24'h7fffff;
    else if (half[24:1] == 24'h7fffff) score = half[24:1];
    else score = half[24:1] + 24'(half[0]);
  endfunction

  // Each stage takes what the one ahead of it left in the clock before: the last is the first to move.
  always @(posedge clk_i) begin
    if (valid_q[LEVELS+4]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < POSITIONS * HEADS; i++) score_o[i*24+:24] <= score(half_q[i], over_q[i]);
    end
    if (valid_q[LEVELS+3]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < POSITIONS * HEADS; i++) begin
        {over_q[i], half_q[i]} = moved(64'(product_q[i]) <<< (LIFT + 1), places_q[i][LEVELS+3]);
      end
    end
    if (valid_q[LEVELS+2]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < POSITIONS * HEADS; i++) begin
        product_q[i] = (NUMBER_W + 19)'(low_q[i]) + ((NUMBER_W + 19)'(high_q[i]) <<< 9);
      end
    end
    if (valid_q[LEVELS+1]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < POSITIONS * HEADS; i++) begin
        low_q[i] = (NUMBER_W + 10)'(part_q[i][0]) + ((NUMBER_W + 10)'(part_q[i][1]) <<< 3) +
            ((NUMBER_W + 10)'(part_q[i][2]) <<< 6);
        high_q[i] = (NUMBER_W + 10)'(part_q[i][3]) + ((NUMBER_W + 10)'(part_q[i][4]) <<< 3) +
            ((NUMBER_W + 10)'(part_q[i][5]) <<< 6);
      end
    end
    if (valid_q[LEVELS]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < POSITIONS * HEADS; i++) begin
        for (int unsigned c = 0; c < 6; c++) begin
          part_q[i][c] = (NUMBER_W + 3)'(node_q[i][0]) * $signed((NUMBER_W + 3)'((SCORE_C >> (3 * c)) & 7));
        end
      end
    end
    if (valid_i || valid_q != 0) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < POSITIONS * HEADS; i++) begin
        // verilator unroll_disable
        for (int unsigned n = 0; n < INNER; n++) begin
          node_q[i][n] = node(i, 4 * n + 1) + node(i, 4 * n + 2) + node(i, 4 * n + 3) + node(i, 4 * n + 4);
        end
        for (int unsigned s = LEVELS + 3; s > 0; s--) places_q[i][s] = places_q[i][s-1];
      end
    end
    if (valid_i) begin
      for (int unsigned p = 0; p < POSITIONS; p++) begin
        // verilator unroll_disable
        for (int unsigned h = 0; h < HEADS; h++) begin
          // verilator unroll_disable
          for (int unsigned j = 0; j < HEAD_DIM; j++) begin
            for (int unsigned c = 0; c < PIECES; c++) begin
              node_q[p*HEADS+h][INNER+j*PIECES+c] = NUMBER_W'(joined(
                times(
                  q_q[h][j], q3_q[h][j], k_x[p][h/SHARE][j][c*4+:2], 1'b0
                ),
                times(
                  q_q[h][j], q3_q[h][j], k_x[p][h/SHARE][j][c*4+2+:2], c == PIECES - 1
                ),
                c == PIECES - 1 && k_x[p][h/SHARE][j][c*4+3]
              )) <<< (4 * c);
            end
          end
          places_q[p*HEADS+h][0] = 6'(64 - ACT_W - KV_W) - 6'(q_sh_q[h]) - 6'(k_sh_i[(p*KV_HEADS+h/SHARE)*5+:5]);
        end
      end
    end
  end
endmodule
