// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// What an accumulator takes is its last value and a span's part, both in full width: no bit is lost on the way.
module scale_drain_assert #(
  parameter int UNITS  = 1,
  parameter int SHARE  = 1,
  parameter int PLACES = 4,
  parameter int ACC_W  = 1
) (
  input logic               clk_i,
  input logic               drain_i,
  input logic               first_i,
  input logic        [ 2:0] part_i,
  input logic         [4:0] shift_i,
  input logic signed [31:0] xsum_i
);
  if (ACC_W - PLACES > 64) begin : gen_wide
    $error("scale_drain: accumulators of %0d bits do not fit the 64 that read them", ACC_W);
  end

  for (genvar u = 0; u < UNITS; u++) begin : gen_unit
    logic signed [63:0] part;
    logic signed [ACC_W+1:0] last, next;
    assign last = first_i ? '0 : (ACC_W + 2)'($signed(scale_drain.gen_unit[u].ring_q[ACC_W-1:0]));
    assign next = last + (ACC_W + 2)'(part);
    assign part = cartridge_pkg::sub_scaled(
        scale_drain.gen_unit[u].scale,
        scale_drain.row_integers[(u*SHARE+32'(part_i))*16+:16],
        32'(scale_drain.gen_unit[u].sum),
        xsum_i,
        {
          1'b0, shift_i
        }
    );

    always_ff @(posedge clk_i) begin
      if (drain_i)
        `HOLDS(exact, (ACC_W + 2)'($signed(scale_drain.gen_unit[u].added)) == next, "an accumulator lost bits")
    end
  end
endmodule

bind scale_drain scale_drain_assert #(
  .UNITS (N / SHARE),
  .SHARE (SHARE),
  .PLACES(PLACES),
  .ACC_W (ACC_W)
) u_drain_assert (
  .clk_i,
  .drain_i,
  .first_i,
  .part_i(3'(part_i)),
  .shift_i,
  .xsum_i(32'(xsum_i))
);
