// SPDX-License-Identifier: Apache-2.0
// Residual addition: a beat leaves when and only when one of each side is taken, with their sum, saturated, and a whole tag
// if either side has one, the skip's rather than the branch's; with it is told whether they are one whole tag.
module residual_proof (
  input logic                             skip_valid_i,
  input cartridge_pkg::tag_t              skip_tag_i,
  input logic [cartridge_pkg::BEAT_W-1:0] skip_data_i,
  input logic                             valid_i,
  input cartridge_pkg::tag_t              tag_i,
  input logic [cartridge_pkg::BEAT_W-1:0] data_i,
  input logic                             ready_i
);
  logic skip_ready, ready, valid, parted;
  cartridge_pkg::tag_t tag;
  logic [cartridge_pkg::BEAT_W-1:0] data;

  residual u_residual (
    .skip_valid_i,
    .skip_ready_o(skip_ready),
    .skip_tag_i,
    .skip_data_i,
    .valid_i,
    .ready_o     (ready),
    .tag_i,
    .data_i,
    .valid_o     (valid),
    .ready_i,
    .tag_o       (tag),
    .data_o      (data),
    .parted_o    (parted)
  );

  for (genvar l = 0; l < cartridge_pkg::LANES; l++) begin : gen_lane
    logic signed [32:0] sum;
    logic signed [31:0] y;
    assign sum = 33'($signed(skip_data_i[l*32+:32])) + 33'($signed(data_i[l*32+:32]));
    assign y   = data[l*32+:32];
    always_comb begin
      in_range : assert (sum[32] != sum[31] || y == sum[31:0]);
      saturated : assert (sum[32] == sum[31] || y == {sum[32], {31{!sum[32]}}});
    end
  end

  always_comb begin
    offers : assert (valid == (valid_i && skip_valid_i));
    together : assert ((valid && ready_i) == (valid_i && ready) && (valid && ready_i) == (skip_valid_i && skip_ready));
    told : assert (parted == (valid && ready_i && !(tag_i == skip_tag_i && ^tag_i == 1'b0 && ^skip_tag_i == 1'b0)));
    skip_first : assert (^skip_tag_i || tag == skip_tag_i);
    healed : assert (^tag_i || !(^tag));
    of_one : assert (tag == tag_i || tag == skip_tag_i);
    cover (valid && ready_i && data[31:0] == 32'h8000_0000);
  end
endmodule
