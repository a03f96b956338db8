// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// RMSNorm over a vector of N FX values:  y_i = x_i / sqrt(mean(x^2) + eps) * g_i     (docs/formats.md)
//
//   receive N/LANES beats -> square (beats again, 16-bit mantissas) -> rsqrt -> scale (beats out)
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

  typedef enum logic [2:0] {
    StLoad,
    StSquare,
    StEps,
    StRoot,
    StScale,
    StOut
  } state_e;
  state_e state_q;
  logic [BEAT_IW-1:0] beat_q;
  tag_t tag_q;

  logic signed [31:0] x_q[BEATS][LANES];
  logic [31:0] any_q, any_d;
  logic [LANES*32-1:0] mag;
  logic [LANES*48-1:0] squares;
  logic [47:0] ss_q, square;
  logic [4:0] sh;
  logic root_done;
  logic [18:0] root;
  logic [4:0] k;
  logic [19:0] a_q;
  logic [5:0] z_shift_q;
  logic [5:0] len;

  assign ready_o = state_q == StLoad;
  assign valid_o = state_q == StOut;
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

  // One beat's sum of squares of 16-bit mantissas.
  assign len = bit_length(any_q);
  assign sh  = (len > 6'(NORM_W - 1)) ? 5'(len - 6'(NORM_W - 1)) : 5'd0;

  function automatic logic [47:0] squared(input logic signed [31:0] x, input logic [4:0] places);
    logic signed [63:0] xs;
    xs = rsr(64'(x), {1'b0, places});
    if (xs > 64'sd32767) xs = 64'sd32767;
    squared = 48'(xs * xs);
  endfunction

  always_comb begin
    square = '0;
    for (int unsigned l = 0; l < LANES; l++) square = square + squares[l*48+:48];
  end

  rsqrt u_rsqrt (
    .clk_i,
    .rst_i,
    .start_i(state_q == StEps),
    .u_i    ((ss_q == 0) ? 48'd1 : ss_q),
    .done_o (root_done),
    .r_o    (root),
    .k_o    (k)
  );

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q   <= StLoad;
      beat_q    <= '0;
      tag_q     <= '0;
      any_q     <= '0;
      ss_q      <= '0;
      a_q       <= '0;
      z_shift_q <= '0;
    end else begin
      unique case (state_q)
        StLoad:
        if (valid_i) begin
          tag_q  <= tag_i;
          any_q  <= any_d;
          beat_q <= beat_q + 1'b1;
          if (beat_q == BEAT_IW'(BEATS - 1)) begin
            beat_q  <= '0;
            state_q <= StSquare;
          end
        end
        StSquare: begin
          // The epsilon, in units of the squared mantissas, is where the sum starts.
          ss_q   <= ((beat_q == 0) ? 48'(NEPS >> {sh, 1'b0}) : ss_q) + square;
          beat_q <= beat_q + 1'b1;
          if (beat_q == BEAT_IW'(BEATS - 1)) begin
            beat_q  <= '0;
            state_q <= StEps;
          end
        end
        StEps:   state_q <= StRoot;
        StRoot:  if (root_done) state_q <= StScale;
        StScale: begin
          a_q       <= 20'((35'(root) * 35'(SQN) + 35'd16384) >> 15);
          z_shift_q <= 6'(21 - SQE) + 6'(sh) - 6'(k);
          state_q   <= StOut;
        end
        StOut:
        if (ready_i) begin
          beat_q <= beat_q + 1'b1;
          if (beat_q == BEAT_IW'(BEATS - 1)) begin
            beat_q  <= '0;
            state_q <= StLoad;
          end
        end
        default: state_q <= StLoad;
      endcase
    end
  end

  // Two multipliers a lane: by 1/rms, then by the gain (binary32, taken apart here).
  function automatic logic signed [31:0] normed(input logic signed [31:0] x, input logic [19:0] a,
                                                input logic [5:0] z_shift, input logic [31:0] g);
    logic signed [31:0] z;  // at most sqrt(N), 20 fraction bits
    logic signed [63:0] y;
    logic [7:0] down;
    z      = 32'(rsr(64'(x) * $signed({44'd0, a}), z_shift));
    y      = (g[30:23] == 0) ? 64'sd0 : 64'(z) * $signed({40'd0, 1'b1, g[22:0]});
    down   = 8'd154 - g[30:23];
    normed = sat32(rsr(g[31] ? -y : y, (down > 8'd62) ? 6'd62 : down[5:0]));
  endfunction

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    assign mag[l*32+:32]     = magnitude(data_i[l*32+:32]);
    assign squares[l*48+:48] = squared(x_q[beat_q][l], sh);
    assign data_o[l*32+:32]  = normed(x_q[beat_q][l], a_q, z_shift_q, gains[GAIN_IW'(32'(beat_q)*LANES+l)]);
  end
endmodule
