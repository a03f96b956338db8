// SPDX-License-Identifier: Apache-2.0
// rope with a variable for each struct at its ports: Icarus 11 knows the type of a top's port only from one.
module rope_bench #(
  parameter int HEAD_DIM   = 16,
  parameter int DEPTH      = 32,
  parameter int TURN_BEATS = 3,
  parameter int BEATS      = 4
) (
  input  logic                                            clk_i,
  input  logic                                            rst_i,
  output logic                                            busy_o,
  input  logic                                            valid_i,
  output logic                                            ready_o,
  input  cartridge_pkg::tag_t                             tag_i,
  input  logic                [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                                            valid_o,
  input  logic                                            ready_i,
  output cartridge_pkg::tag_t                             tag_o,
  output logic                [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  tag_t tag_in, tag_out;
  assign tag_in = tag_i;
  assign tag_o  = tag_out;

  rope #(
    .HEAD_DIM  (HEAD_DIM),
    .DEPTH     (DEPTH),
    .TURN_BEATS(TURN_BEATS),
    .BEATS     (BEATS)
  ) dut (
    .tag_i(tag_in),
    .tag_o(tag_out),
    .*
  );
endmodule
