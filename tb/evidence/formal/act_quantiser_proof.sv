// SPDX-License-Identifier: Apache-2.0
// Block floating point, of the values of two clocks before: the shift is the least with which every value fits W bits, and each mantissa is the nearest
// (half up), or the largest where that is one too many.
module act_quantiser_proof #(
  parameter int N = 3,
  parameter int W = 12
) (
  input logic            clk_i,
  input logic [N*32-1:0] x_i
);
  logic [N*W-1:0] m;
  logic [4:0] sh;

  act_quantiser #(
    .N(N),
    .W(W)
  ) u_quantiser (
    .clk_i,
    .en_i(2'b11),
    .x_i,
    .m_o (m),
    .sh_o(sh)
  );

  logic [N*32-1:0] before_q, x_q;
  logic [1:0] age_q = 2'd0;
  always_ff @(posedge clk_i) begin
    before_q <= x_i;
    x_q      <= before_q;
    if (age_q != 2'd2) age_q <= age_q + 2'd1;
  end
  logic known;
  assign known = age_q == 2'd2;

  logic [N-1:0] fits, fits_less;
  for (genvar i = 0; i < N; i++) begin : gen_value
    logic signed [33:0] x, mantissa, error;
    assign x            = 34'($signed(x_q[i*32+:32]));
    assign mantissa     = 34'($signed(m[i*W+:W]));
    assign error        = x - (mantissa <<< sh);
    assign fits[i]      = (x >>> sh) >= -(1 << (W - 1)) && (x >>> sh) < (1 << (W - 1));
    assign fits_less[i] = sh != 0 && (x >>> (sh - 5'd1)) >= -(1 << (W - 1)) && (x >>> (sh - 5'd1)) < (1 << (W - 1));
    always_comb begin
      exact : assert (!known || sh != 0 || error == 0);
      nearest :
      assert (!known || sh == 0 || mantissa == (1 << (W - 1)) - 1
                       || (error >= -(34'sd1 <<< (sh - 5'd1)) && error < (34'sd1 <<< (sh - 5'd1))));
      largest :
      assert (!known || mantissa != (1 << (W - 1)) - 1 || (error >= -(34'sd1 <<< sh) && error < (34'sd1 <<< sh)));
    end
  end

  always_comb begin
    least : assert (!known || &fits && !(&fits_less));
    range : assert (!known || sh <= 5'(32 - W));
    cover (known && sh == 5'(32 - W) && $signed(m[W-1:0]) == -(1 << (W - 1)));
    cover (known && sh == 0 && m[W-1:0] == 5);
  end
endmodule
