`include "mask_load.svh"
// A matrix's scaling units, one a column: each clock of drain_i adds one group's scaled sums,
//   acc[n] += rsr(D[n]*sum[n] + M[n]*xsum, shift_i)
// and readout gives FX values, a beat of 32 columns at a time.
module scale_drain #(
  parameter int GROUPS = 2,
  parameter int N      = 32,
  parameter int ACT_W  = 12,
  parameter              NAME   = "qkv"
) (
  input  logic                                    clk_i,
  input  logic                                    rst_i,
  input  logic                              [7:0] id_i,
  input  logic                                    drain_i,
  input  logic                                    first_i,  // the accumulators start from zero
  input  logic                             [15:0] group_i,
  input  logic                              [5:0] shift_i,
  input  logic signed                      [31:0] sum_i[N],
  input  logic signed                      [31:0] xsum_i,
  input  logic                             [15:0] beat_i,
  output logic        [cartridge_pkg::BEAT_W-1:0] y_o
);
  import cartridge_pkg::*;

  logic [31:0] scales[GROUPS][N];  // {m, d} in binary16
  `MASK_LOAD(scales, NAME, id_i, ".s.hex")

  logic signed [63:0] acc_q[N];

  function automatic void drain(input int unsigned group, input logic [5:0] places, input logic signed [63:0] keep);
    logic signed [63:0] half, p;
    half = (64'sd1 <<< places) >>> 1;
    for (int unsigned n = 0; n < N; n++) begin
      p = 64'(half_to_int(scales[group][n][15:0])) * 64'(sum_i[n])
        + 64'(half_to_int(scales[group][n][31:16])) * 64'(xsum_i);
      acc_q[n] = (acc_q[n] & keep) + ((p + half) >>> places);
    end
  endfunction

  always @(posedge clk_i) begin
    if (drain_i) drain(32'(group_i), shift_i, first_i ? 64'sd0 : -64'sd1);
  end

  always @* begin
    for (int unsigned l = 0; l < LANES; l++) begin
      y_o[l*32+:32] = sat32(rsr(acc_q[32'(beat_i)*LANES+l], 6'(ACT_W - 8)));
    end
  end
endmodule
