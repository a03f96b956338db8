// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// A whole layer as a stream module: by its ports alone, so that it holds for a layer compiled on its own too. What meets in
// a layer is of one token.
module layer_assert (
  input logic clk_i,
  input logic rst_i,
  input logic parted_i
);
  always_ff @(posedge clk_i) begin
    if (!rst_i) `HOLDS(together, !parted_i, "streams meet that are not of one token, or whose tag is broken")
  end
endmodule

bind layer layer_assert u_layer_assert (
  .clk_i,
  .rst_i,
  .parted_i(parted_o)
);
bind layer stream_assert #(
  .TAG_W ($bits(tag_o)),
  .DATA_W($bits(data_o))
) u_stream_assert (
  .clk_i,
  .rst_i,
  .valid_i(valid_o),
  .ready_i,
  .tag_i  (tag_o),
  .data_i (data_o)
);
bind layer token_assert #(
  .IN_BEATS (shape_pkg::D_MODEL / cartridge_pkg::LANES),
  .OUT_BEATS(shape_pkg::D_MODEL / cartridge_pkg::LANES)
) u_token_assert (
  .clk_i,
  .rst_i,
  .valid_i,
  .ready_i    (ready_o),
  .tag_i,
  .busy_i     (busy_o),
  .out_valid_i(valid_o),
  .out_ready_i(ready_i),
  .out_tag_i  (tag_o)
);
