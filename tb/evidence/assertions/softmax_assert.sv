// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// No silent overflow: a weight is 1 at most; the sum has its largest weight in it and is no more than all can add up to;
// the reciprocal is normalised.
module softmax_assert #(
  parameter int HEADS     = 1,
  parameter int POSITIONS = 1
) (
  input logic                 clk_i,
  input logic                 rst_i,
  input logic                 weighs_i,
  input logic                 opens_i,
  input logic [POSITIONS-1:0] on_i,
  input logic                 ends_i,
  input logic                 done_i
);
  localparam int WEIGHT_W = cartridge_pkg::WEIGHT_W;

  logic [31:0] count_q;  // positions of the sequence
  always_ff @(posedge clk_i) if (weighs_i) count_q <= (opens_i ? 0 : count_q) + $countones(on_i);

  for (genvar i = 0; i < POSITIONS * HEADS; i++) begin : gen_item
    always_ff @(posedge clk_i) begin
      if (!rst_i && weighs_i)
        `HOLDS(weight_fits,
               32'(softmax.weight_o[i*WEIGHT_W+:WEIGHT_W]) <= 1 << 20 &&
               32'(softmax.value_weight_o[i*WEIGHT_W+:WEIGHT_W]) <= 1 << 20,
               "a weight is more than 1")
    end
  end

  for (genvar h = 0; h < HEADS; h++) begin : gen_head
    always_ff @(posedge clk_i) begin
      if (!rst_i && ends_i)
        `HOLDS(sum_has_largest, 64'(softmax.sum_q[h]) >= 64'd1 << 19, "the sum lacks its largest weight")
      if (!rst_i && ends_i)
        `HOLDS(sum_fits, 64'(softmax.sum_q[h]) <= 64'(count_q) << 20, "the sum is more than its weights can add up to")
      if (!rst_i && done_i) `HOLDS(reciprocal_is_normal, softmax.recip_o[h*16+15], "a reciprocal is below one half")
    end
  end
endmodule

bind softmax softmax_assert #(
  .HEADS    (HEADS),
  .POSITIONS(POSITIONS)
) u_softmax_assert (
  .clk_i,
  .rst_i,
  .weighs_i(valid_o),
  .opens_i (opens_o && first_o),
  .on_i    (on_o),
  .ends_i  (tail_q[0]),
  .done_i  (done_o)
);
