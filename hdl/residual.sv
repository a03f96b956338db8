// SPDX-License-Identifier: Apache-2.0
// Residual addition: joins the skip path and the branch, beat by beat. They are of one token, unless an upset has put a
// beat too many or too few into a stream, or has broken a tag on its way; then parted_o tells it with the beat.
//
// The sum goes on with the skip's tag: whatever a branch has made of its count, tokens leave in the order in which they
// came and each once. With the branch's if the skip's is broken: so no tag that one upset has broken goes further.
module residual (
  input  logic                                            skip_valid_i,
  output logic                                            skip_ready_o,
  input  cartridge_pkg::tag_t                             skip_tag_i,
  input  logic                [cartridge_pkg::BEAT_W-1:0] skip_data_i,
  input  logic                                            valid_i,
  output logic                                            ready_o,
  input  cartridge_pkg::tag_t                             tag_i,
  input  logic                [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                                            valid_o,
  input  logic                                            ready_i,
  output cartridge_pkg::tag_t                             tag_o,
  output logic                [cartridge_pkg::BEAT_W-1:0] data_o,
  output logic                                            parted_o
);
  import cartridge_pkg::*;

  tag_t skip_tag, tag;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign skip_tag = skip_tag_i;
  assign tag      = tag_i;

  assign valid_o      = valid_i && skip_valid_i;
  assign ready_o      = ready_i && skip_valid_i;
  assign skip_ready_o = ready_i && valid_i;
  assign tag_o        = ^skip_tag ? tag : skip_tag;
  assign parted_o     = valid_o && ready_i && (skip_tag != tag || ^tag);

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    assign data_o[l*32+:32] = sat32(64'($signed(skip_data_i[l*32+:32])) + 64'($signed(data_i[l*32+:32])));
  end
endmodule
