// SPDX-License-Identifier: Apache-2.0
// a_i * b_i, a_i unsigned and b_i signed, exact, as two words that have yet to be added: s_o + c_o. A row for each bit of
// a_i, of which full adders take three to two until two are left.
module product_words #(
  parameter int A_W = 11,  // at most 12
  parameter int B_W = 20
) (
  input  logic            [A_W-1:0] a_i,
  input  logic signed     [B_W-1:0] b_i,
  output logic signed [A_W+B_W-1:0] s_o,
  output logic signed [A_W+B_W-1:0] c_o
);
  localparam int OUT_W = A_W + B_W;

  // The signs of all rows are inverted, as if 1 were added at each. What takes that back is 1 at the first of them, which
  // that row can take in, and 1 above the last.
  logic [A_W*OUT_W-1:0] row;
  for (genvar i = 0; i < A_W; i++) begin : gen_row
    logic [B_W-1:0] bits;
    assign bits = b_i & {B_W{a_i[i]}};
    if (i == 0) begin : gen_first
      assign row[OUT_W-1:0] = (OUT_W'(1) << (OUT_W - 1)) | OUT_W'({!bits[B_W-1], bits});
    end else begin : gen_next
      assign row[i*OUT_W+:OUT_W] = OUT_W'({!bits[B_W-1], bits[B_W-2:0]}) << i;
    end
  end

  // Rows that are left after so many levels of full adders.
  function automatic int rows_at(input int level);
    rows_at = A_W;
    for (int i = 0; i < level; i++) rows_at = rows_at - rows_at / 3;
  endfunction

  // What is there first goes on first: rows that were left, carries, sums.
  localparam int LEVELS = (A_W > 9) ? 5 : (A_W > 6) ? 4 : (A_W > 4) ? 3 : (A_W > 3) ? 2 : 1;
  for (genvar l = 0; l < LEVELS; l++) begin : gen_level
    localparam int IN = rows_at(l);
    localparam int OUT = rows_at(l + 1);
    logic [IN*OUT_W-1:0] in;
    logic [OUT*OUT_W-1:0] out;
    if (l == 0) begin : gen_first
      assign in = row;
    end else begin : gen_next
      assign in = gen_level[l-1].out;
    end
    for (genvar i = 0; i < IN % 3; i++) begin : gen_rest
      assign out[i*OUT_W+:OUT_W] = in[(IN/3*3+i)*OUT_W+:OUT_W];
    end
    for (genvar i = 0; i < IN / 3; i++) begin : gen_adders
      logic [OUT_W-1:0] a, b, c;
      assign {c, b, a} = in[3*i*OUT_W+:3*OUT_W];
      assign out[(IN%3+i)*OUT_W+:OUT_W] = ((a & b) | (c & (a ^ b))) << 1;
      assign out[(IN%3+IN/3+i)*OUT_W+:OUT_W] = a ^ b ^ c;
    end
  end
  assign {c_o, s_o} = gen_level[LEVELS-1].out;
endmodule
