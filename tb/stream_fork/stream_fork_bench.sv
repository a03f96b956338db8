// SPDX-License-Identifier: Apache-2.0
// stream_fork as a layer uses it: each branch begins with a FIFO, and the two are of different depths.
module stream_fork_bench #(
  parameter int DEPTH_A = 1,
  parameter int DEPTH_B = 3,
  parameter int WIDTH   = 16
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             valid_i,
  output logic             ready_o,
  input  logic [WIDTH-1:0] data_i,
  output logic             a_valid_o,
  input  logic             a_ready_i,
  output logic [WIDTH-1:0] a_data_o,
  output logic             b_valid_o,
  input  logic             b_ready_i,
  output logic [WIDTH-1:0] b_data_o
);
  logic a_valid, a_ready, b_valid, b_ready;

  stream_fork u_fork (
    .valid_i,
    .ready_o,
    .a_valid_o(a_valid),
    .a_ready_i(a_ready),
    .b_valid_o(b_valid),
    .b_ready_i(b_ready)
  );

  stream_fifo #(
    .DEPTH(DEPTH_A),
    .WIDTH(WIDTH)
  ) u_a (
    .clk_i,
    .rst_i,
    .valid_i(a_valid),
    .ready_o(a_ready),
    .data_i,
    .valid_o(a_valid_o),
    .ready_i(a_ready_i),
    .data_o (a_data_o)
  );

  stream_fifo #(
    .DEPTH(DEPTH_B),
    .WIDTH(WIDTH)
  ) u_b (
    .clk_i,
    .rst_i,
    .valid_i(b_valid),
    .ready_o(b_ready),
    .data_i,
    .valid_o(b_valid_o),
    .ready_i(b_ready_i),
    .data_o (b_data_o)
  );
endmodule
