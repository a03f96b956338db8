// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Greedy choice: the lowest index among the largest of VOCAB logits, which arrive LANES a beat. Padding columns of the
// last beat never win. A beat with another tag than the last one's is the first of its vector, whatever the count says: an
// upset of it harms one token.
module argmax #(
  parameter int VOCAB = 64
) (
  input  logic                              clk_i,
  input  logic                              rst_i,
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

  logic [BEAT_IW-1:0] beat_q, beat;
  logic signed [31:0] best_q, best;
  logic [TOKEN_W-1:0] token_q, token;
  logic done_q;
  tag_t tag_q;

  assign beat    = tag_i == tag_q ? beat_q : '0;
  assign ready_o = !done_q;
  assign valid_o = done_q;
  assign tag_o   = tag_q;
  assign token_o = token_q;

  always_comb begin
    best  = best_q;
    token = token_q;
    for (int unsigned l = 0; l < LANES; l++) begin
      if (32'(beat) * LANES + l < VOCAB) begin
        if ((beat == 0 && l == 0) || $signed(data_i[l*32+:32]) > best) begin
          best  = data_i[l*32+:32];
          token = TOKEN_W'(32'(beat) * LANES + l);
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      beat_q  <= '0;
      best_q  <= '0;
      token_q <= '0;
      done_q  <= 1'b0;
      tag_q   <= '0;
    end else if (done_q) begin
      done_q <= !ready_i;
    end else if (valid_i) begin
      tag_q   <= tag_i;
      best_q  <= best;
      token_q <= token;
      beat_q  <= beat + 1'b1;
      if (beat == BEAT_IW'(BEATS - 1)) begin
        beat_q <= '0;
        done_q <= 1'b1;
      end
    end
  end
endmodule
