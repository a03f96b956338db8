// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// No silent overflow: the sum of squares keeps its carry, the shift and the normed values fit.
module rms_norm_assert #(
  parameter int N   = 1,
  parameter int SQE = 0
) (
  input logic        clk_i,
  input logic        rst_i,
  input logic        adds_i,
  input logic        first_i,
  input logic        scales_i,
  input logic        gives_i,
  input logic [cartridge_pkg::idx_w(N/cartridge_pkg::LANES)-1:0] beat_i,
  input logic [39:0] start_i,   // the epsilon, where the sum begins
  input logic [47:0] sum_i,
  input logic [47:0] square_i,
  input logic [ 4:0] places_i,
  input logic [ 4:0] k_i
);
  import cartridge_pkg::*;

  always_ff @(posedge clk_i) begin
    if (!rst_i && adds_i)
      `HOLDS(sum_fits, 64'(first_i ? 48'(start_i) : sum_i) + 64'(square_i) < 64'd1 << 48,
             "the sum of squares overflows")
    if (!rst_i && scales_i)
      `HOLDS(shift_fits, 21 - SQE + 32'(places_i) - 32'(k_i) inside {[0 : 63]}, "the shift leaves its range")
  end

  // Normed values, before the gain, have 32 bits.
  function automatic logic fits(input logic signed [31:0] x);
    logic signed [63:0] z;
    z    = rsr(64'(x) * $signed({44'd0, rms_norm.a_q}), rms_norm.z_shift_q);
    fits = z == 64'($signed(z[31:0]));
  endfunction

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    always_ff @(posedge clk_i) begin
      if (!rst_i && gives_i) `HOLDS(normed_fits, fits(rms_norm.x_q[beat_i][l]), "a normed value overflows")
    end
  end
endmodule

bind rms_norm rms_norm_assert #(
  .N  (N),
  .SQE(SQE)
) u_norm_assert (
  .clk_i,
  .rst_i,
  .adds_i  (state_q == StSquare),
  .first_i (beat_q == 0),
  .scales_i(state_q == StScale),
  .gives_i (valid_o && ready_i),
  .beat_i  (beat_q),
  .start_i (NEPS >> {sh, 1'b0}),
  .sum_i   (ss_q),
  .square_i(square),
  .places_i(sh),
  .k_i     (k)
);
