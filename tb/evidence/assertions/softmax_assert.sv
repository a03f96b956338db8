// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// No silent overflow: the sum of exponentials keeps its carry, the reciprocal has a divisor, a probability fits.
module softmax_assert #(
  parameter int HEADS = 1,
  parameter int SUM_W = 1
) (
  input logic clk_i,
  input logic rst_i,
  input logic adds_i,
  input logic divides_i,
  input logic gives_i
);
  localparam int PROB_W = cartridge_pkg::PROB_W;

  // An exponential times the reciprocal, rounded to the bits that are cut off.
  function automatic logic [63:0] product(input logic [20:0] e, input logic [44:0] recip);
    product = 64'(e) * 64'(recip) + 64'h80_0000;
  endfunction

  for (genvar h = 0; h < HEADS; h++) begin : gen_head
    always_ff @(posedge clk_i) begin
      if (!rst_i && adds_i)
        `HOLDS(sum_fits, 64'(softmax.sum_q[h*SUM_W+:SUM_W]) + 64'(softmax.gen_head[h].e) < 64'd1 << SUM_W,
               "the sum of exponentials overflows")
      if (!rst_i && divides_i)
        `HOLDS(sum_has_maximum, 64'(softmax.sum_q[h*SUM_W+:SUM_W]) >= 64'd1 << 20,
               "the sum lacks its largest exponential")
      if (!rst_i && gives_i)
        `HOLDS(prob_fits, product(softmax.word[h*24+:21], softmax.gen_head[h].recip) >> 24 < 64'd1 << PROB_W,
               "a probability overflows")
    end
  end
endmodule

bind softmax softmax_assert #(
  .HEADS(HEADS),
  .SUM_W(SUM_W)
) u_softmax_assert (
  .clk_i,
  .rst_i,
  .adds_i   (state_q == StExp && pos_q != 0),
  .divides_i(state_q == StStart),
  .gives_i  (valid_o)
);
