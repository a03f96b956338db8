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

  // The high half of a count takes the carry of its low half a clock later, so that none is an adder of 64 bits.
  logic [31:0] low_q[COUNTERS];
  logic carry_q[COUNTERS];
  logic [31:0] above_q[COUNTERS];
  logic [31:0] high_q[COUNTERS];

  assign data_o = high_i ? high_q[which_i] : low_q[which_i];

  for (genvar c = 0; c < COUNTERS; c++) begin : gen_counter
    logic [31:0] above;
    assign above = above_q[c] + 32'(carry_q[c]);

    always_ff @(posedge clk_i) begin
      if (rst_i || clear_i) begin
        low_q[c]   <= '0;
        carry_q[c] <= 1'b0;
        above_q[c] <= '0;
        high_q[c]  <= '0;
      end else begin
        {carry_q[c], low_q[c]} <= 33'(low_q[c]) + 33'(add_i[c*16+:16]);
        above_q[c]             <= above;
        if (read_i && !high_i && 32'(which_i) == c) high_q[c] <= above;
      end
    end
  end
endmodule
