// SPDX-License-Identifier: Apache-2.0
// A span's sums times the magnitudes of its two integers, exactly: |s|*sum and, with PAIR, |n|*xsum, two clocks later,
// ahead of a scaling unit. Only arrays whose weights have such integers (K-quants, docs/formats.md) have these.
module sub_scale #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 18,
  parameter int PAIR   = 1
) (
  input  logic                     clk_i,
  input  logic        [      15:0] integers_i,  // {n, s}, 8 bits signed each.
  input  logic signed [ SUM_W-1:0] sum_i,
  input  logic signed [XSUM_W-1:0] xsum_i,
  output logic signed [ SUM_W+7:0] sum_o,
  output logic signed [XSUM_W+7:0] xsum_o
);
  function automatic logic [7:0] magnitude_of(input logic [7:0] integer_i);
    magnitude_of = integer_i[7] ? -integer_i : integer_i;
  endfunction

  logic [7:0] s_q;
  logic signed [SUM_W-1:0] sum_q;
  logic signed [SUM_W+7:0] s, c, s_sum_q, s_carry_q;

  product_words #(
    .A_W(8),
    .B_W(SUM_W)
  ) u_s (
    .a_i(s_q),
    .b_i(sum_q),
    .s_o(s),
    .c_o(c)
  );

  always_ff @(posedge clk_i) begin
    s_q       <= magnitude_of(integers_i[7:0]);
    sum_q     <= sum_i;
    s_sum_q   <= s;
    s_carry_q <= c;
  end
  assign sum_o = s_sum_q + s_carry_q;

  if (PAIR != 0) begin : gen_pair
    logic [7:0] n_q;
    logic signed [XSUM_W-1:0] xsum_q;
    logic signed [XSUM_W+7:0] n_s, n_c, n_sum_q, n_carry_q;

    product_words #(
      .A_W(8),
      .B_W(XSUM_W)
    ) u_n (
      .a_i(n_q),
      .b_i(xsum_q),
      .s_o(n_s),
      .c_o(n_c)
    );

    always_ff @(posedge clk_i) begin
      n_q       <= magnitude_of(integers_i[15:8]);
      xsum_q    <= xsum_i;
      n_sum_q   <= n_s;
      n_carry_q <= n_c;
    end
    assign xsum_o = n_sum_q + n_carry_q;
  end else begin : gen_one
    assign xsum_o = '0;
  end
endmodule
