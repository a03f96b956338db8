// SPDX-License-Identifier: Apache-2.0
// A step of the signature from any state, for beats of which any two lanes hold any values and the others 0 (a sum of
// more is an order of exclusive ors that no solver ends with): what docs/formats.md says. Two signatures that differ
// stay different whatever both get, and two beats whose words differ may not change places.
module signature_proof (
  input logic        clk_i,
  input logic        rst_i,
  input logic        fire_i,
  input logic [ 4:0] first_i,   // lanes
  input logic [ 4:0] second_i,
  input logic [31:0] x_i,       // their values
  input logic [31:0] y_i
);
  import cartridge_pkg::*;

  function automatic logic [31:0] turned(input logic [31:0] value, input logic [4:0] lane);
    turned = (value << lane) | (value >> (6'd32 - 6'(lane)));
  endfunction

  function automatic logic [31:0] moved(input logic [31:0] sum);
    moved = {sum[30:0], 1'b0} ^ (sum[31] ? 32'h04C1_1DB7 : '0);
  endfunction

  logic [BEAT_W-1:0] data;
  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    assign data[l*32+:32] = 5'(l) == first_i ? x_i : 5'(l) == second_i ? y_i : '0;
  end

  logic [31:0] a, b, a_q, b_q, word_q;
  logic init_q = 1'b1;
  logic rst_q, fire_q;

  signature u_a (
    .clk_i,
    .rst_i,
    .fire_i,
    .data_i(data),
    .sum_o (a)
  );
  signature u_b (
    .clk_i,
    .rst_i (1'b0),
    .fire_i,
    .data_i(data),
    .sum_o (b)
  );

  always_ff @(posedge clk_i) begin
    init_q <= 1'b0;
    rst_q  <= rst_i;
    fire_q <= fire_i;
    a_q    <= a;
    b_q    <= b;
    word_q <= turned(x_i, first_i) ^ turned(y_i, second_i);
  end

  always_comb begin
    assume (first_i != second_i);
    if (!init_q) begin
      step : assert (a == (rst_q ? '0 : fire_q ? moved(a_q) ^ word_q : a_q));
      if (!rst_q && a_q != b_q) kept : assert (a != b);
      // of beats u, v the sums are moved(u) ^ v and moved(v) ^ u: alike if moved(u ^ v) == u ^ v
      if (x_i != '0) order : assert (moved(x_i) != x_i);
      cover (fire_q && !rst_q && a_q[31] && a == 32'd5);
    end
  end
endmodule
