// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// What all slots keep of their positions, for one KV head or for all: a word a (slot, position), written once. POSITIONS
// neighbours are read together, with two clocks of latency: they lie in banks of their own.
module kv_sram #(
  parameter int SLOTS     = 2,
  parameter int DEPTH     = 32,   // positions a slot
  parameter int WIDTH     = 160,
  parameter int POSITIONS = 2
) (
  input  logic                                         clk_i,
  input  logic                                         we_i,
  input  cartridge_pkg::slot_t                         slot_i,  // slot that is written and read
  input  cartridge_pkg::pos_t                          wpos_i,
  input  logic                             [WIDTH-1:0] wdata_i,
  input  logic                         [POSITIONS-1:0] re_i,    // of rpos_i and the positions behind it
  input  cartridge_pkg::pos_t                          rpos_i,  // a multiple of POSITIONS
  output logic                   [POSITIONS*WIDTH-1:0] rdata_o,
  output logic                                         corrected_o,
  output logic                                         failed_o
);
  import cartridge_pkg::*;

  `REQUIRE(slots_have_8_bits, SLOTS >= 1 && SLOTS <= 1 << 8)
  `REQUIRE(positions_have_16_bits, DEPTH >= 1 && DEPTH <= 1 << 16)
  `REQUIRE(banks_are_a_power_of_2, POSITIONS >= 1 && POSITIONS == 1 << $clog2(POSITIONS))

  localparam int ROWS = (DEPTH + POSITIONS - 1) / POSITIONS;  // words a slot has in a bank
  localparam int ADDR_W = idx_w(SLOTS * ROWS);

  logic [POSITIONS-1:0] re_q, corrected, failed;
  always_ff @(posedge clk_i) re_q <= re_i;
  assign corrected_o = |corrected;
  assign failed_o    = |failed;

  for (genvar p = 0; p < POSITIONS; p++) begin : gen_bank
    ecc_sram #(
      .WORDS(SLOTS * ROWS),
      .WIDTH(WIDTH)
    ) u_sram (
      .clk_i,
      .we_i       (we_i && 32'(wpos_i) % POSITIONS == p),
      .waddr_i    (ADDR_W'(32'(slot_i) * ROWS + 32'(wpos_i) / POSITIONS)),
      .wdata_i,
      .re_i       ({re_q[p], re_i[p]}),
      .raddr_i    (ADDR_W'(32'(slot_i) * ROWS + 32'(rpos_i) / POSITIONS)),
      .rdata_o    (rdata_o[p*WIDTH+:WIDTH]),
      .corrected_o(corrected[p]),
      .failed_o   (failed[p])
    );
  end
endmodule
