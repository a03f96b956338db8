// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// The high part never wraps when the signs settle it.
module serial_accumulator_assert #(
  parameter int HIGH_W  = 1,
  parameter int COUNT_W = 1
) (
  input logic               clk_i,
  input logic               settles_i,
  input logic  [HIGH_W-1:0] high_i,
  input logic [COUNT_W-1:0] carry_i,
  input logic [COUNT_W-1:0] count_i
);
  int high;
  assign high = 32'($signed(high_i)) + 32'(carry_i) - 32'(count_i);

  always_ff @(posedge clk_i) begin
    if (settles_i) `HOLDS(no_wrap, high == 32'($signed(HIGH_W'(high))), "the accumulator overflows")
  end
endmodule

bind serial_accumulator serial_accumulator_assert #(
  .HIGH_W (HIGH_W),
  .COUNT_W(COUNT_W)
) u_accumulator_assert (
  .clk_i,
  .settles_i(en_i && last_i && !clear_i),
  .high_i   (high_q),
  .carry_i  (carry),
  .count_i  (count)
);
