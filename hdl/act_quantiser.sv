// Block floating point: N FX values to N mantissas of W bits and one shift (docs/formats.md, `quantise`).
module act_quantiser #(
  parameter int N = 32,
  parameter int W = 12
) (
  input  logic [N*32-1:0] x_i,
  output logic [ N*W-1:0] m_o,
  output logic [     4:0] sh_o
);
  import cartridge_pkg::*;

  logic        [31:0] any;
  logic        [ 5:0] len;
  logic signed [63:0] r;

  always @* begin
    any = '0;
    for (int unsigned i = 0; i < N; i++) any = any | magnitude(x_i[i*32+:32]);
  end

  assign len  = bit_length(any);
  assign sh_o = (len > 6'(W - 1)) ? 5'(len - 6'(W - 1)) : 5'd0;

  always @* begin
    r = '0;
    for (int unsigned i = 0; i < N; i++) begin
      r = rsr(64'($signed(x_i[i*32+:32])), {1'b0, sh_o});
      // Only rounding up the largest values can leave the range, and only upwards.
      m_o[i*W+:W] = (r >= (64'sd1 <<< (W - 1))) ? {1'b0, {(W - 1) {1'b1}}} : r[W-1:0];
    end
  end
endmodule
