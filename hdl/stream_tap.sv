// SPDX-License-Identifier: Apache-2.0
// Tap of a stage that is all or part of a beat stream: beats FROM, FROM+STEP, ... (BEATS of them) of every vector of
// TOTAL beats.
module stream_tap #(
  parameter logic [7:0] STAGE = 8'd0,
  parameter int         TOTAL = 1,
  parameter int         BEATS = TOTAL,
  parameter int         FROM  = 0,
  parameter int         STEP  = 1
) (
  input logic                                              clk_i,
  input logic                                              rst_i,
  input cartridge_pkg::layer_t                             layer_i,
  input logic                                              fire_i,
  input cartridge_pkg::tag_t                               tag_i,
  input logic                  [cartridge_pkg::BEAT_W-1:0] data_i
);
`ifndef SYNTHESIS
  localparam int COUNT_W = cartridge_pkg::idx_w(TOTAL);

  logic [COUNT_W-1:0] count_q;  // beats of the vector that have gone by

  always_ff @(posedge clk_i) begin
    if (rst_i) count_q <= '0;
    else if (fire_i) count_q <= (count_q == COUNT_W'(TOTAL - 1)) ? '0 : count_q + 1'b1;
  end

  // Whether a beat of the stream is one of the stage's.
  function automatic logic taken(input int beat);
    taken = beat >= FROM && beat < FROM + BEATS * STEP && (beat - FROM) % STEP == 0;
  endfunction

  stage_tap u_tap (
    .clk_i,
    .fire_i (fire_i && taken(32'(count_q))),
    .stage_i(STAGE),
    .layer_i,
    .tag_i,
    .beat_i (16'((32'(count_q) - FROM) / STEP)),
    .data_i
  );
`endif
endmodule
