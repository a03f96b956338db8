// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// Rotary position embedding on the beats of q and k; v passes through. Pairs are interleaved: (2i, 2i+1) of a head.
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

  assign same    = tag_i == tag_q;
  assign beat    = same ? beat_q : '0;
  assign first   = same ? first_q : '0;
  assign turn    = 32'(beat) < TURN_BEATS;
  assign last    = beat == BEAT_IW'(BEATS - 1);
  assign valid_o = valid_i;
  assign ready_o = ready_i;
  assign tag_o   = tag_i;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      beat_q  <= '0;
      first_q <= '0;
      tag_q   <= '0;
    end else if (valid_i && ready_i) begin
      beat_q  <= last ? '0 : beat + 1'b1;
      first_q <= last ? '0 : pair_after(first, STEP);
      tag_q   <= tag_i;
    end
  end

  for (genvar p = 0; p < LANES / 2; p++) begin : gen_pair
    localparam int Lane = 2 * p;  // the pair's first lane
    logic signed [31:0] x0, x1;
    logic signed [15:0] c, s;
    logic [31:0] y0, y1;

    assign x0     = data_i[Lane*32+:32];
    assign x1     = data_i[(Lane+1)*32+:32];
    assign {s, c} = angles[ANGLE_IW'(32'(tag_i.pos)*PAIRS+32'(pair_after(first, p%PAIRS)))];
    assign y0     = sat32(rsr(64'(x0) * 64'(c) - 64'(x1) * 64'(s), 6'd14));
    assign y1     = sat32(rsr(64'(x0) * 64'(s) + 64'(x1) * 64'(c), 6'd14));

    assign data_o[Lane*32+:64] = turn ? {y1, y0} : {x1, x0};
  end
endmodule
