// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// One KV head's keys or values of all slots: a word a (slot, position), written once, read with one clock of latency.
module kv_sram #(
  parameter int SLOTS = 2,
  parameter int DEPTH = 32,  // positions a slot
  parameter int WIDTH = 165
) (
  input  logic                 clk_i,
  input  logic                 we_i,
  input  cartridge_pkg::slot_t slot_i,  // slot that is written and read
  input  cartridge_pkg::pos_t  wpos_i,
  input  logic     [WIDTH-1:0] wdata_i,
  input  logic                 re_i,
  input  cartridge_pkg::pos_t  rpos_i,
  output logic     [WIDTH-1:0] rdata_o,
  output logic                 corrected_o,
  output logic                 failed_o
);
  import cartridge_pkg::*;

  `REQUIRE(slots_have_8_bits, SLOTS >= 1 && SLOTS <= 1 << 8)
  `REQUIRE(positions_have_16_bits, DEPTH >= 1 && DEPTH <= 1 << 16)

  localparam int ADDR_W = idx_w(SLOTS * DEPTH);

  ecc_sram #(
    .WORDS(SLOTS * DEPTH),
    .WIDTH(WIDTH)
  ) u_sram (
    .clk_i,
    .we_i,
    .waddr_i(ADDR_W'(32'(slot_i) * DEPTH + 32'(wpos_i))),
    .wdata_i,
    .re_i,
    .raddr_i(ADDR_W'(32'(slot_i) * DEPTH + 32'(rpos_i))),
    .rdata_o,
    .corrected_o,
    .failed_o
  );
endmodule
