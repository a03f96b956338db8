// SPDX-License-Identifier: Apache-2.0
// 2^(-d) for d >= 0 with 12 fraction bits; the result has 20 fraction bits. 64 linear segments an octave. In stages:
//
//   entry and slope of the segment | slope times each half of the place in it | both off the entry | moved by the octaves
module exp2 (
  input  logic        clk_i,
  input  logic [ 3:0] en_i,  // of the stages: see stream_pipe
  input  logic [24:0] d_i,
  output logic [20:0] e_o
);
  import cartridge_pkg::*;

  // What neighbours in the table differ by: at most 706.
  function automatic logic [64*10-1:0] slopes();
    for (int j = 0; j < 64; j++) slopes[j*10+:10] = 10'(EXP2[j*17+:17] - EXP2[(j+1)*17+:17]);
  endfunction
  localparam logic [64*10-1:0] SLOPES = slopes();

  logic [16:0] hi_0_q, hi_1_q, v_q;
  logic [9:0] slope_q;
  logic [5:0] place_q;
  logic [12:0] low_q, high_q;
  logic [12:0] octaves_0_q, octaves_1_q, octaves_2_q;
  logic [20:0] e_q;

  assign e_o = e_q;

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      hi_0_q      <= exp2_entry({1'b0, d_i[11:6]});
      slope_q     <= SLOPES[10'(d_i[11:6])*10+:10];
      place_q     <= d_i[5:0];
      octaves_0_q <= d_i[24:12];
    end
    if (en_i[1]) begin
      hi_1_q      <= hi_0_q;
      low_q       <= 13'(slope_q) * 13'(place_q[2:0]);
      high_q      <= 13'(slope_q) * 13'(place_q[5:3]);
      octaves_1_q <= octaves_0_q;
    end
    if (en_i[2]) begin
      // hi - ((slope*place + 32) >> 6)
      v_q         <= 17'((23'({hi_1_q, 6'd31}) - 23'(low_q) - {7'd0, high_q, 3'd0}) >> 6);
      octaves_2_q <= octaves_1_q;
    end
    if (en_i[3]) e_q <= (octaves_2_q > 13'd20) ? '0 : {v_q, 4'd0} >> octaves_2_q[4:0];
  end
endmodule
