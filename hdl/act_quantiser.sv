// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Block floating point: N FX values to N mantissas of W bits and one shift (docs/formats.md, `quantise`), in two stages:
// the least shift that the largest value needs | all values moved by it. They round on their way out.
module act_quantiser #(
  parameter int N = 32,
  parameter int W = 12
) (
  input  logic            clk_i,
  input  logic      [1:0] en_i,  // of the stages: see stream_pipe
  input  logic [N*32-1:0] x_i,
  output logic  [N*W-1:0] m_o,   // a mantissa is signed
  output logic      [4:0] sh_o   // left shift that gives the values back
);
  import cartridge_pkg::*;

  `REQUIRE(values_are_some, N >= 1)
  `REQUIRE(mantissa_has_2_to_32_bits, W >= 2 && W <= 32)

  logic [N*32-1:0] x_q;
  logic [4:0] sh_q, moved_sh_q;
  logic [N*(W+1)-1:0] moved_q;  // with the bit below a mantissa, by which it rounds up

  // The bits that the largest magnitude has beyond those of a mantissa.
  function automatic logic [4:0] least_shift(input logic [N*32-1:0] x);
    logic [31:0] any;
    any = '0;
    for (int unsigned v = 0; v < N; v++) any = any | magnitude(x[v*32+:32]);
    least_shift = 5'(bit_length(any >> (W - 1)));
  endfunction

  // The widest step comes first: the bits of places that are needed last reach the most lanes.
  function automatic logic [W:0] moved(input logic signed [31:0] x, input logic [4:0] down);
    logic signed [32:0] half;
    half = {x, 1'b0};
    for (int p = 4; p >= 0; p--) if (down[p]) half = half >>> (1 << p);
    moved = half[W:0];
  endfunction

  // Only rounding up the largest values can leave the range, and only upwards: they stay.
  function automatic logic [W-1:0] rounded(input logic [W:0] half);
    rounded = half[W:1] + W'(half[0] && half[W:1] != {1'b0, {(W - 1) {1'b1}}});
  endfunction

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      x_q  <= x_i;
      sh_q <= least_shift(x_i);
    end
    if (en_i[1]) begin
      for (int unsigned v = 0; v < N; v++) moved_q[v*(W+1)+:W+1] <= moved(x_q[v*32+:32], sh_q);
      moved_sh_q <= sh_q;
    end
  end

  assign sh_o = moved_sh_q;
  for (genvar i = 0; i < N; i++) begin : gen_lane
    assign m_o[i*W+:W] = rounded(moved_q[i*(W+1)+:W+1]);
  end
endmodule
