// SPDX-License-Identifier: Apache-2.0
// 2^(-d) for d >= 0 with 12 fraction bits; the result has 20 fraction bits. 64 linear segments an octave.
module exp2 (
  input  logic [24:0] d_i,
  output logic [20:0] e_o
);
  // Entry j is round(2^16 * 2^(-j/64)); the list runs from entry 64 down to entry 0.
  // verilog_format: off
  localparam logic [65*17-1:0] LUT = {
    17'd32768, 17'd33125, 17'd33486, 17'd33850, 17'd34219, 17'd34591, 17'd34968, 17'd35349,
    17'd35734, 17'd36123, 17'd36516, 17'd36914, 17'd37316, 17'd37722, 17'd38133, 17'd38548,
    17'd38968, 17'd39392, 17'd39821, 17'd40255, 17'd40693, 17'd41136, 17'd41584, 17'd42037,
    17'd42495, 17'd42958, 17'd43425, 17'd43898, 17'd44376, 17'd44859, 17'd45348, 17'd45842,
    17'd46341, 17'd46846, 17'd47356, 17'd47871, 17'd48393, 17'd48920, 17'd49452, 17'd49991,
    17'd50535, 17'd51085, 17'd51642, 17'd52204, 17'd52773, 17'd53347, 17'd53928, 17'd54515,
    17'd55109, 17'd55709, 17'd56316, 17'd56929, 17'd57549, 17'd58176, 17'd58809, 17'd59449,
    17'd60097, 17'd60751, 17'd61413, 17'd62081, 17'd62757, 17'd63441, 17'd64132, 17'd64830,
    17'd65536
  };
  // verilog_format: on

  logic [16:0] hi, lo, fall, v;
  logic [22:0] slope;

  assign hi    = LUT[d_i[11:6]*17+:17];
  assign lo    = LUT[(7'(d_i[11:6])+7'd1)*17+:17];
  assign slope = 23'(hi - lo) * 23'(d_i[5:0]);
  assign fall  = 17'((slope + 23'd32) >> 6);
  assign v     = hi - fall;
  assign e_o   = (d_i[24:12] > 13'd20) ? '0 : {v, 4'd0} >> d_i[24:12];
endmodule
