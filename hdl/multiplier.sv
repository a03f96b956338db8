// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// p = a*b + ADDEND of signed numbers, exactly, in three stages:
//
//   a multiple of a for each digit of b (Booth, radix 4), added up for LEVELS without carries | the same to two words | sum
//
// ADDEND is a constant, to round a product: it costs no adder.
module multiplier #(
  parameter int          A_W    = 32,
  parameter int          B_W    = 18,
  parameter logic [63:0] ADDEND = 64'd0
) (
  input  logic                      clk_i,
  input  logic                [2:0] en_i,  // of the stages: see stream_pipe
  input  logic signed [    A_W-1:0] a_i,
  input  logic signed [    B_W-1:0] b_i,
  output logic signed [A_W+B_W-1:0] p_o
);
  localparam int P_W = A_W + B_W;
  localparam int DIGITS = (B_W + 1) / 2;
  localparam int ROWS = DIGITS + 1;
  localparam int LEVELS = 2;
  localparam int WORDS = words_after(LEVELS);
  localparam int LAST = 2 * (DIGITS - 1);  // place of the last digit

  `REQUIRE(product_has_64_bits, A_W >= 2 && B_W >= 2 && P_W <= 64)
  `REQUIRE(last_place_is_free, LAST <= A_W && !ADDEND[LAST])

  // Words that are left of the rows after so many levels, each of which makes two of three.
  function automatic int words_after(input int levels);
    words_after = ROWS;
    for (int level = 0; level < levels; level++) words_after = words_after - words_after / 3;
  endfunction

  // The sign of a multiple counts downwards. Inverted it counts upwards, with minus one in its place: all these are here.
  function automatic logic [P_W-1:0] constant();
    constant = P_W'(ADDEND);
    for (int d = 0; d < DIGITS; d++) constant = constant - (P_W'(1) << (A_W + 1 + 2 * d));
  endfunction
  localparam logic [P_W-1:0] CONSTANT = constant();

  logic [P_W-1:0] row[ROWS];  // of the stage that works on them, for no longer than that

  function automatic void make_rows(input logic signed [A_W-1:0] factor, input logic signed [B_W-1:0] other);
    logic [2*DIGITS:0] bits;
    logic [A_W+1:0] multiple;
    bits = (2 * DIGITS + 1)'($signed({other, 1'b0}));
    for (int d = 0; d < DIGITS; d++) begin
      multiple = ({A_W + 2{bits[2*d+1] ^ bits[2*d]}} & (A_W + 2)'(factor)) |
          ({A_W + 2{bits[2*d+1] == bits[2*d] && bits[2*d+2] != bits[2*d]}} & {factor[A_W-1], factor, 1'b0});
      multiple = multiple ^ {A_W + 2{bits[2*d+2]}} ^ {1'b1, {A_W + 1{1'b0}}};
      row[d] = P_W'(multiple) << (2 * d);
      // The one that is missing where the multiple before was inverted.
      if (d != 0) row[d] = row[d] | (P_W'(bits[2*d]) << (2 * d - 2));
    end
    row[DIGITS] = CONSTANT | (P_W'(bits[2*DIGITS]) << LAST);
  endfunction

  function automatic void add_up(input int count, input int levels);
    int left, into;
    logic [P_W-1:0] x, y, z;
    left = count;
    for (int level = 0; level < levels; level++) begin
      into = 0;
      for (int i = 0; i < left / 3; i++) begin
        x = row[3*i];
        y = row[3*i+1];
        z = row[3*i+2];
        row[into] = x ^ y ^ z;
        row[into+1] = ((x & y) | (x & z) | (y & z)) << 1;
        into = into + 2;
      end
      for (int i = left - left % 3; i < left; i++) begin
        row[into] = row[i];
        into = into + 1;
      end
      left = into;
    end
  endfunction

  logic [WORDS*64-1:0] words_q;
  logic [2*64-1:0] pair_q;
  logic [P_W-1:0] p_q;
  assign p_o = p_q;

  always @(posedge clk_i) begin
    if (en_i[0]) begin
      make_rows(a_i, b_i);
      add_up(ROWS, LEVELS);
      for (int i = 0; i < WORDS; i++) words_q[i*64+:64] <= 64'(row[i]);
    end
    if (en_i[1]) begin
      for (int i = 0; i < WORDS; i++) row[i] = P_W'(words_q[i*64+:64]);
      add_up(WORDS, 8);
      pair_q <= {64'(row[1]), 64'(row[0])};
    end
    if (en_i[2]) p_q <= P_W'(pair_q[63:0]) + P_W'(pair_q[127:64]);
  end
endmodule
