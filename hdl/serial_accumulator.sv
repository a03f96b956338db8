// SPDX-License-Identifier: Apache-2.0
// One column's accumulator: each clock of en_i adds the bits of BIT_LINES signed PROD_W-bit products, which arrive
// bit-serially, least significant bit first.
//
//   bit lines --> count --(+)--> low_q, recirculating     carry_q: what the next bit inherits
//
// The low PROD_W bits recirculate through one small adder; the last bits of the products, their signs, and the carry
// that leaves the adder settle the high part in the same clock, so a turn takes PROD_W clocks and no more.
module serial_accumulator #(
  parameter int PROD_W    = 16,
  parameter int HIGH_W    = 6,
  parameter int BIT_LINES = 1
) (
  input  logic                            clk_i,
  input  logic                            clear_i,
  input  logic                            en_i,
  input  logic                            last_i,   // The bits of bit_i are the products' signs.
  input  logic        [    BIT_LINES-1:0] bit_i,
  output logic signed [PROD_W+HIGH_W-1:0] sum_o
);
  localparam int COUNT_W = $clog2(BIT_LINES + 1);  // of a count of bits, and of the carry: neither passes BIT_LINES

  logic [PROD_W-1:0] low_q;
  logic [HIGH_W-1:0] high_q;
  logic [COUNT_W-1:0] carry_q, carry, count;
  logic sum;

  function automatic logic [COUNT_W-1:0] ones(input logic [BIT_LINES-1:0] bits);
    ones = '0;
    for (int unsigned i = 0; i < BIT_LINES; i++) ones = ones + COUNT_W'(bits[i]);
  endfunction

  assign count = ones(bit_i);
  assign {carry, sum} = (COUNT_W + 1)'(low_q[0]) + (COUNT_W + 1)'(count) + (COUNT_W + 1)'(carry_q);
  assign sum_o = {high_q, low_q};

  always_ff @(posedge clk_i) begin
    if (clear_i) begin
      low_q   <= '0;
      high_q  <= '0;
      carry_q <= '0;
    end else if (en_i) begin
      low_q   <= {sum, low_q[PROD_W-1:1]};
      carry_q <= last_i ? '0 : carry;
      // A set sign bit was added as +2^(PROD_W-1) and weighs -2^(PROD_W-1): take one 2^PROD_W back.
      if (last_i) high_q <= high_q + HIGH_W'(carry) - HIGH_W'(count);
    end
  end
endmodule
