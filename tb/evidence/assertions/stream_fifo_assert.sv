// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// A FIFO beside a queue: what comes out is what went in, and the fill counter never leaves 0..DEPTH.
module stream_fifo_assert #(
  parameter int DEPTH = 2,
  parameter int WIDTH = 1
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             push_i,
  input logic             pop_i,
  input logic [     31:0] fill_i,
  input logic [WIDTH-1:0] data_i,
  input logic [WIDTH-1:0] data_o
);
  logic [WIDTH-1:0] beats_q[$];

  always @(posedge clk_i) begin  // not always_ff: it shares what assertion_pkg counts
    if (rst_i) begin
      beats_q.delete();
    end else if (push_i || pop_i) begin
      `HOLDS(fill_in_range, fill_i == beats_q.size() && fill_i <= DEPTH, "the fill counter is wrong")
      if (pop_i) begin
        `HOLDS(no_underflow, beats_q.size() != 0, "a beat is taken from an empty FIFO")
        `HOLDS(in_order, data_o == beats_q[0], "a beat was lost, doubled or changed")
        void'(beats_q.pop_front());
      end
      if (push_i) begin
        `HOLDS(no_overflow, beats_q.size() < DEPTH, "a beat enters a full FIFO")
        beats_q.push_back(data_i);
        assertion_pkg::moved = assertion_pkg::moved + 1;
      end
    end
  end
endmodule

bind stream_fifo stream_fifo_assert #(
  .DEPTH(DEPTH),
  .WIDTH(WIDTH)
) u_fifo_assert (
  .clk_i,
  .rst_i,
  .push_i(push),
  .pop_i (pop),
  .fill_i(32'(fill_q)),
  .data_i,
  .data_o
);
