// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Block floating point: N FX values to N mantissas of W bits and one shift (docs/formats.md, `quantise`).
module act_quantiser #(
  parameter int N = 32,
  parameter int W = 12
) (
  input  logic [N*32-1:0] x_i,
  output logic  [N*W-1:0] m_o,  // a mantissa is signed
  output logic      [4:0] sh_o  // left shift that gives the values back
);
  import cartridge_pkg::*;

  `REQUIRE(values_are_some, N >= 1)
  `REQUIRE(mantissa_has_2_to_32_bits, W >= 2 && W <= 32)

  logic [N*32-1:0] mag;
  logic [31:0] any;
  logic [5:0] len;

  always_comb begin
    any = '0;
    for (int unsigned i = 0; i < N; i++) any = any | mag[i*32+:32];
  end

  assign len  = bit_length(any);
  assign sh_o = (len > 6'(W - 1)) ? 5'(len - 6'(W - 1)) : 5'd0;

  // Only rounding up the largest values can leave the range, and only upwards.
  function automatic logic [W-1:0] mantissa(input logic signed [31:0] x, input logic [4:0] places);
    logic signed [63:0] r;
    r = rsr(64'(x), {1'b0, places});
    mantissa = (r >= (64'sd1 <<< (W - 1))) ? {1'b0, {(W - 1) {1'b1}}} : r[W-1:0];
  endfunction

  for (genvar i = 0; i < N; i++) begin : gen_lane
    assign mag[i*32+:32] = magnitude(x_i[i*32+:32]);
    assign m_o[i*W+:W]   = mantissa(x_i[i*32+:32], sh_o);
  end
endmodule
