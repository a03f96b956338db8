// SPDX-License-Identifier: Apache-2.0
// The word-parallel sums have room for every input. A bound on the largest values says so when a matrix is built.
module block_array_rom_assert #(
  parameter int GROUPS = 1,
  parameter int GROUP  = 32,
  parameter int SLICES = 1,
  parameter int W_BITS = 4,
  parameter int ACT_W  = 12,
  parameter int SUM_W  = 32,
  parameter int ACC_W  = 64
);
  localparam int SumNeeds = ACT_W + SLICES * W_BITS + $clog2(GROUP);
  // |D| < 2^24, |M| < 2^31, 32 activations; a bit for the sum of both parts and one for rounding up.
  localparam int XSumNeeds = ACT_W + $clog2(GROUP);
  localparam int PartNeeds = ((SumNeeds + 24 > XSumNeeds + 31) ? SumNeeds + 24 : XSumNeeds + 31) + 2;

  if (SumNeeds > SUM_W) begin : gen_narrow_sum
    $error("block_array_rom: a group's sum needs %0d bits and has %0d", SumNeeds, SUM_W);
  end
  if (PartNeeds + $clog2(GROUPS) > ACC_W) begin : gen_narrow_accumulator
    $error("block_array_rom: an accumulator needs %0d bits and has %0d", PartNeeds + $clog2(GROUPS), ACC_W);
  end
endmodule

bind block_array_rom block_array_rom_assert #(
  .GROUPS(GROUPS),
  .GROUP (cartridge_pkg::GROUP),
  .SLICES(SLICES),
  .W_BITS(W_BITS),
  .ACT_W (ACT_W),
  .SUM_W ($bits(sum_q[0][0])),
  .ACC_W ($bits(acc_q[0]))
) u_rom_assert ();
