// SPDX-License-Identifier: Apache-2.0
// FIFO of a stream's beats: registers a long way, holds the skip path of a residual while its branch is computed, keeps
// answers until the layers take them.
`include "require.svh"
module stream_fifo #(
  parameter int DEPTH = 2,
  parameter int WIDTH = cartridge_pkg::BEAT_W
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             valid_i,
  output logic             ready_o,
  input  logic [WIDTH-1:0] data_i,
  output logic             valid_o,
  input  logic             ready_i,
  output logic [WIDTH-1:0] data_o
);
  `REQUIRE(depth_is_at_least_1, DEPTH >= 1)

  localparam int PLACE_W = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam int FILL_W = $clog2(DEPTH + 1);

  logic [WIDTH-1:0] mem[DEPTH];
  logic [PLACE_W-1:0] head_q, tail_q;
  logic [FILL_W-1:0] fill_q;
  logic push, pop;

  assign ready_o = fill_q != FILL_W'(DEPTH);
  assign valid_o = fill_q != 0;
  assign push    = valid_i && ready_o;
  assign pop     = valid_o && ready_i;
  assign data_o  = mem[head_q];

  always_ff @(posedge clk_i) begin
    if (push) mem[tail_q] <= data_i;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      head_q <= '0;
      tail_q <= '0;
      fill_q <= '0;
    end else begin
      if (push) tail_q <= (tail_q == PLACE_W'(DEPTH - 1)) ? '0 : tail_q + PLACE_W'(1);
      if (pop) head_q <= (head_q == PLACE_W'(DEPTH - 1)) ? '0 : head_q + PLACE_W'(1);
      fill_q <= fill_q + FILL_W'(push) - FILL_W'(pop);
    end
  end
endmodule
