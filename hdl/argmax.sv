// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Greedy choice: the lowest index among the largest of VOCAB logits, which arrive LANES a beat. Padding columns of the
// last beat never win. A beat with another tag than the last one's is the first of its vector, whatever the count says: an
// upset of it harms one token.
//
// A beat's best: pairs of lanes, pairs of these, a level a stage | beside the best so far
module argmax #(
  parameter int VOCAB = 64
) (
  input  logic                              clk_i,
  input  logic                              rst_i,
  output logic                              busy_o,   // some beats of a vector are inside
  input  logic                              valid_i,
  output logic                              ready_o,
  input  cartridge_pkg::tag_t               tag_i,
  input  logic  [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                              valid_o,
  input  logic                              ready_i,
  output cartridge_pkg::tag_t               tag_o,
  output logic [cartridge_pkg::TOKEN_W-1:0] token_o
);
  import cartridge_pkg::*;

  `REQUIRE(tokens_number_the_vocabulary, VOCAB >= 1 && VOCAB <= 1 << TOKEN_W)

  localparam int BEATS = (VOCAB + LANES - 1) / LANES;
  localparam int BEAT_IW = idx_w(BEATS);
  localparam int LANE_IW = idx_w(LANES);
  localparam int STAGES = idx_w(LANES);
  localparam int LAST_LANES = VOCAB - (BEATS - 1) * LANES;  // of the last beat

  tag_t tag, tag_out;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign tag = tag_i;

  // ---- beats into the stages
  logic [BEAT_IW-1:0] beat_q, beat, beat_out;
  tag_t tag_q;  // the last beat's
  logic beat_valid, pipe_busy, done_q;
  logic [STAGES-1:0] en;

  assign beat = tag == tag_q ? beat_q : '0;

  stream_pipe #(
    .STAGES(STAGES),
    .WIDTH ($bits(tag_t) + BEAT_IW)
  ) u_pipe (
    .clk_i,
    .rst_i,
    .busy_o (pipe_busy),
    .valid_i,
    .ready_o,
    .data_i ({tag, beat}),
    .en_o   (en),
    .valid_o(beat_valid),
    .ready_i(!done_q),
    .data_o ({tag_out, beat_out})
  );

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      beat_q <= '0;
      tag_q  <= '0;
    end else if (en[0]) begin
      beat_q <= (beat == BEAT_IW'(BEATS - 1)) ? '0 : beat + 1'b1;
      tag_q  <= tag;
    end
  end

  // ---- of each pair the larger one, of equals the first
  for (genvar s = 0; s < STAGES; s++) begin : gen_level
    localparam int IN = (LANES + (1 << s) - 1) >> s;
    localparam int OUT = (IN + 1) / 2;
    logic [IN*32-1:0] value;
    logic [IN*LANE_IW-1:0] lane;
    logic [OUT*32-1:0] value_q;
    logic [OUT*LANE_IW-1:0] lane_q;

    if (s == 0) begin : gen_first
      for (genvar l = 0; l < LANES; l++) begin : gen_lane
        // The lowest value there is does not win against a lane before it.
        assign value[l*32+:32] = (l < LAST_LANES || beat != BEAT_IW'(BEATS - 1)) ? data_i[l*32+:32] : 32'h8000_0000;
        assign lane[l*LANE_IW+:LANE_IW] = LANE_IW'(l);
      end
    end else begin : gen_next
      assign value = gen_level[s-1].value_q;
      assign lane  = gen_level[s-1].lane_q;
    end

    for (genvar i = 0; i < OUT; i++) begin : gen_pair
      localparam int A = 2 * i;
      localparam int B = (A + 1 < IN) ? A + 1 : A;
      logic second;
      assign second = $signed(value[B*32+:32]) > $signed(value[A*32+:32]);
      always_ff @(posedge clk_i) begin
        if (en[s]) begin
          value_q[i*32+:32]          <= second ? value[B*32+:32] : value[A*32+:32];
          lane_q[i*LANE_IW+:LANE_IW] <= second ? lane[B*LANE_IW+:LANE_IW] : lane[A*LANE_IW+:LANE_IW];
        end
      end
    end
  end

  // ---- beside the best so far
  logic signed [31:0] best, best_q;
  logic [TOKEN_W-1:0] token_q;
  tag_t done_tag_q;
  assign best    = gen_level[STAGES-1].value_q;
  assign busy_o  = beat_q != 0 || pipe_busy || done_q;
  assign valid_o = done_q;
  assign tag_o   = done_tag_q;
  assign token_o = token_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      best_q     <= '0;
      token_q    <= '0;
      done_q     <= 1'b0;
      done_tag_q <= '0;
    end else if (done_q) begin
      done_q <= !ready_i;
    end else if (beat_valid) begin
      if (beat_out == 0 || best > best_q) begin
        best_q  <= best;
        token_q <= TOKEN_W'(32'(beat_out) * LANES + 32'(gen_level[STAGES-1].lane_q));
      end
      done_q     <= beat_out == BEAT_IW'(BEATS - 1);
      done_tag_q <= tag_out;
    end
  end
endmodule
