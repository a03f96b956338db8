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

  // A vector's beats come when the one before has left. The first of them are beside the best so far, the others in the
  // stages, each where those ahead of it leave it.
  localparam int STAGES = $clog2(LANES);
  localparam int LAST_LANES = VOCAB - (BEATS - 1) * LANES;
  localparam int BEAT_IW = (BEATS > 1) ? $clog2(BEATS) : 1;
  localparam int WIDTH = $bits(tag_t) + BEAT_IW;
  logic [STAGES-1:0] full;
  logic [15:0] done;  // beats beside the best so far
  logic [31:0] chosen_lane, other_lane;
  logic [15:0] chosen_beat, other_beat;
  assign full        = u_argmax.u_pipe.full_q;
  assign done        = beat_q - 16'($countones(full));
  assign chosen_lane = 32'(chosen_q) % LANES;
  assign other_lane  = 32'(other_q) % LANES;
  assign chosen_beat = 16'(32'(chosen_q) / LANES);
  assign other_beat  = 16'(32'(other_q) / LANES);

  for (genvar s = 0; s < STAGES; s++) begin : gen_stage
    localparam int SPAN = 2 << s;  // lanes of which a node is the best
    logic [15:0] beat;
    logic signed [31:0] chosen_value, other_value;
    logic [31:0] chosen_best, other_best;
    assign beat         = 16'(u_argmax.u_pipe.data_q[s*WIDTH+:BEAT_IW]);
    assign chosen_value = u_argmax.gen_level[s].value_q[chosen_lane/SPAN*32+:32];
    assign other_value  = u_argmax.gen_level[s].value_q[other_lane/SPAN*32+:32];
    assign chosen_best  = 32'(u_argmax.gen_level[s].lane_q[chosen_lane/SPAN*STAGES+:STAGES]);
    assign other_best   = 32'(u_argmax.gen_level[s].lane_q[other_lane/SPAN*STAGES+:STAGES]);
    always_comb begin
      if (!init_q && full[s]) begin
        follows : assert (beat == done + 16'($countones(full >> (s + 1))));
        same_vector : assert (u_argmax.u_pipe.data_q[s*WIDTH+BEAT_IW+:$bits(tag_t)] == tag_q);
        if (beat == chosen_beat && chosen_best == chosen_lane) node : assert (chosen_value == chosen_logit_q);
        if (beat == other_beat) begin
          node_largest : assert (other_logit_q <= other_value);
          if (other_lane < other_best) node_lowest : assert (other_logit_q < other_value);
        end
      end
    end
    for (genvar n = 0; n < LANES / SPAN; n++) begin : gen_node
      logic [31:0] best;
      assign best = 32'(u_argmax.gen_level[s].lane_q[n*STAGES+:STAGES]);
      always_comb begin
        if (!init_q && full[s]) begin
          in_span : assert (best / SPAN == n);
          if (beat == 16'(BEATS - 1)) begin
            if (n * SPAN >= LAST_LANES)
              padding :
              assert (u_argmax.gen_level[s].value_q[n*32+:32] == 32'h8000_0000);
              else real_one : assert (best < LAST_LANES);
          end
        end
      end
    end
  end

  logic other_seen, chosen_seen;
  assign other_seen  = other_beat < done;
  assign chosen_seen = chosen_beat < done;

  always_comb begin
    assume (32'(chosen_q) < VOCAB && 32'(other_q) < VOCAB);
    if (init_q) assume (rst_i);
    if (valid_i && beat_q != 0) assume (tag_i == tag_q && beat_q < 16'(BEATS));
    if (!init_q) begin
      beats : assert (valid == (done == 16'(BEATS)) && done <= beat_q && beat_q <= 16'(BEATS));
      takes : assert (ready || valid || full != 0);
      counted : assert (32'(u_argmax.beat_q) == (beat_q == 16'(BEATS) ? 0 : 32'(beat_q)));
      last_tag : assert (beat_q == 0 || u_argmax.tag_q == tag_q);
      at_work : assert (u_argmax.busy_o == (beat_q != 0));
      one_of : assert (done == 0 || (32'(token) < VOCAB && 32'(token) < 32'(done) * LANES));
      if (chosen_seen && u_argmax.token_q == chosen_q) best : assert (u_argmax.best_q == chosen_logit_q);
      if (other_seen) largest : assert (other_logit_q <= u_argmax.best_q);
      if (other_seen && other_q < u_argmax.token_q) lowest : assert (other_logit_q < u_argmax.best_q);
      if (done != 0) same_tag : assert (tag == tag_q);
      if (held_q) stable : assert (valid && tag == held_tag_q && token == held_token_q);
      cover (valid && token == TOKEN_W'(VOCAB - 1) && token == chosen_q && chosen_logit_q == 5 && other_logit_q == 4);
    end
  end
endmodule
