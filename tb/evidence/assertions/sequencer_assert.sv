// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// The host and the head name slots that there are, the head unless its tag is broken. A slot's tokens enter the layers in
// order: position 0, the one after the last, or after a restart the one that the host says.
module sequencer_assert #(
  parameter int SLOTS = 1,
  parameter int DEPTH = 1
) (
  input logic                 clk_i,
  input logic                 rst_i,
  input logic                 host_valid_i,
  input cartridge_pkg::slot_t host_slot_i,
  input logic                 host_first_i,
  input cartridge_pkg::pos_t  host_pos_i,
  input logic                 res_valid_i,
  input cartridge_pkg::slot_t res_slot_i,
  input logic                 parted_i,
  input logic                 fire_i,
  input cartridge_pkg::tag_t  tag_i
);
  // verilator lint_off WIDTHTRUNC
  // A slot has 8 bits, whatever the number of slots.
  logic [16:0] next_q[SLOTS];
  logic first;
  assign first = host_valid_i && host_first_i && host_slot_i == tag_i.slot;  // who answers has no prompt waiting

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      for (int unsigned s = 0; s < SLOTS; s++) next_q[s] = '0;
    end else begin
      if (host_valid_i) `HOLDS(host_slot, 32'(host_slot_i) < SLOTS, "the host names a slot that is not there")
      if (res_valid_i && !parted_i)
        `HOLDS(res_slot, 32'(res_slot_i) < SLOTS, "the head answers in a slot that is not there")
    end
    if (!rst_i && fire_i) begin
      `HOLDS(in_range, 32'(tag_i.slot) < SLOTS && 32'(tag_i.pos) < DEPTH, "a token outside the slots and positions")
      `HOLDS(in_order, tag_i.pos == (first ? host_pos_i : next_q[tag_i.slot][15:0]),
             "a position was left out or came twice")
      next_q[tag_i.slot] = 17'(tag_i.pos) + 17'd1;
    end
  end
endmodule

bind sequencer sequencer_assert #(
  .SLOTS(SLOTS),
  .DEPTH(DEPTH)
) u_sequencer_assert (
  .clk_i,
  .rst_i,
  .host_valid_i,
  .host_slot_i (host.slot),
  .host_first_i(host.first),
  .host_pos_i  (host.pos),
  .res_valid_i,
  .res_slot_i  (res_tag_i.slot),
  .parted_i    (parted_o),
  .fire_i      (valid_o && ready_i),
  .tag_i       (tag_o)
);
