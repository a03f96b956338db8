// SPDX-License-Identifier: Apache-2.0
// The scaling unit against cartridge_pkg::scaled, the ROM view's arithmetic: rsr(D*sum + M*xsum, shift), for every scale
// that a die accepts (|d| < 1, |m| < 128). In parts, since two signed multiplications at once are too much for a solver:
//
//   D and M of every scale; D*sum and M*xsum of every scale >= 0 at full width; those of either sign with FEW bits of
//   fraction and of sum; the rounded sum of any two products at full width, every shift.
module scaling_unit_proof #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 17,
  parameter int FEW    = 4
) (
  input logic              [31:0] scale_i,
  input logic  signed [SUM_W-1:0] sum_i,
  input logic signed [XSUM_W-1:0] xsum_i,
  input logic signed       [63:0] d_i,
  input logic signed       [63:0] m_i,
  input logic               [4:0] shift_i
);
  localparam int PART_W = ((SUM_W + 23 > XSUM_W + 30) ? SUM_W + 23 : XSUM_W + 30) + 3;
  localparam int D_W = SUM_W + 25;  // bits of D*sum and M*xsum
  localparam int M_W = XSUM_W + 32;

  always_comb assume (scale_i[14:10] < 5'd15 && scale_i[30:26] < 5'd22);

  for (genvar e = 0; e < 22; e++) begin : gen_exponent
    scaled_part #(
      .SUM_W (SUM_W),
      .XSUM_W(XSUM_W),
      .PART_W(PART_W)
    ) u_positive (
      .scale_i({1'b0, 5'(e), scale_i[25:16], 1'b0, 5'(e % 15), scale_i[9:0]}),
      .sum_i,
      .xsum_i
    );

    for (genvar s = 0; s < 2; s++) begin : gen_sign
      scaled_part #(
        .SUM_W (SUM_W),
        .XSUM_W(XSUM_W),
        .PART_W(PART_W)
      ) u_short (
        .scale_i({1'(s), 5'(e), scale_i[25-:FEW], (10 - FEW)'(0), 1'(s), 5'(e % 15), scale_i[9-:FEW], (10 - FEW)'(0)}),
        .sum_i  (SUM_W'($signed(sum_i[FEW-1:0]))),
        .xsum_i (XSUM_W'($signed(xsum_i[FEW-1:0])))
      );
    end
  end

  scaled_part #(
    .SUM_W (SUM_W),
    .XSUM_W(XSUM_W),
    .PART_W(PART_W)
  ) u_scale (
    .scale_i,
    .sum_i (SUM_W'(1)),
    .xsum_i(XSUM_W'(1))
  );

  // D = M = 1: the sums themselves are the products.
  logic signed [PART_W-1:0] part;
  logic half;
  logic signed [D_W-1:0] d;
  logic signed [M_W-1:0] m;
  assign d = d_i[D_W-1:0];
  assign m = m_i[M_W-1:0];

  scaling_unit #(
    .SUM_W (D_W),
    .XSUM_W(M_W),
    .PART_W(PART_W)
  ) u_unit (
    .scale_i(32'h0001_0001),
    .sum_i  (d),
    .xsum_i (m),
    .shift_i,
    .part_o (part),
    .half_o (half)
  );

  always_comb begin
    rounded : assert (64'(part) + 64'(half) == cartridge_pkg::rsr(64'(d) + 64'(m), {1'b0, shift_i}));
    cover (half && part < -1000 && shift_i == 16);
    cover (u_scale.u_unit.d_part < -1000000);
  end
endmodule

// Both products of one unit.
module scaled_part #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 17,
  parameter int PART_W = 52
) (
  input logic              [31:0] scale_i,
  input logic  signed [SUM_W-1:0] sum_i,
  input logic signed [XSUM_W-1:0] xsum_i
);
  logic signed [PART_W-1:0] part;
  logic half;

  scaling_unit #(
    .SUM_W (SUM_W),
    .XSUM_W(XSUM_W),
    .PART_W(PART_W)
  ) u_unit (
    .scale_i,
    .sum_i,
    .xsum_i,
    .shift_i('0),
    .part_o (part),
    .half_o (half)
  );

  always_comb begin
    d : assert (64'(u_unit.d_part) == 64'(cartridge_pkg::half_to_int(scale_i[15:0])) * 64'(sum_i));
    m : assert (64'(u_unit.m_part) == 64'(cartridge_pkg::half_to_int(scale_i[31:16])) * 64'(xsum_i));
    d_width : assert (u_unit.d_part == PART_W'($signed(u_unit.d_part[SUM_W+24:0])));
    m_width : assert (u_unit.m_part == PART_W'($signed(u_unit.m_part[XSUM_W+31:0])));
  end
endmodule
