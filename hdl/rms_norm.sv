// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// RMSNorm over a vector of N FX values:  y_i = x_i / sqrt(mean(x^2) + eps) * g_i     (docs/formats.md)
//
//   receive N/LANES beats -> square (beats again, 16-bit mantissas) -> rsqrt -> scale (beats out)
//
// Squares in stages: moved | rounded | squared, three | added up over the lanes, pairs | over the beats. Outputs too: times
// 1/rms, three | moved | rounded | times the gain, three | moved | rounded | saturated.
module rms_norm #(
  parameter int          N    = 64,
  parameter logic [39:0] NEPS = 40'd2748779,  // N * eps * 2^32
  parameter logic [15:0] SQN  = 16'd32768,    // sqrt(N) = SQN * 2^(SQE-15)
  parameter int          SQE  = 3,
  parameter              NAME = "attn_norm"   // the mask image of the gains
) (
  input  logic                             clk_i,
  input  logic                             rst_i,
  input  logic                       [7:0] id_i,    // number of this layer, which chooses the mask image
  output logic                             busy_o,  // some beats of a vector are inside
  input  logic                             valid_i,
  output logic                             ready_o,
  input  cartridge_pkg::tag_t              tag_i,
  input  logic [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                             valid_o,
  input  logic                             ready_i,
  output cartridge_pkg::tag_t              tag_o,
  output logic [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  `REQUIRE(vector_is_whole_beats, N >= LANES && N % LANES == 0)
  `REQUIRE(sum_of_squares_has_48_bits, N <= 1 << 17)
  `REQUIRE(epsilon_is_not_0, NEPS != 0)
  `REQUIRE(square_root_of_n_is_normal, SQN[15])

  localparam int BEATS = N / LANES;
  localparam int BEAT_IW = idx_w(BEATS);
  localparam int GAIN_IW = idx_w(N);
  localparam int NORM_W = 16;

  logic [31:0] gains[N];
  `MASK_LOAD(gains, gains[c], 1, N, NAME, id_i, ".bin")

  typedef enum logic [3:0] {
    StLoad,
    StShift,
    StSquare,
    StAdd,     // until the last beat's squares are in the sum
    StEps,
    StRoot,
    StScale,   // the root takes the stages of a multiplier
    StOut,
    StLast     // beats are on their way out
  } state_e;
  state_e state_q;
  logic [BEAT_IW-1:0] beat_q;
  tag_t tag_q;

  logic signed [31:0] x_q[BEATS][LANES];
  logic [31:0] any_q, any_d;
  logic [LANES*32-1:0] mag;
  logic [4:0] sh_q;
  logic root_done;
  logic [18:0] root;
  logic [4:0] k;
  logic signed [36:0] a;
  logic [2:0] scale_q;
  logic [5:0] z_shift_q;

  assign ready_o = state_q == StLoad;
  assign tag_o   = tag_q;
  assign busy_o  = state_q != StLoad || beat_q != 0;

  always_comb begin
    any_d = (beat_q == 0) ? '0 : any_q;
    for (int unsigned l = 0; l < LANES; l++) any_d = any_d | mag[l*32+:32];
  end

  always @(posedge clk_i) begin
    if (valid_i && ready_o) begin
      for (int unsigned l = 0; l < LANES; l++) x_q[beat_q][l] = data_i[l*32+:32];
    end
  end

  // ---- the sum of squares of 16-bit mantissas
  localparam int TREE = $clog2(LANES);  // stages that add up pairs
  localparam int LEAVES = 1 << TREE;  // all as far from the root: a beat's squares stay together
  localparam int SQUARES = 5 + TREE;
  localparam int SUM_W = 32 + TREE;
  logic [SQUARES-1:0] square_en;
  logic summed, last_summed;
  logic [47:0] ss_q;

  stream_pipe #(
    .STAGES(SQUARES)
  ) u_squares (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(state_q == StSquare),
    .ready_o(),
    .data_i (beat_q == BEAT_IW'(BEATS - 1)),
    .en_o   (square_en),
    .valid_o(summed),
    .ready_i(1'b1),
    .data_o (last_summed)
  );

  // With the bit below, by which it rounds up; the largest stays.
  function automatic logic [NORM_W:0] moved(input logic signed [31:0] x, input logic [4:0] places);
    logic signed [32:0] half;
    half = {x, 1'b0};
    for (int p = 4; p >= 0; p--) if (places[p]) half = half >>> (1 << p);
    moved = half[NORM_W:0];
  endfunction

  function automatic logic [NORM_W-1:0] rounded(input logic [NORM_W:0] half);
    rounded = half[NORM_W:1] + NORM_W'(half[0] && half[NORM_W:1] != {1'b0, {(NORM_W - 1) {1'b1}}});
  endfunction

  logic [(2*LEAVES-1)*SUM_W-1:0] sums;  // numbered from 1: sums of what is at 2n and 2n + 1, from LEAVES on squares
  logic [LANES*NORM_W-1:0] xs_q;
  logic [2*LANES*NORM_W-1:0] square;
  multiplier #(
    .A_W(NORM_W),
    .B_W(NORM_W),
    .N  (LANES)
  ) u_square (
    .clk_i,
    .en_i(square_en[4:2]),
    .a_i (xs_q),
    .b_i (xs_q),
    .p_o (square)
  );
  for (genvar l = 0; l < LANES; l++) begin : gen_square
    logic [NORM_W:0] half_q;
    always_ff @(posedge clk_i) begin
      if (square_en[0]) half_q <= moved(x_q[beat_q][l], sh_q);
      if (square_en[1]) xs_q[l*NORM_W+:NORM_W] <= rounded(half_q);
    end
    assign sums[(LEAVES+l-1)*SUM_W+:SUM_W] = SUM_W'(square[2*l*NORM_W+:2*NORM_W]);
  end
  for (genvar l = LANES; l < LEAVES; l++) begin : gen_no_square
    assign sums[(LEAVES+l-1)*SUM_W+:SUM_W] = '0;
  end
  for (genvar n = 1; n < LEAVES; n++) begin : gen_sum
    localparam int STAGE = 5 + TREE - $clog2(n + 1);
    logic [SUM_W-1:0] sum_q;
    always_ff @(posedge clk_i) begin
      if (square_en[STAGE]) sum_q <= sums[(2*n-1)*SUM_W+:SUM_W] + sums[2*n*SUM_W+:SUM_W];
    end
    assign sums[(n-1)*SUM_W+:SUM_W] = sum_q;
  end

  // ---- 1/rms
  rsqrt u_rsqrt (
    .clk_i,
    .rst_i,
    .start_i(state_q == StEps),
    .u_i    (ss_q | 48'(ss_q == 0)),
    .done_o (root_done),
    .r_o    (root),
    .k_o    (k)
  );

  multiplier #(
    .A_W   (20),
    .B_W   (17),
    .ADDEND(64'd16384)
  ) u_scale (
    .clk_i,
    .en_i(scale_q),
    .a_i ({1'b0, root}),
    .b_i ({1'b0, SQN}),
    .p_o (a)
  );

  localparam int OUTS = 11;
  logic [OUTS-1:0] out_en;
  logic last_out;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q   <= StLoad;
      beat_q    <= '0;
      tag_q     <= '0;
      any_q     <= '0;
      sh_q      <= '0;
      ss_q      <= '0;
      scale_q   <= '0;
      z_shift_q <= '0;
    end else begin
      scale_q <= {scale_q[1:0], state_q == StRoot && root_done};
      if (summed) ss_q <= ss_q + 48'(sums[SUM_W-1:0]);
      unique case (state_q)
        StLoad:
        if (valid_i) begin
          tag_q  <= (beat_q == 0) ? tag_i : shared_tag(tag_q, tag_i);
          any_q  <= any_d;
          beat_q <= beat_q + 1'b1;
          if (beat_q == BEAT_IW'(BEATS - 1)) begin
            beat_q  <= '0;
            state_q <= StShift;
          end
        end
        StShift: begin
          sh_q    <= 5'(bit_length(any_q >> (NORM_W - 1)));
          state_q <= StSquare;
        end
        StSquare: begin
          // The epsilon, in units of the squared mantissas, is where the sum starts.
          if (beat_q == 0) ss_q <= 48'(NEPS >> {sh_q, 1'b0});
          beat_q <= beat_q + 1'b1;
          if (beat_q == BEAT_IW'(BEATS - 1)) begin
            beat_q  <= '0;
            state_q <= StAdd;
          end
        end
        StAdd:   if (summed && last_summed) state_q <= StEps;
        StEps:   state_q <= StRoot;
        StRoot:  if (root_done) state_q <= StScale;
        StScale: begin
          z_shift_q <= 6'(21 - SQE) + 6'(sh_q) - 6'(k);
          if (scale_q[2]) state_q <= StOut;
        end
        StOut:
        if (out_en[0]) begin
          beat_q <= beat_q + 1'b1;
          if (beat_q == BEAT_IW'(BEATS - 1)) begin
            beat_q  <= '0;
            state_q <= StLast;
          end
        end
        StLast:  if (valid_o && ready_i && last_out) state_q <= StLoad;
        default: state_q <= StLoad;
      endcase
    end
  end

  // ---- outputs
  localparam int GAIN = 4;  // stage that reads the gain
  localparam int DOWN = 7;  // and the one that reads how far it moves
  logic [DOWN*BEAT_IW-1:0] beats_q;  // the beat in each stage that far

  stream_pipe #(
    .STAGES(OUTS)
  ) u_outs (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(state_q == StOut),
    .ready_o(),
    .data_i (beat_q == BEAT_IW'(BEATS - 1)),
    .en_o   (out_en),
    .valid_o,
    .ready_i,
    .data_o (last_out)
  );
  for (genvar s = 0; s < DOWN; s++) begin : gen_beat
    always_ff @(posedge clk_i) begin
      if (out_en[s]) beats_q[s*BEAT_IW+:BEAT_IW] <= (s == 0) ? beat_q : beats_q[((s==0)?0 : s-1)*BEAT_IW+:BEAT_IW];
    end
  end

  // A gain is binary32: its significand with the hidden bit and the sign, and how far right its exponent moves.
  function automatic logic signed [24:0] signed_significand(input logic [31:0] g);
    signed_significand = (g[30:23] == 0) ? '0 : {1'b0, 1'b1, g[22:0]};
    if (g[31]) signed_significand = -signed_significand;
  endfunction

  function automatic logic [5:0] moved_by(input logic [7:0] exponent);
    logic [7:0] down;
    down     = 8'd154 - exponent;
    moved_by = (down > 8'd62) ? 6'd62 : down[5:0];
  endfunction

  localparam int RMS_W = 53;  // of x times 1/rms
  localparam int GAINED_W = 57;  // and of that times a gain
  logic [LANES*32-1:0] beat, z_q;  // z is at most sqrt(N), 20 fraction bits
  logic [LANES*25-1:0] gain_q;
  logic [LANES*RMS_W-1:0] by_rms;
  logic [LANES*GAINED_W-1:0] by_gain;

  multiplier #(
    .A_W(32),
    .B_W(21),
    .N  (LANES)
  ) u_scaled (
    .clk_i,
    .en_i(out_en[2:0]),
    .a_i (beat),
    .b_i ({LANES{21'(a >>> 15)}}),
    .p_o (by_rms)
  );

  multiplier #(
    .A_W(32),
    .B_W(25),
    .N  (LANES)
  ) u_gained (
    .clk_i,
    .en_i(out_en[7:5]),
    .a_i (z_q),
    .b_i (gain_q),
    .p_o (by_gain)
  );

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic signed [RMS_W:0] z_moved;
    logic signed [32:0] z_half_q;  // with the bit below
    logic signed [GAINED_W:0] y_moved;
    logic signed [38:0] y_half_q;
    logic signed [37:0] y_q;
    logic signed [31:0] data_q;
    logic [5:0] down_q;

    assign mag[l*32+:32]  = magnitude(data_i[l*32+:32]);
    assign beat[l*32+:32] = x_q[beat_q][l];

    assign z_moved = $signed({by_rms[l*RMS_W+:RMS_W], 1'b0}) >>> z_shift_q;
    assign y_moved = $signed({by_gain[l*GAINED_W+:GAINED_W], 1'b0}) >>> down_q;
    always_ff @(posedge clk_i) begin
      if (out_en[3]) z_half_q <= z_moved[32:0];
      if (out_en[4]) begin
        z_q[l*32+:32]    <= z_half_q[32:1] + 32'(z_half_q[0]);
        gain_q[l*25+:25] <= signed_significand(gains[GAIN_IW'(32'(beats_q[(GAIN-1)*BEAT_IW+:BEAT_IW])*LANES+l)]);
      end
      if (out_en[7]) down_q <= moved_by(8'(gains[GAIN_IW'(32'(beats_q[(DOWN-1)*BEAT_IW+:BEAT_IW])*LANES+l)] >> 23));
      if (out_en[8]) y_half_q <= y_moved[38:0];
      if (out_en[9]) y_q <= y_half_q[38:1] + 38'(y_half_q[0]);
      if (out_en[10]) data_q <= sat32(64'(y_q));
    end
    assign data_o[l*32+:32] = data_q;
  end
endmodule
