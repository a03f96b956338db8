`include "mask_load.svh"
// Rotary position embedding on the beats of q and k; v passes through. Pairs are interleaved: (2i, 2i+1) of a head.
//
// A vector is TURN_BEATS beats of q and k heads, then the rest. The table holds {sin, cos}, 14 fraction bits each.
module rope #(
  parameter int HEAD_DIM   = 16,
  parameter int DEPTH      = 32,  // positions
  parameter int TURN_BEATS = 3,
  parameter int BEATS      = 4
) (
  input  logic                                    clk_i,
  input  logic                                    rst_i,
  input  logic                                    valid_i,
  output logic                                    ready_o,
  input  cartridge_pkg::tag_t                     tag_i,
  input  logic        [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                                    valid_o,
  input  logic                                    ready_i,
  output cartridge_pkg::tag_t                     tag_o,
  output logic        [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  localparam int PAIRS = HEAD_DIM / 2;

  logic [31:0] angles[DEPTH*PAIRS];
  `MASK_LOAD(angles, "rope", 0, ".hex")

  logic [15:0] beat_q;
  logic        turn;

  assign turn    = beat_q < 16'(TURN_BEATS);
  assign valid_o = valid_i;
  assign ready_o = ready_i;
  assign tag_o   = tag_i;

  always_ff @(posedge clk_i) begin
    if (rst_i) beat_q <= '0;
    else if (valid_i && ready_i) beat_q <= (beat_q == 16'(BEATS - 1)) ? '0 : beat_q + 16'd1;
  end

  logic signed [31:0] x0, x1;
  logic signed [15:0] c, s;
  always @* begin
    x0     = '0;
    x1     = '0;
    c      = '0;
    s      = '0;
    for (int unsigned l = 0; l < LANES; l += 2) begin
      x0     = data_i[l*32+:32];
      x1     = data_i[(l+1)*32+:32];
      {s, c} = angles[32'(tag_i.pos)*PAIRS+((32'(beat_q)*LANES+l)%HEAD_DIM)/2];
      if (turn) begin
        data_o[l*32+:32]     = sat32(rsr(64'(x0) * 64'(c) - 64'(x1) * 64'(s), 6'd14));
        data_o[(l+1)*32+:32] = sat32(rsr(64'(x0) * 64'(s) + 64'(x1) * 64'(c), 6'd14));
      end else begin
        data_o[l*32+:64] = data_i[l*32+:64];
      end
    end
  end
endmodule
