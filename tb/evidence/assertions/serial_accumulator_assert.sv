// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// The high part never wraps, nor does the carry that a turn adds to it.
module serial_accumulator_assert #(
  parameter int HIGH_W  = 1,
  parameter int COUNT_W = 1
) (
  input logic               clk_i,
  input logic               last_i,
  input logic [HIGH_W-1:0]  earlier_i,
  input logic [COUNT_W-1:0] carry_i,
  input logic [HIGH_W-1:0]  high_i
);
  always_ff @(posedge clk_i) begin
    if (last_i) `HOLDS(no_wrap, 32'(high_i) == 32'(earlier_i) + 32'(carry_i), "the accumulator overflows")
  end
endmodule

bind serial_accumulator serial_accumulator_assert #(
  .HIGH_W (HIGH_W),
  .COUNT_W(COUNT_W)
) u_accumulator_assert (
  .clk_i,
  .last_i,
  .earlier_i(earlier),
  .carry_i  (carry),
  .high_i   (high)
);
