// One column's accumulator: adds a signed PROD_W-bit product that arrives bit-serially, least significant bit first.
// The low PROD_W bits recirculate through one full adder; the last bit of a product, its sign, and the carry that
// leaves the adder settle the high part in the same clock, so a row takes PROD_W clocks and no more.
module serial_accumulator #(
  parameter int PROD_W = 16,
  parameter int HIGH_W = 6
) (
  input  logic                            clk_i,
  input  logic                            clear_i,
  input  logic                            en_i,
  input  logic                            last_i,  // this bit is the product's sign
  input  logic                            bit_i,
  output logic signed [PROD_W+HIGH_W-1:0] sum_o
);
  logic        [PROD_W-1:0] low_q;
  logic signed [HIGH_W-1:0] high_q;
  logic                     carry_q, carry, sum;

  assign sum   = low_q[0] ^ bit_i ^ carry_q;
  assign carry = (low_q[0] & bit_i) | (low_q[0] & carry_q) | (bit_i & carry_q);
  assign sum_o = {high_q, low_q};

  always_ff @(posedge clk_i) begin
    if (clear_i) begin
      low_q   <= '0;
      high_q  <= '0;
      carry_q <= 1'b0;
    end else if (en_i) begin
      low_q   <= {sum, low_q[PROD_W-1:1]};
      carry_q <= carry & ~last_i;
      // A set sign bit was added as +2^(PROD_W-1) and weighs -2^(PROD_W-1): take one 2^PROD_W back.
      if (last_i) high_q <= high_q + $signed({{(HIGH_W - 1) {1'b0}}, carry}) - $signed({{(HIGH_W - 1) {1'b0}}, bit_i});
    end
  end
endmodule
