// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// No silent overflow: no sum is more than weights of 1 and the largest mantissas can add up to.
module attn_value_assert #(
  parameter int SUMS      = 1,
  parameter int POSITIONS = 1,
  parameter int KV_W      = 1
) (
  input logic                 clk_i,
  input logic                 rst_i,
  input logic                 weighs_i,
  input logic                 opens_i,
  input logic [POSITIONS-1:0] on_i,
  input logic                 leaves_i
);
  logic [31:0] count_q;  // positions of the sequence
  logic signed [63:0] most;
  always_ff @(posedge clk_i) if (weighs_i) count_q <= (opens_i ? 0 : count_q) + $countones(on_i);
  assign most = $signed({32'd0, count_q}) <<< (19 + KV_W);

  always_ff @(posedge clk_i) begin
    if (!rst_i && leaves_i) begin
      for (int i = 0; i < SUMS; i++)
        `HOLDS(sum_fits, 64'(attn_value.sum_q[i]) <= most && 64'(attn_value.sum_q[i]) >= -most,
               "a sum is more than its values can add up to")
    end
  end
endmodule

bind attn_value attn_value_assert #(
  .SUMS     (SUMS),
  .POSITIONS(POSITIONS),
  .KV_W     (KV_W)
) u_value_assert (
  .clk_i,
  .rst_i,
  .weighs_i(valid_i),
  .opens_i (opens_i && first_i),
  .on_i,
  .leaves_i(leaves_q && out_q == 0)
);
