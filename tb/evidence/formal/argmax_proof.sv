// SPDX-License-Identifier: Apache-2.0
// The argmax over all beats of a vector: no logit is larger than the chosen one, and none before it is as large. Both
// the chosen token and the one it is held against are any; only they are watched.
module argmax_proof #(
  parameter int VOCAB = 40,
  parameter int BITS  = 6    // of a logit; wider ones are too many orders for a solver
) (
  input logic                             clk_i,
  input logic                             rst_i,
  input logic                             valid_i,
  input cartridge_pkg::tag_t              tag_i,
  input logic [cartridge_pkg::LANES*BITS-1:0] data_i,
  input logic                             ready_i
);
  import cartridge_pkg::*;

  localparam int BEATS = (VOCAB + LANES - 1) / LANES;

  logic [BEAT_W-1:0] data;
  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    assign data[l*32+:32] = 32'($signed(data_i[l*BITS+:BITS]));
  end

  logic ready, valid;
  tag_t tag;
  logic [TOKEN_W-1:0] token;

  argmax #(
    .VOCAB(VOCAB)
  ) u_argmax (
    .clk_i,
    .rst_i,
    .valid_i,
    .ready_o(ready),
    .tag_i,
    .data_i (data),
    .valid_o(valid),
    .ready_i,
    .tag_o  (tag),
    .token_o(token)
  );

  // Symbolic: registers that keep whatever they start with.
  logic [TOKEN_W-1:0] chosen_q, other_q;
  logic init_q = 1'b1;
  always_ff @(posedge clk_i) begin
    init_q   <= 1'b0;
    chosen_q <= chosen_q;
    other_q  <= other_q;
  end

  // Their logits, and the tag and beats so far.
  logic [15:0] beat_q;
  logic signed [31:0] chosen_logit_q, other_logit_q;
  tag_t tag_q, held_tag_q;
  logic held_q;
  logic [TOKEN_W-1:0] held_token_q;
  always_ff @(posedge clk_i) begin
    held_q       <= valid && !ready_i && !rst_i;
    held_tag_q   <= tag;
    held_token_q <= token;
    if (rst_i || (valid && ready_i)) beat_q <= '0;
    else if (valid_i && ready) beat_q <= beat_q + 16'd1;
    if (valid_i && ready) begin
      tag_q <= tag_i;
      if (chosen_q / LANES == TOKEN_W'(beat_q)) chosen_logit_q <= data[32'(chosen_q)%LANES*32+:32];
      if (other_q / LANES == TOKEN_W'(beat_q)) other_logit_q <= data[32'(other_q)%LANES*32+:32];
    end
  end

  logic other_seen, chosen_seen;
  assign other_seen  = 32'(other_q) < 32'(beat_q) * LANES;
  assign chosen_seen = 32'(chosen_q) < 32'(beat_q) * LANES;

  always_comb begin
    assume (32'(chosen_q) < VOCAB && 32'(other_q) < VOCAB);
    if (init_q) assume (rst_i);
    if (valid_i && beat_q != 0) assume (tag_i == tag_q);
    if (!init_q) begin
      beats : assert (valid == (beat_q == 16'(BEATS)) && ready == !valid && beat_q <= 16'(BEATS));
      counted : assert (u_argmax.beat_q == (valid ? 16'd0 : beat_q));
      one_of : assert (beat_q == 0 || (32'(token) < VOCAB && 32'(token) < 32'(beat_q) * LANES));
      if (chosen_seen && u_argmax.token_q == chosen_q) best : assert (u_argmax.best_q == chosen_logit_q);
      if (other_seen) largest : assert (other_logit_q <= u_argmax.best_q);
      if (other_seen && other_q < u_argmax.token_q) lowest : assert (other_logit_q < u_argmax.best_q);
      if (beat_q != 0) same_tag : assert (tag == tag_q);
      if (held_q) stable : assert (valid && tag == held_tag_q && token == held_token_q);
      cover (valid && token == TOKEN_W'(VOCAB - 1) && token == chosen_q && chosen_logit_q == 5 && other_logit_q == 4);
    end
  end
endmodule
