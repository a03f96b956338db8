// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// Rotary position embedding on the beats of q and k; v passes through, turned by nothing. Pairs are interleaved:
// (2i, 2i+1) of a head. In stages: the angle is read | times the values, three | added up | saturated.
//
// A vector is TURN_BEATS beats of q and k heads, then the rest. A beat with another tag than the last one's is the first of
// its vector, whatever the count says: an upset of it harms one token. The table holds {sin, cos}, 14 fraction bits each.
module rope #(
  parameter int HEAD_DIM   = 16,
  parameter int DEPTH      = 32,  // positions
  parameter int TURN_BEATS = 3,   // beats of q and k
  parameter int BEATS      = 4    // beats of q, k and v
) (
  input  logic                             clk_i,
  input  logic                             rst_i,
  output logic                             busy_o,  // some beats are inside
  input  logic                             valid_i,
  output logic                             ready_o,
  input  cartridge_pkg::tag_t              tag_i,
  input  logic [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                             valid_o,
  input  logic                             ready_i,
  output cartridge_pkg::tag_t              tag_o,
  output logic [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  `REQUIRE(head_is_whole_pairs, HEAD_DIM >= 2 && HEAD_DIM % 2 == 0)
  `REQUIRE(turned_beats_are_whole_heads, TURN_BEATS * LANES % HEAD_DIM == 0)
  `REQUIRE(turned_beats_are_of_the_vector, TURN_BEATS >= 1 && TURN_BEATS <= BEATS)
  `REQUIRE(positions_have_16_bits, DEPTH >= 1 && DEPTH <= 1 << 16)

  localparam int PAIRS = HEAD_DIM / 2;
  localparam int STEP = LANES / 2 % PAIRS;  // from the pair of a beat's first lane to that of the next beat's
  localparam int BEAT_IW = idx_w(BEATS);
  localparam int PAIR_IW = idx_w(PAIRS);
  localparam int ANGLE_IW = idx_w(DEPTH * PAIRS);

  logic [31:0] angles[DEPTH*PAIRS];
  `MASK_LOAD(angles, angles[r*PAIRS+c], DEPTH, PAIRS, "rope", 0, ".bin")

  tag_t tag_q;  // of the last beat
  logic same;
  logic [BEAT_IW-1:0] beat_q, beat;
  logic [PAIR_IW-1:0] first_q, first;  // pair of the beat's first lane, in its head
  logic last, turn;

  // The pair so many after one of a head's, in its own head.
  function automatic logic [PAIR_IW-1:0] pair_after(input logic [PAIR_IW-1:0] pair, input int distance);
    pair_after = PAIR_IW'((32'(pair) + distance < PAIRS) ? 32'(pair) + distance : 32'(pair) + distance - PAIRS);
  endfunction

  assign same  = tag_i == tag_q;
  assign beat  = same ? beat_q : '0;
  assign first = same ? first_q : '0;
  assign turn  = 32'(beat) < TURN_BEATS;
  assign last  = beat == BEAT_IW'(BEATS - 1);

  localparam int STAGES = 6;
  logic [STAGES-1:0] en;
  stream_pipe #(
    .STAGES(STAGES),
    .WIDTH ($bits(tag_t))
  ) u_pipe (
    .clk_i,
    .rst_i,
    .busy_o,
    .valid_i,
    .ready_o,
    .data_i(tag_i),
    .en_o  (en),
    .valid_o,
    .ready_i,
    .data_o(tag_o)
  );

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      beat_q  <= '0;
      first_q <= '0;
      tag_q   <= '0;
    end else if (en[0]) begin
      beat_q  <= last ? '0 : beat + 1'b1;
      first_q <= last ? '0 : pair_after(first, STEP);
      tag_q   <= tag_i;
    end
  end

  logic [BEAT_W-1:0] x_q;
  always_ff @(posedge clk_i) if (en[0]) x_q <= data_i;

  // Of each pair: its two values, and cosine and sine of its angle.
  localparam int TURNED = LANES / 2;
  logic [TURNED*32-1:0] x0, x1;
  logic [TURNED*16-1:0] c_q, s_q, minus_s_q;
  logic [TURNED*48-1:0] x0_c, x1_s, x0_s, x1_c;

  // Sums are rounded by what is added to their first product.
  multiplier #(
    .A_W   (32),
    .B_W   (16),
    .ADDEND(64'd8192),
    .N     (2 * TURNED)
  ) u_x0 (
    .clk_i,
    .en_i(en[3:1]),
    .a_i ({x0, x0}),
    .b_i ({s_q, c_q}),
    .p_o ({x0_s, x0_c})
  );
  multiplier #(
    .A_W(32),
    .B_W(16),
    .N  (2 * TURNED)
  ) u_x1 (
    .clk_i,
    .en_i(en[3:1]),
    .a_i ({x1, x1}),
    .b_i ({c_q, minus_s_q}),
    .p_o ({x1_c, x1_s})
  );

  for (genvar p = 0; p < TURNED; p++) begin : gen_pair
    localparam int Lane = 2 * p;  // the pair's first lane
    logic [31:0] angle;  // {sin, cos}
    logic signed [48:0] y0_q, y1_q;
    logic signed [31:0] sat0_q, sat1_q;

    assign angle = turn ? angles[ANGLE_IW'(32'(tag_i.pos)*PAIRS+32'(pair_after(first, p%PAIRS)))] : 32'd16384;
    assign x0[p*32+:32] = x_q[Lane*32+:32];
    assign x1[p*32+:32] = x_q[(Lane+1)*32+:32];

    always_ff @(posedge clk_i) begin
      if (en[0]) begin
        c_q[p*16+:16]       <= angle[15:0];
        s_q[p*16+:16]       <= angle[31:16];
        minus_s_q[p*16+:16] <= -angle[31:16];
      end
      if (en[4]) begin
        y0_q <= 49'($signed(x0_c[p*48+:48])) + 49'($signed(x1_s[p*48+:48]));
        y1_q <= 49'($signed(x0_s[p*48+:48])) + 49'($signed(x1_c[p*48+:48]));
      end
      if (en[5]) begin
        sat0_q <= sat32(64'(y0_q) >>> 14);
        sat1_q <= sat32(64'(y1_q) >>> 14);
      end
    end
    assign data_o[Lane*32+:64] = {sat1_q, sat0_q};
  end
endmodule
