// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// While product bits are on the lines exactly one word line is on, else none.
module block_assert #(
  parameter int TURNS = 1
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             run_i,
  input logic [TURNS-1:0] word_i
);
  always_ff @(posedge clk_i) begin
    if (!rst_i) `HOLDS(one_word_line, run_i ? $onehot(word_i) : word_i == '0, "not one word line is on while rows run")
  end
endmodule

bind block block_assert #(
  .TURNS(TURNS)
) u_block_assert (
  .clk_i,
  .rst_i,
  .run_i,
  .word_i(word)
);
