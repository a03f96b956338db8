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
  input  logic                         [N*32-1:0] sum_i,
  input  logic signed                      [31:0] xsum_i,
  input  logic                             [15:0] beat_i,
  output logic        [cartridge_pkg::BEAT_W-1:0] y_o
);
  import cartridge_pkg::*;

  logic [31:0] scales[GROUPS][N];  // {m, d} in binary16
  `MASK_LOAD(scales, NAME, id_i, ".s.hex")

  logic signed [63:0] acc_q[N];

  always @(posedge clk_i) begin
    if (drain_i) begin
      for (int unsigned n = 0; n < N; n++) begin
        acc_q[n] = (first_i ? 64'sd0 : acc_q[n]) + scaled(scales[group_i][n], sum_i[n*32+:32], xsum_i, shift_i);
      end
    end
  end

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    assign y_o[l*32+:32] = sat32(rsr(acc_q[32'(beat_i)*LANES+l], 6'(ACT_W - 8)));
  end
endmodule
