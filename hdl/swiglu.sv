// SPDX-License-Identifier: Apache-2.0
// SwiGLU: h = gate * sigmoid(gate) * up. Beats of gate and up arrive in turn; one beat leaves for each pair. In stages:
// sigmoid, six | times the gate, three | times up, three | saturated.
module swiglu (
  input  logic                                            clk_i,
  input  logic                                            rst_i,
  output logic                                            busy_o,   // some beats are inside
  input  logic                                            valid_i,
  output logic                                            ready_o,
  input  cartridge_pkg::tag_t                             tag_i,
  input  logic                [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                                            valid_o,
  input  logic                                            ready_i,
  output cartridge_pkg::tag_t                             tag_o,
  output logic                [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  tag_t tag, tag_out, gate_tag_q;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign tag   = tag_i;
  assign tag_o = tag_out;

  localparam int SIGMOID = 6;
  localparam int GATED = SIGMOID + 3;  // stages until up is a factor
  localparam int STAGES = GATED + 4;

  logic have_gate_q, pair_ready, pipe_busy;
  logic [BEAT_W-1:0] gate_q;
  logic [STAGES-1:0] en;

  assign ready_o = !have_gate_q || pair_ready;
  assign busy_o  = have_gate_q || pipe_busy;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      have_gate_q <= 1'b0;
      gate_q      <= '0;
      gate_tag_q  <= '0;
    end else if (valid_i && ready_o) begin
      have_gate_q <= !have_gate_q;
      if (!have_gate_q) begin
        gate_q     <= data_i;
        gate_tag_q <= tag;
      end
    end
  end

  stream_pipe #(
    .STAGES(STAGES),
    .WIDTH ($bits(tag_t))
  ) u_pipe (
    .clk_i,
    .rst_i,
    .busy_o (pipe_busy),
    .valid_i(valid_i && have_gate_q),
    .ready_o(pair_ready),
    .data_i (shared_tag(gate_tag_q, tag)),
    .en_o   (en),
    .valid_o,
    .ready_i,
    .data_o (tag_out)
  );

  // Factors on their way to their product.
  logic [SIGMOID*BEAT_W-1:0] gates_q;
  logic [GATED*BEAT_W-1:0] ups_q;
  for (genvar s = 0; s < GATED; s++) begin : gen_factor
    always_ff @(posedge clk_i) begin
      if (en[s]) ups_q[s*BEAT_W+:BEAT_W] <= (s == 0) ? data_i : ups_q[((s==0)?0 : s-1)*BEAT_W+:BEAT_W];
    end
    if (s < SIGMOID) begin : gen_gate
      always_ff @(posedge clk_i) begin
        if (en[s]) gates_q[s*BEAT_W+:BEAT_W] <= (s == 0) ? gate_q : gates_q[((s==0)?0 : s-1)*BEAT_W+:BEAT_W];
      end
    end
  end

  logic [LANES*17-1:0] sig;  // at most one, so that it makes no gate larger
  logic [LANES*18-1:0] factor;
  logic [LANES*50-1:0] silu;
  logic [LANES*32-1:0] gated;
  logic [LANES*64-1:0] h;

  sigmoid #(
    .N(LANES)
  ) u_sigmoid (
    .clk_i,
    .en_i(en[SIGMOID-1:0]),
    .g_i (gate_q),
    .s_o (sig)
  );

  multiplier #(
    .A_W   (32),
    .B_W   (18),
    .ADDEND(64'd32768),
    .N     (LANES)
  ) u_silu (
    .clk_i,
    .en_i(en[GATED-1:SIGMOID]),
    .a_i (gates_q[(SIGMOID-1)*BEAT_W+:BEAT_W]),
    .b_i (factor),
    .p_o (silu)
  );

  multiplier #(
    .A_W   (32),
    .B_W   (32),
    .ADDEND(64'd32768),
    .N     (LANES)
  ) u_h (
    .clk_i,
    .en_i(en[GATED+2:GATED]),
    .a_i (gated),
    .b_i (ups_q[(GATED-1)*BEAT_W+:BEAT_W]),
    .p_o (h)
  );

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic signed [31:0] h_q;
    assign factor[l*18+:18] = {1'b0, sig[l*17+:17]};
    assign gated[l*32+:32]  = silu[l*50+16+:32];
    always_ff @(posedge clk_i) if (en[STAGES-1]) h_q <= sat32($signed(h[l*64+:64]) >>> 16);
    assign data_o[l*32+:32] = h_q;
  end
endmodule
