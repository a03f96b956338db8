// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// No access outside the slots and positions that the SRAM has: it would land in another slot's.
module kv_sram_assert #(
  parameter int SLOTS     = 1,
  parameter int DEPTH     = 1,
  parameter int POSITIONS = 1
) (
  input logic                 clk_i,
  input logic                 we_i,
  input logic [POSITIONS-1:0] re_i,
  input logic [          7:0] slot_i,
  input logic [         15:0] wpos_i,
  input logic [         15:0] rpos_i
);
  logic [POSITIONS-1:0] outside;
  for (genvar p = 0; p < POSITIONS; p++) begin : gen_position
    assign outside[p] = 32'(slot_i) >= SLOTS || 32'(rpos_i) + p >= DEPTH;
  end

  always_ff @(posedge clk_i) begin
    if (we_i) `HOLDS(write_in_range, 32'(slot_i) < SLOTS && 32'(wpos_i) < DEPTH, "a write outside the slot")
    `HOLDS(read_in_range, (re_i & outside) == 0, "a read outside the slot")
  end
endmodule

bind kv_sram kv_sram_assert #(
  .SLOTS    (SLOTS),
  .DEPTH    (DEPTH),
  .POSITIONS(POSITIONS)
) u_kv_assert (.*);
