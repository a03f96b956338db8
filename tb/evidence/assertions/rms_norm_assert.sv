// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// No silent overflow: the sum of squares keeps its carry, the shift and the normed values fit.
module rms_norm_assert #(
  parameter int SQE = 0
) (
  input logic        clk_i,
  input logic        rst_i,
  input logic        adds_i,
  input logic        scales_i,
  input logic        moves_i,
  input logic [47:0] sum_i,
  input logic [47:0] square_i,
  input logic [ 4:0] places_i,
  input logic [ 4:0] k_i
);
  import cartridge_pkg::*;

  always_ff @(posedge clk_i) begin
    if (!rst_i && adds_i) `HOLDS(sum_fits, 64'(sum_i) + 64'(square_i) < 64'd1 << 48, "the sum of squares overflows")
    if (!rst_i && scales_i)
      `HOLDS(shift_fits, 21 - SQE + 32'(places_i) - 32'(k_i) inside {[0 : 63]}, "the shift leaves its range")
  end

  // Normed values, before the gain, have 32 bits, and one below.
  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    always_ff @(posedge clk_i) begin
      if (!rst_i && moves_i)
        `HOLDS(normed_fits, rms_norm.gen_lane[l].z_moved == 54'($signed(rms_norm.gen_lane[l].z_moved[32:0])),
               "a normed value overflows")
    end
  end
endmodule

bind rms_norm rms_norm_assert #(
  .SQE(SQE)
) u_norm_assert (
  .clk_i,
  .rst_i,
  .adds_i  (summed),
  .scales_i(state_q == StScale),
  .moves_i (out_en[3]),
  .sum_i   (ss_q),
  .square_i(48'(sums[SUM_W-1:0])),
  .places_i(sh_q),
  .k_i     (k)
);
