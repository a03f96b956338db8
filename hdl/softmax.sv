// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Base-2 softmax of HEADS score sequences side by side in one pass, POSITIONS positions a clock (docs/formats.md).
//
//   scores -> octaves, running frames -> weights, an octet behind -> sum -> reciprocal
//
// Beats of a sequence follow each other without a gap, a whole number of octets: what is not `on_i` counts for nothing.
// `valid_o` is `valid_i` STAGES clocks later; the reciprocals stay until the next sequence's.
module softmax #(
  parameter int HEADS     = 4,
  parameter int KV_HEADS  = 2,
  parameter int POSITIONS = 2,
  parameter int DEPTH     = 32  // longest sequence
) (
  input  logic                                                   clk_i,
  input  logic                                                   rst_i,
  input  logic                                                   valid_i,
  input  logic                                   [POSITIONS-1:0] on_i,
  input  logic                                                   opens_i,         // the octet is the sequence's first
  input  logic                                                   closes_i,        // and its last
  input  logic                                                   first_i,         // the beat is its octet's first
  input  logic                                                   last_i,          // and its last
  input  logic                          [POSITIONS*HEADS*24-1:0] score_i,         // signed, 12 fraction bits
  input  logic                        [POSITIONS*KV_HEADS*5-1:0] lift_i,          // exponents of the values
  output logic                                                   early_valid_o,   // valid_o and on_o, a clock ahead
  output logic                                   [POSITIONS-1:0] early_on_o,
  output logic                                                   valid_o,
  output logic                                   [POSITIONS-1:0] on_o,
  output logic                                                   opens_o,
  output logic                                                   closes_o,
  output logic                                                   first_o,
  output logic                                                   last_o,
  output logic     [POSITIONS*HEADS*cartridge_pkg::WEIGHT_W-1:0] weight_o,
  output logic     [POSITIONS*HEADS*cartridge_pkg::WEIGHT_W-1:0] value_weight_o,
  output logic                                     [HEADS*6-1:0] value_growth_o,  // of the octet's frame of values
  output logic                                                   done_o,          // one clock
  output logic                                    [HEADS*16-1:0] recip_o,
  output logic                                     [HEADS*6-1:0] places_o         // by which values times recip_o move
);
  import cartridge_pkg::*;

  `REQUIRE(heads_are_some, HEADS >= 1)
  `REQUIRE(kv_heads_share_the_heads, KV_HEADS >= 1 && HEADS % KV_HEADS == 0)
  `REQUIRE(positions_have_16_bits, DEPTH >= 1 && DEPTH <= 1 << 16)
  `REQUIRE(octet_takes_2_clocks, POSITIONS == 1 || POSITIONS == 2 || POSITIONS == 4)

  localparam int SHARE = HEADS / KV_HEADS;
  localparam int ITEMS = POSITIONS * HEADS;
  localparam int CLOCKS = OCTET / POSITIONS;  // of an octet
  localparam int STAGES = CLOCKS + 5;  // up to the weights
  localparam int SUM_W = 21 + $clog2(DEPTH);
  localparam int REACH_W = 14;  // signed octaves, those of the largest values included
  localparam logic signed [REACH_W-1:0] UNSEEN = -14'sd4096;

  // What travels with a beat, to the last stage of the sums.
  logic [STAGES+2:0] valid_q, opens_q, closes_q, first_q, last_q;
  logic [STAGES*POSITIONS-1:0] on_q;
  assign early_valid_o = valid_q[STAGES-2];
  assign early_on_o    = on_q[(STAGES-2)*POSITIONS+:POSITIONS];
  assign valid_o       = valid_q[STAGES-1];
  assign opens_o       = opens_q[STAGES-1];
  assign closes_o      = closes_q[STAGES-1];
  assign first_o       = first_q[STAGES-1];
  assign last_o        = last_q[STAGES-1];
  assign on_o          = on_q[(STAGES-1)*POSITIONS+:POSITIONS];

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= '0;
    else valid_q <= (STAGES + 3)'({valid_q, valid_i});
  end

  always_ff @(posedge clk_i) begin
    if (valid_i || valid_q != 0) begin
      opens_q  <= (STAGES + 3)'({opens_q, opens_i});
      closes_q <= (STAGES + 3)'({closes_q, closes_i});
      first_q  <= (STAGES + 3)'({first_q, first_i});
      last_q   <= (STAGES + 3)'({last_q, last_i});
      on_q     <= (STAGES * POSITIONS)'({on_q, on_i});
    end
  end

  // ---- arrays by stage: how far a score and its value reach, what part of an octave is missing
  logic signed [REACH_W-1:0] reach_q[CLOCKS+3][ITEMS], value_reach_q[CLOCKS+3][ITEMS];
  logic [11:0] part_q[CLOCKS+1][ITEMS];
  logic [4:0] lift_q[POSITIONS*KV_HEADS];

  // ---- frames: the largest reach of a beat, so far, and of the octet whose weights are next
  logic signed [REACH_W-1:0] most_q[HEADS], value_most_q[HEADS], run_q[HEADS], value_run_q[HEADS];
  logic signed [REACH_W-1:0] frame_q[HEADS], value_frame_q[HEADS];
  logic [REACH_W-1:0] growth_q[HEADS], value_growth_q[HEADS];
  logic [5:0] move_q[2][HEADS];

  // ---- exponentials, exp2's table: its entry and its slope, their product in two halves
  logic [16:0] entry_q[2][ITEMS], fraction_q[ITEMS];
  logic [9:0] slope_q[ITEMS];
  logic [5:0] place_q[ITEMS];
  logic [12:0] low_q[ITEMS], high_q[ITEMS];
  logic [REACH_W-1:0] below_q[ITEMS], value_below_q[ITEMS];

  // ---- sums: of a beat, of an octet, of all
  logic [WEIGHT_W+2:0] beat_q[HEADS], octet_sum_q[HEADS];
  logic [SUM_W-1:0] sum_q[HEADS];

  function automatic logic signed [REACH_W-1:0] larger(input logic signed [REACH_W-1:0] a,
                                                       input logic signed [REACH_W-1:0] b);
    larger = (a > b) ? a : b;
  endfunction

  // What is so many octaves below its frame: of more than 31 nothing is left.
  function automatic logic [WEIGHT_W-1:0] weight(input logic [16:0] fraction, input logic [REACH_W-1:0] below);
    weight = (below[REACH_W-1:5] != 0) ? '0 : {fraction, 4'd0} >> below[4:0];
  endfunction

  // By how much a sum moves down: of more than 63 nothing is left but its sign.
  function automatic logic [5:0] move(input logic [REACH_W-1:0] up);
    move = (up[REACH_W-1:6] != 0) ? 6'd63 : up[5:0];
  endfunction

  // Each stage takes what the one ahead of it left in the clock before: the last is the first to move.
  always @(posedge clk_i) begin
    if (valid_q[STAGES+1] && last_q[STAGES+1]) begin
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) sum_q[h] = sum_q[h] + SUM_W'(octet_sum_q[h]);
    end else if (valid_q[STAGES] && last_q[STAGES]) begin
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) sum_q[h] = opens_q[STAGES] ? '0 : sum_q[h] >> move_q[1][h];
    end
    if (valid_q[STAGES]) begin
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) begin
        octet_sum_q[h] = (first_q[STAGES] ? '0 : octet_sum_q[h]) + beat_q[h];
      end
    end
    if (valid_q[STAGES-1]) begin
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) begin
        beat_q[h] = '0;
        for (int unsigned p = 0; p < POSITIONS; p++) begin
          beat_q[h] = beat_q[h] + (WEIGHT_W + 3)'(weight_o[(p*HEADS+h)*WEIGHT_W+:WEIGHT_W]);
        end
        move_q[1][h] = move_q[0][h];
      end
    end
    if (valid_q[STAGES-2]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < ITEMS; i++) begin
        weight_o[i*WEIGHT_W+:WEIGHT_W]       <= weight(fraction_q[i], below_q[i]);
        value_weight_o[i*WEIGHT_W+:WEIGHT_W] <= weight(fraction_q[i], value_below_q[i]);
      end
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) begin
        move_q[0][h] = move(growth_q[h]);
        value_growth_o[h*6+:6] <= move(value_growth_q[h]);
      end
    end
    if (valid_q[STAGES-3]) begin
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) begin
        if (first_q[STAGES-3]) begin
          growth_q[h]       = run_q[h] - frame_q[h];
          value_growth_q[h] = value_run_q[h] - value_frame_q[h];
          frame_q[h]        = run_q[h];
          value_frame_q[h]  = value_run_q[h];
        end
      end
      for (int unsigned p = 0; p < POSITIONS; p++) begin
        // verilator unroll_disable
        for (int unsigned h = 0; h < HEADS; h++) begin
          below_q[p*HEADS+h]       = frame_q[h] - reach_q[CLOCKS+2][p*HEADS+h];
          value_below_q[p*HEADS+h] = value_frame_q[h] - value_reach_q[CLOCKS+2][p*HEADS+h];
        end
      end
    end
    // An octet's frame is known when all of its beats have come this far.
    if (valid_q[2]) begin
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) begin
        run_q[h] = (opens_q[2] && first_q[2]) ? most_q[h] : larger(run_q[h], most_q[h]);
        value_run_q[h] = (opens_q[2] && first_q[2]) ? value_most_q[h] : larger(value_run_q[h], value_most_q[h]);
      end
    end
    if (valid_q[1]) begin
      // verilator unroll_disable
      for (int unsigned h = 0; h < HEADS; h++) begin
        most_q[h] = larger(
          larger(
            reach_q[1][h], reach_q[1][1%POSITIONS*HEADS+h]
          ),
          larger(
            reach_q[1][2%POSITIONS*HEADS+h], reach_q[1][3%POSITIONS*HEADS+h])
        );
        value_most_q[h] = larger(
          larger(
            value_reach_q[1][h], value_reach_q[1][1%POSITIONS*HEADS+h]
          ),
          larger(
            value_reach_q[1][2%POSITIONS*HEADS+h], value_reach_q[1][3%POSITIONS*HEADS+h])
        );
      end
    end
    // ---- exponentials
    if (valid_q[STAGES-3]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < ITEMS; i++) begin
        // entry - ((slope*place + 32) >> 6)
        fraction_q[i] = 17'((23'({entry_q[1][i], 6'd31}) - 23'(low_q[i]) - {7'd0, high_q[i], 3'd0}) >> 6);
      end
    end
    if (valid_q[STAGES-4]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < ITEMS; i++) begin
        low_q[i] = 13'(slope_q[i]) * 13'(place_q[i][2:0]);
        high_q[i] = 13'(slope_q[i]) * 13'(place_q[i][5:3]);
        entry_q[1][i] = entry_q[0][i];
      end
    end
    if (valid_q[STAGES-5]) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < ITEMS; i++) begin
        entry_q[0][i] = exp2_entry({1'b0, part_q[CLOCKS][i][11:6]});
        slope_q[i] =
            10'(exp2_entry({1'b0, part_q[CLOCKS][i][11:6]}) - exp2_entry({1'b0, part_q[CLOCKS][i][11:6]} + 7'd1));
        place_q[i] = part_q[CLOCKS][i][5:0];
      end
    end
    if (valid_i || valid_q != 0) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < ITEMS; i++) begin
        for (int unsigned s = CLOCKS + 2; s > 0; s--) begin
          reach_q[s][i] = reach_q[s-1][i];
          if (s > 1) value_reach_q[s][i] = value_reach_q[s-1][i];
        end
        for (int unsigned s = CLOCKS; s > 0; s--) part_q[s][i] = part_q[s-1][i];
      end
    end
    if (valid_q[0]) begin
      for (int unsigned p = 0; p < POSITIONS; p++) begin
        // verilator unroll_disable
        for (int unsigned h = 0; h < HEADS; h++) begin
          value_reach_q[1][p*HEADS+h] = reach_q[1][p*HEADS+h] + REACH_W'(lift_q[p*KV_HEADS+h/SHARE]);
        end
      end
    end
    if (valid_i) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < ITEMS; i++) begin
        part_q[0][i] = -score_i[i*24+:12];
        reach_q[0][i] = on_i[i/HEADS] ? REACH_W'($signed(score_i[i*24+12+:12])) + REACH_W'(score_i[i*24+:12] != 0) :
            UNSEEN;
      end
      for (int unsigned g = 0; g < POSITIONS * KV_HEADS; g++) lift_q[g] = on_i[g/KV_HEADS] ? lift_i[g*5+:5] : '0;
    end
  end

  // ---- reciprocals, when the sums are whole: less one | its bit length | normalised | divided
  logic [3:0] tail_q;
  logic [HEADS-1:0] done;
  assign done_o = done[0];

  always_ff @(posedge clk_i) begin
    if (rst_i) tail_q <= '0;
    else tail_q <= {tail_q[2:0], valid_q[STAGES+1] && last_q[STAGES+1] && closes_q[STAGES+1]};
  end

  function automatic logic [5:0] length(input logic [SUM_W-1:0] v);
    logic [SUM_W-1:0]
        highest, ends;  // which bit is the highest, and whether it ends a number with this bit in its length
    for (int unsigned i = 0; i < SUM_W; i++) highest[i] = v[i] && v >> (i + 1) == 0;
    for (int unsigned b = 0; b < 6; b++) begin
      for (int unsigned i = 0; i < SUM_W; i++) ends[i] = highest[i] && 1'((i + 1) >> b);
      length[b] = |ends;
    end
  endfunction

  function automatic logic [19:0] normal(input logic [SUM_W-1:0] v, input logic [5:0] bits);
    normal = 20'(v << (6'(SUM_W) - bits) >> (SUM_W - 20));
  endfunction

  for (genvar h = 0; h < HEADS; h++) begin : gen_head
    logic [SUM_W-1:0] less_q;
    logic [5:0] length_q;
    logic [19:0] normal_q;

    always_ff @(posedge clk_i) begin
      if (tail_q[0]) less_q <= sum_q[h] - SUM_W'(1);
      if (tail_q[1]) length_q <= length(less_q);
      if (tail_q[2]) begin
        normal_q         <= normal(less_q, length_q);
        places_o[h*6+:6] <= length_q + 6'd9 - 6'(value_frame_q[h]) + 6'(frame_q[h]);
      end
    end

    divider #(
      .QUO_W(16),
      .DEN_W(21)
    ) u_divider (
      .clk_i,
      .rst_i,
      .start_i(tail_q[3]),
      .num_i  (21'd1 << 19),
      .den_i  (21'(normal_q) + 21'd1),
      .done_o (done[h]),
      .quo_o  (recip_o[h*16+:16])
    );
  end
endmodule
