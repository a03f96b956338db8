// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// p = a*b + ADDEND of N pairs of signed numbers side by side, exactly, in three stages:
//
//   a multiple of a for each digit of b (Booth, radix 4), added up for LEVELS without carries | the same to two words | sum
//
// ADDEND is a constant, to round a product: it costs no adder. SIDE products are the inner loop, over arrays of 32 or
// 64 bits, of which a C++ compiler makes vectors; a synthesis reads small arrays several times as fast as those of all pairs.
module multiplier #(
  parameter int          A_W    = 32,
  parameter int          B_W    = 18,
  parameter logic [63:0] ADDEND = 64'd0,
  parameter int          N      = 1
) (
  input  logic                   clk_i,
  input  logic [            2:0] en_i,  // of the stages: see stream_pipe
  input  logic [      N*A_W-1:0] a_i,   // each signed, the first one low
  input  logic [      N*B_W-1:0] b_i,
  output logic [N*(A_W+B_W)-1:0] p_o
);
  localparam int P_W = A_W + B_W;
  localparam int WORD_W = (P_W <= 32) ? 32 : 64;
  localparam int DIGITS = (B_W + 1) / 2;
  localparam int ROWS = DIGITS + 1;
  localparam int LEVELS = 2;
  localparam int WORDS = words_after(LEVELS);
  localparam int SIDE = (N % 8 == 0) ? 8 : (N % 4 == 0) ? 4 : 1;  // pairs that are worked on side by side
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

  logic [WORD_W-1:0] a[SIDE];
  logic [2*DIGITS:0] b[SIDE];
  logic [WORD_W-1:0] multiple[SIDE];
  logic [WORD_W-1:0] row[ROWS][SIDE];  // of the stage that works on them, for no longer than that
  logic [WORD_W-1:0] x[SIDE], y[SIDE], z[SIDE];

  function automatic void make_rows(input int unsigned from);
    // verilator unroll_disable
    for (int unsigned n = 0; n < SIDE; n++) begin
      a[n] = WORD_W'($signed(a_i[(from+n)*A_W+:A_W]));
      b[n] = (2 * DIGITS + 1)'($signed({b_i[(from+n)*B_W+:B_W], 1'b0}));
      row[DIGITS][n] = WORD_W'(CONSTANT) | (WORD_W'(b[n][2*DIGITS]) << LAST);
    end
    for (int d = 0; d < DIGITS; d++) begin
      // verilator unroll_disable
      for (int unsigned n = 0; n < SIDE; n++) begin
        multiple[n] = ({WORD_W{b[n][2*d+1] ^ b[n][2*d]}} & a[n]) |
            ({WORD_W{b[n][2*d+1] == b[n][2*d] && b[n][2*d+2] != b[n][2*d]}} & (a[n] << 1));
        multiple[n] = WORD_W'((A_W + 2)'(multiple[n] ^ {WORD_W{b[n][2*d+2]}}) ^ {1'b1, {A_W + 1{1'b0}}});
        row[d][n] = multiple[n] << (2 * d);
        // The one that is missing where the multiple before was inverted.
        if (d != 0) row[d][n] = row[d][n] | (WORD_W'(b[n][2*d]) << (2 * d - 2));
      end
    end
  endfunction

  function automatic void add_up(input int count, input int levels);
    int left, into;
    left = count;
    for (int level = 0; level < levels; level++) begin
      into = 0;
      for (int i = 0; i < left / 3; i++) begin
        // verilator unroll_disable
        for (int unsigned n = 0; n < SIDE; n++) begin
          x[n] = row[3*i][n];
          y[n] = row[3*i+1][n];
          z[n] = row[3*i+2][n];
          row[into][n] = x[n] ^ y[n] ^ z[n];
          row[into+1][n] = ((x[n] & y[n]) | (x[n] & z[n]) | (y[n] & z[n])) << 1;
        end
        into = into + 2;
      end
      for (int i = left - left % 3; i < left; i++) begin
        // verilator unroll_disable
        for (int unsigned n = 0; n < SIDE; n++) row[into][n] = row[i][n];
        into = into + 1;
      end
      left = into;
    end
  endfunction

  logic [WORD_W-1:0] words_q[WORDS][N];
  logic [WORD_W-1:0] low_q[N], high_q[N];
  logic [N*P_W-1:0] p_q;
  assign p_o = p_q;

  // Each stage takes what the one ahead of it left in the clock before: the last is the first to move.
  always @(posedge clk_i) begin
    if (en_i[2]) begin
      // verilator unroll_disable
      for (int unsigned n = 0; n < N; n++) p_q[n*P_W+:P_W] <= P_W'(low_q[n] + high_q[n]);
    end
    if (en_i[1]) begin
      // verilator unroll_disable
      for (int unsigned first = 0; first < N; first += SIDE) begin
        for (int i = 0; i < WORDS; i++) begin
          // verilator unroll_disable
          for (int unsigned n = 0; n < SIDE; n++) row[i][n] = words_q[i][first+n];
        end
        add_up(WORDS, 8);
        // verilator unroll_disable
        for (int unsigned n = 0; n < SIDE; n++) begin
          low_q[first+n]  = row[0][n];
          high_q[first+n] = row[1][n];
        end
      end
    end
    if (en_i[0]) begin
      // verilator unroll_disable
      for (int unsigned first = 0; first < N; first += SIDE) begin
        make_rows(first);
        add_up(ROWS, LEVELS);
        for (int i = 0; i < WORDS; i++) begin
          // verilator unroll_disable
          for (int unsigned n = 0; n < SIDE; n++) words_q[i][first+n] = row[i][n];
        end
      end
    end
  end
endmodule
