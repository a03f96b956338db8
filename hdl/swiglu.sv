// SPDX-License-Identifier: Apache-2.0
// SwiGLU: h = gate * sigmoid(gate) * up. Beats of gate and up arrive in turn; one beat leaves for each pair.
module swiglu (
  input  logic                                            clk_i,
  input  logic                                            rst_i,
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

  tag_t tag;  // Icarus 11 knows the type of a top's port only from a variable of it

  logic have_gate_q;
  logic [BEAT_W-1:0] gate_q;

  assign valid_o = valid_i && have_gate_q;
  assign ready_o = !have_gate_q || ready_i;
  assign tag     = tag_i;
  assign tag_o   = tag;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      have_gate_q <= 1'b0;
      gate_q      <= '0;
    end else if (valid_i && ready_o) begin
      have_gate_q <= !have_gate_q;
      if (!have_gate_q) gate_q <= data_i;
    end
  end

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic signed [31:0] gate, up;
    logic [16:0] sig;
    logic signed [32:0] silu;

    assign gate = gate_q[l*32+:32];
    assign up   = data_i[l*32+:32];

    sigmoid u_sigmoid (
      .g_i(gate),
      .s_o(sig)
    );

    assign silu             = 33'(rsr(64'(gate) * $signed({47'd0, sig}), 6'd16));
    assign data_o[l*32+:32] = sat32(rsr(64'(silu) * 64'(up), 6'd16));
  end
endmodule
