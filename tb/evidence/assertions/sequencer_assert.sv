`include "assert.svh"
// A slot's tokens enter the layers in order: position 0, or the one after the last.
module sequencer_assert #(
  parameter int SLOTS = 1,
  parameter int DEPTH = 1
) (
  input logic                clk_i,
  input logic                rst_i,
  input logic                fire_i,
  input cartridge_pkg::tag_t tag_i
);
  // verilator lint_off WIDTHTRUNC
  // A slot has 8 bits, whatever the number of slots.
  logic [16:0] next_q[SLOTS];

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      for (int unsigned s = 0; s < SLOTS; s++) next_q[s] = '0;
    end else if (fire_i) begin
      `HOLDS(in_range, 32'(tag_i.slot) < SLOTS && 32'(tag_i.pos) < DEPTH, "a token outside the slots and positions")
      `HOLDS(in_order, tag_i.pos == 0 || 17'(tag_i.pos) == next_q[tag_i.slot], "a position was left out or came twice")
      next_q[tag_i.slot] = 17'(tag_i.pos) + 17'd1;
    end
  end
endmodule

bind sequencer sequencer_assert #(
  .SLOTS(SLOTS),
  .DEPTH(DEPTH)
) u_sequencer_assert (
  .clk_i, .rst_i, .fire_i(valid_o && ready_i), .tag_i(tag_o)
);
