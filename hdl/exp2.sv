// SPDX-License-Identifier: Apache-2.0
// 2^(-d) for d >= 0 with 12 fraction bits; the result has 20 fraction bits. 64 linear segments an octave.
module exp2 (
  input  logic [24:0] d_i,
  output logic [20:0] e_o
);
  import cartridge_pkg::*;

  logic [16:0] hi, lo, fall, v;
  logic [22:0] slope;

  assign hi    = exp2_entry({1'b0, d_i[11:6]});
  assign lo    = exp2_entry({1'b0, d_i[11:6]} + 7'd1);
  assign slope = 23'(hi - lo) * 23'(d_i[5:0]);
  assign fall  = 17'((slope + 23'd32) >> 6);
  assign v     = hi - fall;
  assign e_o   = (d_i[24:12] > 13'd20) ? '0 : {v, 4'd0} >> d_i[24:12];
endmodule
