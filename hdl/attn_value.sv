// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Weighted sums of the values of POSITIONS positions a clock, and what leaves attention (docs/formats.md, softmax):
//
//   3w -> products by digits of the values -> a value's -> a beat's -> an octet's -> all, in the frame of the octet
//   sums of a beat -> times three -> times the reciprocal, by digits -> moved -> rounded, clamped
//
// A value's word comes a clock behind its weight. A product takes two digits of base 4 of a value: each chooses 0, w, 2w or
// 3w, w the weight; so does the reciprocal with a sum.
module attn_value #(
  parameter int HEADS     = 4,
  parameter int KV_HEADS  = 2,
  parameter int HEAD_DIM  = 16,
  parameter int POSITIONS = 2,
  parameter int DEPTH     = 32,
  parameter int KV_W      = 10
) (
  input  logic                                               clk_i,
  input  logic                                               rst_i,
  input  logic                                               valid_i,
  input  logic                               [POSITIONS-1:0] on_i,      // what is not on has a weight of 0
  input  logic                                               opens_i,   // see softmax
  input  logic                                               closes_i,
  input  logic                                               first_i,
  input  logic                                               last_i,
  input  logic [POSITIONS*HEADS*cartridge_pkg::WEIGHT_W-1:0] weight_i,
  input  logic                                 [HEADS*6-1:0] growth_i,
  input  logic         [POSITIONS*KV_HEADS*HEAD_DIM*KV_W-1:0] v_i,
  input  logic                                               done_i,    // one clock: now these are the reciprocals
  input  logic                                [HEADS*16-1:0] recip_i,
  input  logic                                 [HEADS*6-1:0] places_i,
  output logic                                               valid_o,
  input  logic                                               ready_i,
  output logic                                               last_o,    // the beat is the vector's last
  output logic                   [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  localparam int SHARE = HEADS / KV_HEADS;  // query heads a KV head
  localparam int PIECES = (KV_W + 3) / 4;  // of a value's mantissa
  localparam int SUMS = HEADS * HEAD_DIM;
  localparam int OUT_BEATS = SUMS / LANES;
  localparam int VALUE_W = WEIGHT_W + KV_W;  // of a product
  localparam int OCTET_W = VALUE_W + $clog2(OCTET);
  localparam int SUM_W = WEIGHT_W - 1 + KV_W + $clog2(DEPTH);
  localparam int CUT = 6;  // last bits of a sum that leave it before it is multiplied
  localparam int CUT_W = SUM_W - CUT;
  localparam int OUT_W = CUT_W + 16;
  localparam int OUT_IW = idx_w(OUT_BEATS);
  localparam int SUM_IW = idx_w(SUMS);
  localparam int Q_IW = idx_w(HEADS);

  // ---- sums, by stage
  logic [4:0] valid_q, closes_q, last_q;
  logic [3:0] opens_q, first_q;
  logic [POSITIONS-1:0] on_q;
  logic signed [WEIGHT_W:0] w_q[POSITIONS*HEADS];  // never negative
  logic signed [WEIGHT_W+1:0] w3_q[POSITIONS*HEADS];
  logic [5:0] growth_q[4][HEADS];
  logic signed [WEIGHT_W+3:0] piece_q[POSITIONS][SUMS][PIECES];
  logic signed [VALUE_W-1:0] value_q[POSITIONS][SUMS];
  logic signed [OCTET_W-1:0] beat_q[SUMS], octet_q[SUMS];
  logic signed [SUM_W-1:0] sum_q[SUMS];
  logic signed [PIECES*4-1:0] v_x[POSITIONS][KV_HEADS][HEAD_DIM];

  always_comb begin
    for (int unsigned p = 0; p < POSITIONS; p++) begin
      // verilator unroll_disable
      for (int unsigned g = 0; g < KV_HEADS; g++) begin
        // verilator unroll_disable
        for (int unsigned j = 0; j < HEAD_DIM; j++) begin
          v_x[p][g][j] = (PIECES * 4)'($signed(v_i[((p*KV_HEADS+g)*HEAD_DIM+j)*KV_W+:KV_W]));
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= '0;
    else valid_q <= {valid_q[3:0], valid_i};
  end

  always_ff @(posedge clk_i) begin
    if (valid_i || valid_q != 0) begin
      opens_q  <= {opens_q[2:0], opens_i};
      closes_q <= {closes_q[3:0], closes_i};
      first_q  <= {first_q[2:0], first_i};
      last_q   <= {last_q[3:0], last_i};
      on_q     <= on_i;
    end
  end

  // 0, w, 2w or 3w. The sign is in the upper bit of the `top` digit: there 2 is -2 and 3 is -1, and they come inverted.
  function automatic logic signed [WEIGHT_W+1:0] times(input logic signed [WEIGHT_W:0] w,
                                                       input logic signed [WEIGHT_W+1:0] w3, input logic [1:0] digit,
                                                       input logic top);
    times = !digit[1] ? (digit[0] ? (WEIGHT_W + 2)'(w) : '0)
          : !digit[0] ? (top ? ~((WEIGHT_W + 2)'(w) <<< 1) : (WEIGHT_W + 2)'(w) <<< 1)
          : (top ? ~(WEIGHT_W + 2)'(w) : w3);
  endfunction

  // low + 4*high, or low - 4*high, high inverted: the last bit of the sum carries the 1 that makes it a negative. Where
  // there is no position, and a weight of 0, nothing depends on the digits, known or not.
  function automatic logic signed [WEIGHT_W+3:0] joined(input logic signed [WEIGHT_W+1:0] low,
                                                        input logic signed [WEIGHT_W+1:0] high, input logic minus);
    logic signed [WEIGHT_W+4:0] sum;
    sum = $signed({{2{low[WEIGHT_W+1]}}, low, 1'b1}) + $signed({high, {3{minus}}});
    joined = sum[WEIGHT_W+4:1];
  endfunction

  function automatic logic signed [WEIGHT_W+3:0] piece(
      input logic signed [WEIGHT_W:0] w, input logic signed [WEIGHT_W+1:0] w3, input logic [3:0] two, input logic top);
    piece = joined(times(w, w3, two[1:0], 1'b0), times(w, w3, two[3:2], top), top && two[3]);
  endfunction

  // Each stage takes what the one ahead of it left in the clock before: the last is the first to move.
  always @(posedge clk_i) begin
    if (valid_q[4] && last_q[4]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < SUMS; i++) sum_q[i] = sum_q[i] + SUM_W'(octet_q[i]);
    end else if (valid_q[3] && last_q[3]) begin
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) begin
        // verilator unroll_disable
        for (int unsigned j = 0; j < HEAD_DIM; j++) begin
          sum_q[h*HEAD_DIM+j] = sum_q[h*HEAD_DIM+j] >>> growth_q[3][h];
          if (opens_q[3]) sum_q[h*HEAD_DIM+j] = '0;
        end
      end
    end
    if (valid_q[3]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < SUMS; i++) octet_q[i] = (first_q[3] ? '0 : octet_q[i]) + beat_q[i];
    end
    if (valid_q[2]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < SUMS; i++) begin
        beat_q[i] = '0;
        for (int unsigned p = 0; p < POSITIONS; p++) beat_q[i] = beat_q[i] + OCTET_W'(value_q[p][i]);
      end
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) growth_q[3][h] = growth_q[2][h];
    end
    if (valid_q[1]) begin
      for (int unsigned p = 0; p < POSITIONS; p++) begin
        // verilator unroll_disable
        for (int unsigned i = 0; i < SUMS; i++) begin
          value_q[p][i] = '0;
          for (int unsigned c = 0; c < PIECES; c++)
          value_q[p][i] = value_q[p][i] + (VALUE_W'(piece_q[p][i][c]) <<< (4 * c));
        end
      end
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) growth_q[2][h] = growth_q[1][h];
    end
    if (valid_q[0]) begin
      for (int unsigned p = 0; p < POSITIONS; p++) begin
        // verilator unroll_disable
        for (int unsigned h = 0; h < HEADS; h++) begin
          // verilator unroll_disable
          for (int unsigned j = 0; j < HEAD_DIM; j++) begin
            for (int unsigned c = 0; c < PIECES; c++) begin
              piece_q[p][h*HEAD_DIM+j][c] = piece(
                w_q[p*HEADS+h],
                w3_q[p*HEADS+h],
                {
                  v_x[p][h/SHARE][j][c*4+3] && on_q[p], v_x[p][h/SHARE][j][c*4+:3]
                },
                c == PIECES - 1
              );
            end
          end
        end
      end
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) growth_q[1][h] = growth_q[0][h];
    end
    if (valid_i) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < POSITIONS * HEADS; i++) begin
        w_q[i]  = $signed({1'b0, weight_i[i*WEIGHT_W+:WEIGHT_W]});
        w3_q[i] = (WEIGHT_W + 2)'(w_q[i]) + ((WEIGHT_W + 2)'(w_q[i]) <<< 1);
      end
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) growth_q[0][h] = growth_i[h*6+:6];
    end
  end

  // ---- what leaves: the first two stages need no reciprocal
  logic ahead_valid, ahead_ready, leaves_q, known_q;
  logic [1:0] ahead;
  logic [5:0] behind;
  logic [OUT_IW-1:0] out_q, ahead_out;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      leaves_q <= 1'b0;
      known_q  <= 1'b0;
      out_q    <= '0;
    end else begin
      if (valid_q[4] && last_q[4] && closes_q[4]) leaves_q <= 1'b1;
      else if (ahead[0] && out_q == OUT_IW'(OUT_BEATS - 1)) leaves_q <= 1'b0;
      if (ahead[0]) out_q <= (out_q == OUT_IW'(OUT_BEATS - 1)) ? '0 : out_q + 1'b1;
      if (done_i) known_q <= 1'b1;
      else if (valid_o && ready_i && last_o) known_q <= 1'b0;
    end
  end

  stream_pipe #(
    .STAGES(2),
    .WIDTH (OUT_IW)
  ) u_ahead (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(leaves_q),
    .ready_o(),
    .data_i (out_q),
    .en_o   (ahead),
    .valid_o(ahead_valid),
    .ready_i(ahead_ready && (done_i || known_q)),
    .data_o (ahead_out)
  );

  stream_pipe #(
    .STAGES(6),
    .WIDTH (1)
  ) u_behind (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(ahead_valid && (done_i || known_q)),
    .ready_o(ahead_ready),
    .data_i (ahead_out == OUT_IW'(OUT_BEATS - 1)),
    .en_o   (behind),
    .valid_o,
    .ready_i,
    .data_o (last_o)
  );

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic signed [CUT_W-1:0] cut_q, one_q, one_2_q;
    logic signed [CUT_W+1:0] three_q, three_2_q;
    logic signed [CUT_W+3:0] piece_0_q, piece_1_q, piece_2_q, piece_3_q;
    logic signed [CUT_W+7:0] low_q, high_q;
    logic signed [OUT_W-1:0] product_q;
    logic [15:0] recip_q;
    logic [5:0] places_0_q, places_1_q, places_2_q, places_3_q;
    logic signed [33:0] half_q;  // a value, the bit below it, and whether it is negative
    logic over_q;
    logic [Q_IW-1:0] head;

    assign head = Q_IW'((32'(ahead_out) * LANES + l) / HEAD_DIM);

    function automatic logic signed [CUT_W+3:0] multiplied(input logic signed [CUT_W-1:0] one,
                                                           input logic signed [CUT_W+1:0] three, input logic [3:0] two);
      logic signed [CUT_W+1:0] low, high;
      low = two[1] ? (two[0] ? three : (CUT_W + 2)'(one) <<< 1) : (two[0] ? (CUT_W + 2)'(one) : '0);
      high = two[3] ? (two[2] ? three : (CUT_W + 2)'(one) <<< 1) : (two[2] ? (CUT_W + 2)'(one) : '0);
      multiplied = (CUT_W + 4)'(low) + ((CUT_W + 4)'(high) <<< 2);
    endfunction

    always_ff @(posedge clk_i) begin
      if (ahead[0]) cut_q <= sum_q[SUM_IW'(32'(out_q)*LANES+l)][SUM_W-1:CUT];
      if (ahead[1]) begin
        one_q   <= cut_q;
        three_q <= (CUT_W + 2)'(cut_q) + ((CUT_W + 2)'(cut_q) <<< 1);
      end
      if (behind[0]) begin
        one_2_q    <= one_q;
        three_2_q  <= three_q;
        recip_q    <= recip_i[head*16+:16];
        places_0_q <= places_i[head*6+:6];
      end
      if (behind[1]) begin
        piece_0_q  <= multiplied(one_2_q, three_2_q, recip_q[3:0]);
        piece_1_q  <= multiplied(one_2_q, three_2_q, recip_q[7:4]);
        piece_2_q  <= multiplied(one_2_q, three_2_q, recip_q[11:8]);
        piece_3_q  <= multiplied(one_2_q, three_2_q, recip_q[15:12]);
        places_1_q <= places_0_q;
      end
      if (behind[2]) begin
        low_q      <= (CUT_W + 8)'(piece_0_q) + ((CUT_W + 8)'(piece_1_q) <<< 4);
        high_q     <= (CUT_W + 8)'(piece_2_q) + ((CUT_W + 8)'(piece_3_q) <<< 4);
        places_2_q <= places_1_q;
      end
      if (behind[3]) begin
        product_q  <= OUT_W'(low_q) + (OUT_W'(high_q) <<< 8);
        places_3_q <= places_2_q;
      end
      if (behind[4]) {over_q, half_q} <= moved(product_q, places_3_q);
      if (behind[5]) data_o[l*32+:32] <= rounded(half_q, over_q);
    end

    // {it does not fit, its sign, the value with the bit below it}
    function automatic logic [34:0] moved(input logic signed [OUT_W-1:0] product, input logic [5:0] places);
      logic signed [OUT_W:0] half;
      half  = $signed({product, 1'b0}) >>> places;
      moved = {half[OUT_W:32] != {(OUT_W - 31) {half[OUT_W]}}, half[OUT_W], half[32:0]};
    endfunction

    function automatic logic [31:0] rounded(input logic [33:0] half, input logic over);
      if (over) rounded = half[33] ? 32'h8000_0000 : 32'h7fff_ffff;
      else if (half[32:1] == 32'h7fff_ffff) rounded = half[32:1];
      else rounded = half[32:1] + 32'(half[0]);
    endfunction
  end
endmodule
