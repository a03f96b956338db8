// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// What an accumulator takes is its last value and a span's part, both in full width: no bit is lost on the way.
module scale_drain_assert #(
  parameter int COLUMNS = 1,
  parameter int UNITS   = 1,
  parameter int SHARE   = 1,
  parameter int WIDTH   = 1,  // units of a row
  parameter int PLACES  = 4,
  parameter int ACC_W   = 1,
  parameter int CLKS    = 1,
  parameter int SPANS   = 1   // that share a scale
) (
  input logic               clk_i,
  input logic        [31:0] span_i,
  input logic        [31:0] part_i,
  input logic signed [31:0] xsum_i,
  input logic         [4:0] shift_i,
  input logic               added_i,  // CLKS clocks later
  input logic               starts_i,
  input logic [ACC_W-1:0]   half_i
);
  if (ACC_W - PLACES > 64) begin : gen_wide
    $error("scale_drain: accumulators of %0d bits do not fit the 64 that read them", ACC_W);
  end

  for (genvar u = 0; u < UNITS; u++) begin : gen_unit
    logic signed [63:0] parts_q[CLKS];  // that are on their way
    logic signed [ACC_W+1:0] last, next;
    logic [31:0] column, there;  // a unit of the last ones may have fewer columns than SHARE
    assign column = (u / WIDTH * SHARE + part_i) * WIDTH + u % WIDTH;
    assign there  = (column < COLUMNS) ? column : '0;
    always_ff @(posedge clk_i) begin
      parts_q[0] <= (column != there) ? '0 : cartridge_pkg::sub_scaled(
          scale_drain.scales[span_i/SPANS][there],
          scale_drain.gen_unit[u].own,
          32'(scale_drain.joined(
              scale_drain.gen_unit[u].sum_of[part_i], '0, 1'b0
          )),
          xsum_i,
          {1'b0, shift_i}
      );
      for (int i = 1; i < CLKS; i++) parts_q[i] <= parts_q[i-1];
    end
    assign last = (ACC_W + 2)'($signed(starts_i ? half_i : scale_drain.gen_unit[u].last));
    assign next = last + (ACC_W + 2)'(parts_q[CLKS-1]);

    always_ff @(posedge clk_i) begin
      if (added_i)
        `HOLDS(exact, (ACC_W + 2)'($signed(scale_drain.gen_unit[u].added)) == next, "an accumulator lost bits")
    end
  end
endmodule

bind scale_drain scale_drain_assert #(
  .COLUMNS(N),
  .UNITS  (ROWS * WIDTH),
  .SHARE  (SHARE),
  .WIDTH  (WIDTH),
  .PLACES (PLACES),
  .ACC_W  (ACC_W),
  .CLKS   (CLKS),
  .SPANS  (SCALE / SPAN)
) u_drain_assert (
  .clk_i,
  .span_i  (32'(span_i)),
  .part_i  (32'(part_i)),
  .xsum_i  (32'(xsum_i)),
  .shift_i,
  .added_i (drain_q[CLKS-1]),
  .starts_i(first_q[CLKS-1]),
  .half_i  (HALF)
);
