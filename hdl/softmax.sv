// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Base-2 softmax of HEADS score sequences side by side, one position a clock (docs/formats.md).
//
//   scores in, maximum -> exponentials in place, sum -> reciprocal -> probabilities out, position 0 first
module softmax #(
  parameter int HEADS = 4,
  parameter int DEPTH = 32  // longest sequence
) (
  input  logic                                   clk_i,
  input  logic                                   rst_i,
  input  logic                                   valid_i,
  output logic                                   ready_o,
  input  logic                                   last_i,   // the position is the sequence's last
  input  logic                    [HEADS*24-1:0] score_i,  // a head's score is signed and has 12 fraction bits
  output logic                                   valid_o,
  input  logic                                   ready_i,
  output cartridge_pkg::pos_t                    pos_o,    // position of the probabilities
  output logic                                   last_o,   // the position is the sequence's last
  output logic [HEADS*cartridge_pkg::PROB_W-1:0] prob_o
);
  import cartridge_pkg::*;

  `REQUIRE(heads_are_some, HEADS >= 1)
  `REQUIRE(positions_have_16_bits, DEPTH >= 1 && DEPTH <= 1 << 16)

  localparam int SUM_W = 21 + $clog2(DEPTH + 1);
  localparam int REC_W = 45;  // 2^44 / sum, the quotient of the divider
  localparam int POS_IW = idx_w(DEPTH);

  typedef enum logic [2:0] {
    StScore,
    StExp,
    StStart,
    StDivide,
    StProb
  } state_e;
  state_e state_q;
  logic [POS_IW-1:0] pos_q, last_q;

  // Scores, then their exponentials.
  logic [HEADS*24-1:0] buffer[DEPTH];
  logic [HEADS*24-1:0] word, exps;
  logic [HEADS*24-1:0] max_q;
  logic [HEADS*SUM_W-1:0] sum_q;
  logic [HEADS-1:0] done;

  assign ready_o = state_q == StScore;
  assign valid_o = state_q == StProb;
  assign pos_o   = pos_t'(pos_q);
  assign last_o  = pos_q == last_q;
  assign word    = buffer[pos_q];

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= StScore;
      pos_q   <= '0;
      last_q  <= '0;
    end else begin
      unique case (state_q)
        StScore:
        if (valid_i) begin
          pos_q <= pos_q + 1'b1;
          if (last_i) begin
            last_q  <= pos_q;
            pos_q   <= '0;
            state_q <= StExp;
          end
        end
        StExp: begin
          pos_q <= pos_q + 1'b1;
          if (last_o) begin
            pos_q   <= '0;
            state_q <= StStart;
          end
        end
        StStart:  state_q <= StDivide;
        StDivide: if (done[0]) state_q <= StProb;
        StProb:
        if (ready_i) begin
          pos_q <= pos_q + 1'b1;
          if (last_o) begin
            pos_q   <= '0;
            state_q <= StScore;
          end
        end
        default:  state_q <= StScore;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StScore && valid_i) buffer[pos_q] <= score_i;
    else if (state_q == StExp) buffer[pos_q] <= exps;
  end

  for (genvar h = 0; h < HEADS; h++) begin : gen_head
    logic signed [23:0] score, maximum;
    logic [24:0] below;
    logic [20:0] e;
    logic [REC_W-1:0] recip;

    assign score   = score_i[h*24+:24];
    assign maximum = max_q[h*24+:24];
    assign below   = 25'(maximum) - 25'($signed(word[h*24+:24]));

    exp2 u_exp2 (
      .d_i(below),
      .e_o(e)
    );
    assign exps[h*24+:24] = {3'd0, e};

    divider #(
      .NUM_W(REC_W),
      .DEN_W(SUM_W)
    ) u_divider (
      .clk_i,
      .rst_i,
      .start_i(state_q == StStart),
      .num_i  (REC_W'(1) << 44),
      .den_i  (sum_q[h*SUM_W+:SUM_W]),
      .done_o (done[h]),
      .quo_o  (recip)
    );
    assign prob_o[h*PROB_W+:PROB_W] = PROB_W'(rsr($signed({43'd0, word[h*24+:21]} * {19'd0, recip}), 6'd24));

    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        max_q[h*24+:24]       <= '0;
        sum_q[h*SUM_W+:SUM_W] <= '0;
      end else begin
        if (state_q == StScore && valid_i && (pos_q == 0 || score > maximum)) max_q[h*24+:24] <= score;
        if (state_q == StExp) begin
          sum_q[h*SUM_W+:SUM_W] <= ((pos_q == 0) ? '0 : sum_q[h*SUM_W+:SUM_W]) + SUM_W'(e);
        end
      end
    end
  end
endmodule
