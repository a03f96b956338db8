// SPDX-License-Identifier: Apache-2.0
// One column's accumulator: adds the bits of BIT_LINES unsigned PROD_W-bit products, which arrive bit-serially, least
// significant bit first, over TURNS turns that may follow each other without a gap.
//
//   bit lines --> count, in registers --(+)--> low_q, recirculating     carry_q: what the next bit inherits
//
// The low PROD_W bits recirculate through one small adder, but in a single turn, where nothing is to be added to. With the
// last bits of a turn the carry that leaves the adder is what it adds to the high part, and sum_o is complete.
// fresh_i, keep_i and last_i are of the bits that were counted in the clock before.
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

  localparam int T = COUNT_W + 1;
  logic [PROD_W-1:1] low_q;
  logic [COUNT_W-1:0] carry_q, carry;
  logic [HIGH_W-1:0] earlier, high;  // of the turns before, and with this one
  logic below, sum;

  if (BIT_LINES < 8) begin : gen_few
    function automatic logic [COUNT_W-1:0] ones(input logic [BIT_LINES-1:0] bits);
      ones = '0;
      for (int unsigned i = 0; i < BIT_LINES; i++) ones = ones + COUNT_W'(bits[i]);
    endfunction

    logic [COUNT_W-1:0] count_q;
    always_ff @(posedge clk_i) count_q <= ones(bit_i);
    assign {carry, sum} = T'(count_q) + T'(carry_q) + T'(below);
  end else begin : gen_many
    // Full adders take three bits to a sum and a carry, those of a word all at once: its lowest third, the next, the next.
    // Three levels of them leave 11 bits of 32, one of weight 8, three of 4, five of 2, two of 1.
    localparam int N0 = BIT_LINES;  // bits of weight 1 ahead of each level
    localparam int N1 = N0 - N0 / 3 * 2;
    localparam int N2 = N1 - N1 / 3 * 2;
    localparam int M1 = N0 / 3;  // of weight 2
    localparam int M2 = M1 - M1 / 3 * 2 + N1 / 3;
    localparam int L2 = M1 / 3;  // of weight 4

    function automatic logic [31:0] sums(input logic [31:0] bits, input int third);
      logic [31:0] mask;
      mask = (32'd1 << third) - 1;
      sums = ((bits ^ (bits >> third) ^ (bits >> 2 * third)) & mask) | (bits >> 3 * third << third);
    endfunction

    function automatic logic [31:0] carries(input logic [31:0] bits, input int third);
      logic [31:0] a, b, c;
      a = bits;
      b = bits >> third;
      c = bits >> 2 * third;
      carries = ((a & b) | (c & (a ^ b))) & ((32'd1 << third) - 1);
    endfunction

    logic [31:0] bits, ones_1, ones_2, twos_1, twos_2, fours_2, one_q, two_q, four_q, eight_q;
    assign bits    = 32'(bit_i);
    assign ones_1  = sums(bits, N0 / 3);
    assign twos_1  = carries(bits, N0 / 3);
    assign ones_2  = sums(ones_1, N1 / 3);
    assign twos_2  = sums(twos_1, M1 / 3) | (carries(ones_1, N1 / 3) << (M1 - M1 / 3 * 2));
    assign fours_2 = carries(twos_1, M1 / 3);
    always_ff @(posedge clk_i) begin
      one_q   <= sums(ones_2, N2 / 3);
      two_q   <= sums(twos_2, M2 / 3) | (carries(ones_2, N2 / 3) << (M2 - M2 / 3 * 2));
      four_q  <= sums(fours_2, L2 / 3) | (carries(twos_2, M2 / 3) << (L2 - L2 / 3 * 2));
      eight_q <= carries(fours_2, L2 / 3);
    end
    assign {carry, sum} = (T'({eight_q[0], four_q[0], two_q[0], one_q[0]}) + T'({four_q[1], two_q[1], one_q[1]}))
        + (T'({four_q[2], two_q[2], below}) + T'(carry_q)) + (T'({two_q[3], 1'b0}) + T'({two_q[4], 1'b0}));
  end

  always_ff @(posedge clk_i) begin
    low_q   <= {sum, low_q[PROD_W-1:2]};
    carry_q <= keep_i ? carry : '0;
  end
  assign sum_o = {high, sum, low_q};

  assign high = earlier + HIGH_W'(carry);

  if (TURNS == 1) begin : gen_turn
    assign below   = 1'b0;
    assign earlier = '0;
  end else begin : gen_turns
    logic lowest_q;
    logic [HIGH_W-1:0] high_q;
    assign below   = !fresh_i && lowest_q;
    assign earlier = fresh_i ? '0 : high_q;
    always_ff @(posedge clk_i) begin
      lowest_q <= low_q[1];
      if (last_i) high_q <= high;
    end
  end
endmodule
