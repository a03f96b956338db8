// SPDX-License-Identifier: Apache-2.0
// Block floating point: the shift is the least with which every value fits W bits, and each mantissa is the nearest
// (half up), or the largest where that is one too many.
module act_quantiser_proof #(
  parameter int N = 3,
  parameter int W = 12
) (
  input logic [N*32-1:0] x_i
);
  logic [N*W-1:0] m;
  logic [4:0] sh;

  act_quantiser #(
    .N(N),
    .W(W)
  ) u_quantiser (
    .x_i,
    .m_o (m),
    .sh_o(sh)
  );

  logic [N-1:0] fits, fits_less;
  for (genvar i = 0; i < N; i++) begin : gen_value
    logic signed [33:0] x, mantissa, error;
    assign x            = 34'($signed(x_i[i*32+:32]));
    assign mantissa     = 34'($signed(m[i*W+:W]));
    assign error        = x - (mantissa <<< sh);
    assign fits[i]      = (x >>> sh) >= -(1 << (W - 1)) && (x >>> sh) < (1 << (W - 1));
    assign fits_less[i] = sh != 0 && (x >>> (sh - 5'd1)) >= -(1 << (W - 1)) && (x >>> (sh - 5'd1)) < (1 << (W - 1));
    always_comb begin
      exact : assert (sh != 0 || error == 0);
      nearest :
      assert (sh == 0 || mantissa == (1 << (W - 1)) - 1
                       || (error >= -(34'sd1 <<< (sh - 5'd1)) && error < (34'sd1 <<< (sh - 5'd1))));
      largest : assert (mantissa != (1 << (W - 1)) - 1 || (error >= -(34'sd1 <<< sh) && error < (34'sd1 <<< sh)));
    end
  end

  always_comb begin
    least : assert (&fits && !(&fits_less));
    range : assert (sh <= 5'(32 - W));
    cover (sh == 5'(32 - W) && $signed(m[W-1:0]) == -(1 << (W - 1)));
    cover (sh == 0 && m[W-1:0] == 5);
  end
endmodule
