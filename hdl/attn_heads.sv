// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Heads of a token's q, k and v as its beats arrive: a window on the last beats, in which they become whole, and
// quantisers for as many as one beat may end. What they give is behind a register, ahead of whoever takes it.
module attn_heads #(
  parameter int ALL_HEADS  = 8,   // of q, k and v
  parameter int HEAD_DIM   = 16,
  parameter int QUANTISERS = 2,   // heads side by side
  parameter int ACT_W      = 12,  // bits of a query's mantissa
  parameter int KV_W       = 10   // bits of a key's and of a value's
) (
  input  logic                                                clk_i,
  input  logic                                                rst_i,
  input  logic                                                valid_i,    // A beat of the token arrives.
  input  logic [cartridge_pkg::BEAT_W-1:0]                    data_i,
  output logic [QUANTISERS-1:0]                               who_o,      // Which quantisers have a head.
  output logic [$clog2(ALL_HEADS+QUANTISERS+1)-1:0]           head_o,     // The first one's number, while there is one.
  output logic [QUANTISERS*HEAD_DIM*ACT_W-1:0]                q_mant_o,   // As a query.
  output logic [QUANTISERS*5-1:0]                             q_sh_o,
  output logic [QUANTISERS*HEAD_DIM*KV_W-1:0]                 kv_mant_o,  // As a key or a value.
  output logic [QUANTISERS*5-1:0]                             kv_sh_o,
  input  logic                                                loaded_i    // The token's last head is there.
);
  import cartridge_pkg::*;

  `REQUIRE(a_beat_ends_no_more_heads, QUANTISERS * HEAD_DIM >= LANES)

  // Values that wait for the rest of their head; heads that do not end where beats or they themselves do begin anywhere.
  localparam bit RAGGED = HEAD_DIM % LANES != 0 && LANES % HEAD_DIM != 0;
  localparam int WINDOW_BEATS = (HEAD_DIM + (RAGGED ? LANES - 1 : 0) + LANES - 1) / LANES;
  localparam int WINDOW = WINDOW_BEATS * LANES;
  localparam int HEAD_IW = $clog2(ALL_HEADS + QUANTISERS + 1);
  localparam int REST_W = $clog2(WINDOW + LANES + 1);
  localparam int VALUE_IW = idx_w(WINDOW);
  localparam int MANT_W = HEAD_DIM * KV_W;

  // ---- a window on the last beats, in which heads become whole
  logic signed [31:0] window_q[WINDOW];
  logic fresh_q;  // its last beat is new
  logic [REST_W-1:0] rest_q;  // values that are of no head yet
  logic [HEAD_IW-1:0] head_q;  // heads that were whole before
  logic [QUANTISERS-1:0] whole;
  logic [REST_W-1:0] taken;
  logic [HEAD_IW-1:0] heads;

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      for (int unsigned i = 0; i + LANES < WINDOW; i++) window_q[i] <= window_q[i+LANES];
      for (int unsigned l = 0; l < LANES; l++) window_q[WINDOW-LANES+l] <= data_i[l*32+:32];
    end
  end

  for (genvar i = 0; i < QUANTISERS; i++) begin : gen_whole
    assign whole[i] = fresh_q && 32'(rest_q) >= (i + 1) * HEAD_DIM;
  end
  assign heads = HEAD_IW'($countones(whole));
  assign taken = REST_W'(32'(heads) * HEAD_DIM);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      fresh_q <= 1'b0;
      rest_q  <= '0;
      head_q  <= '0;
    end else begin
      fresh_q <= valid_i;
      rest_q  <= rest_q - taken + (valid_i ? REST_W'(LANES) : '0);
      head_q  <= loaded_i ? '0 : head_q + heads;
    end
  end

  // ---- quantisers, as many heads side by side as a beat may make whole
  logic [2:0] quantise;
  logic quantised;
  logic [QUANTISERS-1:0] quantised_whole;

  stream_pipe #(
    .STAGES(3),
    .WIDTH (QUANTISERS + HEAD_IW)
  ) u_quantise (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(whole[0]),
    .ready_o(),
    .data_i ({whole, head_q}),
    .en_o   (quantise),
    .valid_o(quantised),
    .ready_i(1'b1),
    .data_o ({quantised_whole, head_o})
  );

  for (genvar i = 0; i < QUANTISERS; i++) begin : gen_quantiser
    logic [HEAD_DIM*32-1:0] x;
    logic [HEAD_DIM*ACT_W-1:0] q_mant;
    logic [MANT_W-1:0] kv_mant;
    logic [4:0] q_sh, kv_sh;

    for (genvar j = 0; j < HEAD_DIM; j++) begin : gen_value
      assign x[j*32+:32] = window_q[VALUE_IW'((RAGGED?WINDOW-32'(rest_q) : 0)+i*HEAD_DIM+j)];
    end

    act_quantiser #(
      .N(HEAD_DIM),
      .W(ACT_W)
    ) u_q (
      .clk_i,
      .en_i(quantise[1:0]),
      .x_i (x),
      .m_o (q_mant),
      .sh_o(q_sh)
    );

    act_quantiser #(
      .N(HEAD_DIM),
      .W(KV_W)
    ) u_kv (
      .clk_i,
      .en_i(quantise[1:0]),
      .x_i (x),
      .m_o (kv_mant),
      .sh_o(kv_sh)
    );

    always_ff @(posedge clk_i) begin
      if (quantise[2]) begin
        q_mant_o[i*HEAD_DIM*ACT_W+:HEAD_DIM*ACT_W] <= q_mant;
        q_sh_o[i*5+:5]                             <= q_sh;
        kv_mant_o[i*MANT_W+:MANT_W]                <= kv_mant;
        kv_sh_o[i*5+:5]                            <= kv_sh;
      end
    end
  end

  assign who_o = quantised ? quantised_whole : '0;
endmodule
