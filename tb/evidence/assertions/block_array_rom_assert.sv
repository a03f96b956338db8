// SPDX-License-Identifier: Apache-2.0
// The word-parallel sums have room for every input. A bound on the largest values says so when a matrix is built.
module block_array_rom_assert #(
  parameter int K      = 64,
  parameter int SPAN   = 32,
  parameter int SUPER  = 0,
  parameter int SLICES = 1,
  parameter int W_BITS = 4,
  parameter int ACT_W  = 12,
  parameter int SUM_W  = 32,
  parameter int ACC_W  = 64
);
  localparam int SumNeeds = ACT_W + SLICES * W_BITS + $clog2(SPAN);
  // Of one input: a code and |D| < 2^24, an offset |M| < 2^31, and integers of at most 2^7. A span's rounding adds 1.
  localparam real Code = 2.0 ** (SLICES * W_BITS) - 1.0;
  localparam real Input = 2.0 ** (ACT_W - 1) * (Code * 2.0 ** 24 + 2.0 ** 31) * ((SUPER == 0) ? 1.0 : 128.0);

  if (SumNeeds > SUM_W) begin : gen_narrow_sum
    $error("block_array_rom: a span's sum needs %0d bits and has %0d", SumNeeds, SUM_W);
  end
  if (K * Input + K / SPAN >= 2.0 ** (ACC_W - 1)) begin : gen_narrow_accumulator
    $error("block_array_rom: an accumulator needs more than %0d bits", ACC_W);
  end
endmodule

bind block_array_rom block_array_rom_assert #(
  .K     (K),
  .SPAN  (SPAN),
  .SUPER (SUPER),
  .SLICES(SLICES),
  .W_BITS(W_BITS),
  .ACT_W (ACT_W),
  .SUM_W ($bits(sum_q[0][0])),
  .ACC_W ($bits(acc_q[0]))
) u_rom_assert ();
