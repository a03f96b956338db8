// SPDX-License-Identifier: Apache-2.0
// The rows of a multiplier are a*b in parts, with what was added at their signs taken back, and every full adder keeps
// the sum of what it takes: so the two words that are left are a*b. Where the words are short, the whole product besides.
module product_words_proof #(
  parameter int A_W = 11,
  parameter int B_W = 20
) (
  input logic        [A_W-1:0] a_i,
  input logic signed [B_W-1:0] b_i,
  input logic            [3:0] short_a_i,
  input logic signed     [4:0] short_b_i
);
  localparam int OUT_W = A_W + B_W;
  typedef logic [OUT_W-1:0] word_t;
  localparam word_t SIGNS = ((word_t'(1) << A_W) - 1) << (B_W - 1);  // 1 at the sign of each row

  logic signed [OUT_W-1:0] s, c;
  product_words #(
    .A_W(A_W),
    .B_W(B_W)
  ) u_words (
    .a_i,
    .b_i,
    .s_o(s),
    .c_o(c)
  );

  for (genvar i = 0; i < A_W; i++) begin : gen_row
    word_t part;
    assign part = a_i[i] ? (word_t'(b_i) << i) : '0;
    always_comb begin
      row : assert (u_words.row[i*OUT_W+:OUT_W] == part + (word_t'(1) << (B_W - 1 + i)) - ((i == 0) ? SIGNS : '0));
    end
  end

  function automatic int rows_at(input int level);
    rows_at = A_W;
    for (int i = 0; i < level; i++) rows_at = rows_at - rows_at / 3;
  endfunction

  localparam int LEVELS = (A_W > 9) ? 5 : 4;
  always_comb two_left : assert (rows_at(LEVELS) == 2);
  for (genvar l = 0; l < LEVELS; l++) begin : gen_level
    for (genvar i = 0; i < rows_at(l) / 3; i++) begin : gen_adders
      localparam int REST = rows_at(l) % 3;
      localparam int ADDERS = rows_at(l) / 3;
      word_t taken, given;
      assign taken = u_words.gen_level[l].in[3*i*OUT_W+:OUT_W] + u_words.gen_level[l].in[(3*i+1)*OUT_W+:OUT_W]
          + u_words.gen_level[l].in[(3*i+2)*OUT_W+:OUT_W];
      assign given = u_words.gen_level[l].out[(REST+i)*OUT_W+:OUT_W]
          + u_words.gen_level[l].out[(REST+ADDERS+i)*OUT_W+:OUT_W];
      always_comb kept : assert (taken == given);
    end
  end

  logic signed [8:0] short_s, short_c;
  product_words #(
    .A_W(4),
    .B_W(5)
  ) u_short (
    .a_i(short_a_i),
    .b_i(short_b_i),
    .s_o(short_s),
    .c_o(short_c)
  );

  always_comb begin
    product : assert (9'(short_s + short_c) == 9'($signed({1'b0, short_a_i}) * short_b_i));
    cover (short_s + short_c == -240);
  end
endmodule
