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

  for (genvar p = 0; p < LANES / 2; p++) begin : gen_pair
    localparam int Lane = 2 * p;  // the pair's first lane
    logic signed [31:0] x0, x1;
    logic signed [15:0] c, s;
    logic        [31:0] y0, y1;

    assign x0     = data_i[Lane*32+:32];
    assign x1     = data_i[(Lane+1)*32+:32];
    assign {s, c} = angles[32'(tag_i.pos)*PAIRS+((32'(beat_q)*LANES+Lane)%HEAD_DIM)/2];
    assign y0     = sat32(rsr(64'(x0) * 64'(c) - 64'(x1) * 64'(s), 6'd14));
    assign y1     = sat32(rsr(64'(x0) * 64'(s) + 64'(x1) * 64'(c), 6'd14));

    assign data_o[Lane*32+:64] = turn ? {y1, y0} : {x1, x0};
  end
endmodule
