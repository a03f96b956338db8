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

  for (genvar h = 0; h < HEADS; h++) begin : gen_head
    logic [63:0] sum, added, prob;
    assign sum   = 64'(softmax.sum_q[h*SUM_W+:SUM_W]);
    assign added = sum + 64'(softmax.gen_head[h].e);
    assign prob  = (64'(softmax.word[h*24+:21]) * 64'(softmax.gen_head[h].recip) + 64'h80_0000) >> 24;

    always_ff @(posedge clk_i) begin
      if (!rst_i && adds_i) `HOLDS(sum_fits, added < 64'd1 << SUM_W, "the sum of exponentials overflows")
      if (!rst_i && divides_i) `HOLDS(sum_has_maximum, sum >= 64'd1 << 20, "the sum lacks its largest exponential")
      if (!rst_i && gives_i) `HOLDS(prob_fits, prob < 64'd1 << PROB_W, "a probability overflows")
    end
  end
endmodule

bind softmax softmax_assert #(
  .HEADS(HEADS),
  .SUM_W(SUM_W)
) u_softmax_assert (
  .clk_i, .rst_i, .adds_i(state_q == StExp && pos_q != 0), .divides_i(state_q == StStart), .gives_i(valid_o)
);
