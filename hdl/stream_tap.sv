// Tap of a stage that is all or part of a beat stream: beats FROM, FROM+STEP, ... (BEATS of them) of every vector of
// TOTAL beats.
module stream_tap #(
  parameter logic        [7:0] STAGE = 8'd0,
  parameter int       TOTAL = 1,
  parameter int       BEATS = TOTAL,
  parameter int       FROM  = 0,
  parameter int       STEP  = 1
) (
  input logic                                     clk_i,
  input logic                                     rst_i,
  input logic                               [7:0] layer_i,
  input logic                                     fire_i,
  input cartridge_pkg::tag_t                      tag_i,
  input logic         [cartridge_pkg::BEAT_W-1:0] data_i
);
`ifndef SYNTHESIS
  logic [15:0] cnt_q, rel;

  assign rel = cnt_q - 16'(FROM);

  always_ff @(posedge clk_i) begin
    if (rst_i) cnt_q <= '0;
    else if (fire_i) cnt_q <= (cnt_q == 16'(TOTAL - 1)) ? '0 : cnt_q + 16'd1;
  end

  stage_tap u_tap (
    .clk_i,
    .fire_i (fire_i && cnt_q >= 16'(FROM) && rel % 16'(STEP) == 0 && rel < 16'(BEATS * STEP)),
    .stage_i(STAGE),
    .layer_i,
    .tag_i,
    .beat_i (rel / 16'(STEP)),
    .data_i
  );
`endif
endmodule
