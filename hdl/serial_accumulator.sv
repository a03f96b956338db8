// SPDX-License-Identifier: Apache-2.0
// One column's accumulator: adds the bits of BIT_LINES unsigned PROD_W-bit products, which arrive bit-serially, least
// significant bit first, over TURNS turns that may follow each other without a gap.
//
//   bit lines --> counts of eight --> part_q --(+)--> low_q, recirculating     carry_q: what the next bit inherits
//
// The low PROD_W bits recirculate through one small adder, but in a single turn, where nothing is to be added to. In the
// last bit of a turn the carry that leaves the adder is what the turn adds to the high part, and sum_o is complete.
// fresh_i, keep_i and last_i are of the bits counted in the clock before.
module serial_accumulator #(
  parameter int PROD_W    = 16,
  parameter int BIT_LINES = 1,
  parameter int TURNS     = 32
) (
  input  logic                                      clk_i,
  input  logic                                      fresh_i,  // The first turn: what was there is not added to.
  input  logic                                      keep_i,   // Bits of the same turn follow: they inherit the carry.
  input  logic                                      last_i,   // The last bits of a turn.
  input  logic [                     BIT_LINES-1:0] bit_i,
  output logic [PROD_W+$clog2(BIT_LINES*TURNS)-1:0] sum_o     // While last_i is high.
);
  localparam int COUNT_W = $clog2(BIT_LINES + 1);  // of a count of bits, and of the carry: neither passes BIT_LINES
  localparam int HIGH_W = $clog2(BIT_LINES * TURNS);

  // Full adders, each the count of three neighbours: {carries, sums}.
  function automatic logic [19:0] counts(input logic [29:0] bits);
    for (int unsigned i = 0; i < 10; i++) begin
      {counts[10+i], counts[i]} = 2'(bits[3*i]) + 2'(bits[3*i+1]) + 2'(bits[3*i+2]);
    end
  endfunction

  // Three levels of them leave 11 bits of 32: one of weight 8, three of 4, five of 2, two of 1.
  logic [31:0] bits;
  logic [19:0] ones, ones_2, ones_3, twos_2, twos_3, fours_3;
  logic [7:0] twos;
  logic eight_q;
  logic [2:0] four_q;
  logic [4:0] two_q;
  logic [1:0] one_q;
  logic [PROD_W-1:1] low_q;
  logic [COUNT_W-1:0] carry_q, carry;
  logic [HIGH_W-1:0] high;
  logic below, sum;

  assign bits    = 32'(bit_i);
  assign ones    = counts(bits[29:0]);
  assign ones_2  = counts(30'({bits[31:30], ones[9:0]}));
  assign twos_2  = counts(30'(ones[18:10]));
  assign twos    = {ones[19], ones_2[13:10], twos_2[2:0]};
  assign ones_3  = counts(30'(ones_2[2:0]));
  assign twos_3  = counts(30'(twos[5:0]));
  assign fours_3 = counts(30'(twos_2[12:10]));

  always_ff @(posedge clk_i) begin
    eight_q <= fours_3[10];
    four_q  <= {twos_3[11:10], fours_3[0]};
    two_q   <= {ones_3[10], twos[7:6], twos_3[1:0]};
    one_q   <= {ones_2[3], ones_3[0]};
    low_q   <= {sum, low_q[PROD_W-1:2]};
    carry_q <= keep_i ? carry : '0;
  end

  localparam int T = COUNT_W + 1;
  assign {carry, sum} = (T'({eight_q, four_q[0], two_q[0], one_q[0]}) + T'({four_q[1], two_q[1], one_q[1]}))
      + (T'({four_q[2], two_q[2], below}) + T'(carry_q)) + (T'({two_q[3], 1'b0}) + T'({two_q[4], 1'b0}));
  assign sum_o = {high, sum, low_q};

  if (TURNS == 1) begin : gen_turn
    assign below = 1'b0;
    assign high  = HIGH_W'(carry);
  end else begin : gen_turns
    logic lowest_q;
    logic [HIGH_W-1:0] high_q;
    assign below = !fresh_i && lowest_q;
    assign high  = (fresh_i ? '0 : high_q) + HIGH_W'(carry);
    always_ff @(posedge clk_i) begin
      lowest_q <= low_q[1];
      if (last_i) high_q <= high;
    end
  end
endmodule
