// SPDX-License-Identifier: Apache-2.0
// The performance counters, 64 bits each. Reading the low half of one keeps its high half for the next read.
module host_counters (
  input  logic                             clk_i,
  input  logic                             rst_i,
  input  logic                             clear_i,  // sets all counters to zero
  input  logic [host_pkg::COUNTERS*16-1:0] add_i,    // what each counter counts in this clock
  input  logic                             read_i,
  input  host_pkg::counter_t               which_i,
  input  logic                             high_i,
  output logic                      [31:0] data_o
);
  import host_pkg::*;

  logic [63:0] count_q[COUNTERS];
  logic [31:0] high_q[COUNTERS];

  assign data_o = high_i ? high_q[which_i] : count_q[which_i][31:0];

  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < COUNTERS; c++) begin
      if (rst_i || clear_i) begin
        count_q[c] <= '0;
        high_q[c]  <= '0;
      end else begin
        count_q[c] <= count_q[c] + 64'(add_i[c*16+:16]);
        if (read_i && !high_i && 32'(which_i) == c) high_q[c] <= count_q[c][63:32];
      end
    end
  end
endmodule
