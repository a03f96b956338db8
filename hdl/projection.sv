// SPDX-License-Identifier: Apache-2.0
// A projection of this die's model, by the name of its cell array: "qkv", "o", "gateup", "down" or "head". The name gives
// the geometry (shape_pkg), the mask images, and which words of an adapter are its own.
module projection #(
  parameter NAME = "qkv"
) (
  input  logic                                                      clk_i,
  input  logic                                                      rst_i,
  input  cartridge_pkg::layer_t                                     id_i,           // Names the mask images.
  output logic                                                      busy_o,
  input  logic                                                      write_valid_i,
  input  cartridge_pkg::adapter_write_t                             write_i,
  output logic                                                      corrected_o,    // A word was corrected.
  output logic                                                      failed_o,       // A word could not be corrected.
  input  logic                                                      valid_i,
  output logic                                                      ready_o,
  input  cartridge_pkg::tag_t                                       tag_i,
  input  logic                          [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                                                      valid_o,
  input  logic                                                      ready_i,
  output cartridge_pkg::tag_t                                       tag_o,
  output logic                          [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;
  import shape_pkg::*;

  localparam logic [47:0] KEY = 48'(NAME);
  localparam logic [1:0] ARRAY =
      (KEY == 48'("down")) ? ARRAY_DOWN : (KEY == "gateup") ? ARRAY_GATEUP : (KEY == 48'("o")) ? ARRAY_O : ARRAY_QKV;

  matrix #(
    .VIEW     (VIEW),
    .K        (array_inputs(KEY)),
    .N        (array_outputs(KEY)),
    .BLOCK    (array_block(KEY)),
    .SLICES   (array_slices(KEY)),
    .W_BITS   (CELL_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SPAN     (array_span(KEY)),
    .SUPER    (array_super(KEY)),
    .OFFSET   (array_offset(KEY)),
    .SHARE    (array_share(KEY)),
    .TURN_CLKS(TURN_CLKS),
    .MODULES  (array_modules(KEY)),
    .ARRAY    (32'(ARRAY)),
    .FROM_1   (HEADS * HEAD_DIM / LANES),
    .FROM_2   ((HEADS + KV_HEADS) * HEAD_DIM / LANES),
    .RANK     (RANK),
    .BANKS    (ADAPTERS),
    .NAME     (NAME)
  ) u_matrix (
    .clk_i,
    .rst_i,
    .id_i,
    .busy_o,
    .write_valid_i,
    .write_i,
    .corrected_o,
    .failed_o,
    .valid_i,
    .ready_o,
    .tag_i,
    .data_i,
    .valid_o,
    .ready_i,
    .tag_o,
    .data_o
  );
endmodule
