// SPDX-License-Identifier: Apache-2.0
// N signed values times an unsigned factor, moved down by places_i from LIFT places up, rounded and clamped to OUT_W bits:
// a product in three stages | moved | rounded.
module value_scaler #(
  parameter int N        = 1,
  parameter int W        = 40,
  parameter int FACTOR_W = 11,
  parameter int LIFT     = 0,
  parameter int OUT_W    = 32
) (
  input  logic                clk_i,
  input  logic          [4:0] en_i,      // of the stages: see stream_pipe
  input  logic                clear_i,   // what came out is 0 again
  input  logic      [N*W-1:0] x_i,
  input  logic [FACTOR_W-1:0] factor_i,
  input  logic          [5:0] places_i,
  output logic  [N*OUT_W-1:0] y_o
);
  localparam int PRODUCT_W = W + FACTOR_W + 1;
  localparam int MOVED_W = PRODUCT_W + LIFT + 1;  // with the bit by which it is rounded

  logic [N*PRODUCT_W-1:0] product;
  logic [5:0] places_0_q, places_1_q, places_2_q;  // on their way beside the product
  logic signed [OUT_W:0] half_q[N];  // a value and the bit below it
  logic [1:0] over_q[N];  // it does not fit, and is negative
  logic [N*OUT_W-1:0] y_q;
  assign y_o = y_q;

  multiplier #(
    .A_W(W),
    .B_W(FACTOR_W + 1),
    .N  (N)
  ) u_product (
    .clk_i,
    .en_i(en_i[2:0]),
    .a_i (x_i),
    .b_i ({N{1'b0, factor_i}}),
    .p_o (product)
  );

  always_ff @(posedge clk_i) begin
    if (en_i[0]) places_0_q <= places_i;
    if (en_i[1]) places_1_q <= places_0_q;
    if (en_i[2]) places_2_q <= places_1_q;
  end

  // {it does not fit, its sign, a value with the bit below it}
  function automatic logic [OUT_W+2:0] moved(input logic [PRODUCT_W-1:0] value, input logic [5:0] down);
    logic signed [MOVED_W-1:0] half;
    half  = $signed({value, {LIFT + 1{1'b0}}}) >>> down;
    moved = {half[MOVED_W-1:OUT_W] != {MOVED_W - OUT_W{half[MOVED_W-1]}}, half[MOVED_W-1], half[OUT_W:0]};
  endfunction

  // Only rounding up the largest value could leave the range: it stays.
  function automatic logic [OUT_W-1:0] rounded(input logic signed [OUT_W:0] half, input logic [1:0] over);
    if (over[1]) rounded = {over[0], {OUT_W - 1{!over[0]}}};
    else if (half[OUT_W:1] == {1'b0, {OUT_W - 1{1'b1}}}) rounded = half[OUT_W:1];
    else rounded = half[OUT_W:1] + OUT_W'(half[0]);
  endfunction

  // Each stage takes what the one ahead of it left in the clock before: the last is the first to move.
  always @(posedge clk_i) begin
    if (clear_i || en_i[4]) begin
      // verilator unroll_disable
      for (int unsigned n = 0; n < N; n++) y_q[n*OUT_W+:OUT_W] <= clear_i ? '0 : rounded(half_q[n], over_q[n]);
    end
    if (en_i[3]) begin
      // verilator unroll_disable
      for (int unsigned n = 0; n < N; n++) begin
        {over_q[n], half_q[n]} = moved(product[n*PRODUCT_W+:PRODUCT_W], places_2_q);
      end
    end
  end
endmodule
