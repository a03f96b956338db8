// SPDX-License-Identifier: Apache-2.0
// SwiGLU's handshake: beats of gate and up are taken in turn, a pair for every beat that enters the stages, the gate's data
// kept for it; nothing that was offered is withdrawn or changed. What the stages compute is left open (below).
module swiglu_proof (
  input logic                             clk_i,
  input logic                             rst_i,
  input logic                             valid_i,
  input cartridge_pkg::tag_t              tag_i,
  input logic [cartridge_pkg::BEAT_W-1:0] data_i,
  input logic                             ready_i
);
  logic ready, valid;
  cartridge_pkg::tag_t tag;
  logic [cartridge_pkg::BEAT_W-1:0] data;

  swiglu u_swiglu (
    .clk_i,
    .rst_i,
    .valid_i,
    .ready_o(ready),
    .tag_i,
    .data_i,
    .valid_o(valid),
    .ready_i,
    .tag_o  (tag),
    .data_o (data)
  );

  logic init_q = 1'b1, held_q;
  logic offered_q, odd_q;
  cartridge_pkg::tag_t tag_q, out_tag_q;
  logic [cartridge_pkg::BEAT_W-1:0] data_q, gate_q, out_q;
  always_ff @(posedge clk_i) begin
    init_q    <= 1'b0;
    held_q    <= valid_i && !ready && !rst_i;
    offered_q <= valid && !ready_i && !rst_i;
    tag_q     <= tag_i;
    data_q    <= data_i;
    out_tag_q <= tag;
    out_q     <= data;
    if (rst_i) odd_q <= 1'b0;
    else if (valid_i && ready) odd_q <= !odd_q;
    if (valid_i && ready && !odd_q) gate_q <= data_i;
  end

  always_comb begin
    if (init_q) assume (rst_i);
    // The source's manners.
    if (!init_q && held_q) assume (valid_i && tag_i == tag_q && data_i == data_q);
    if (!init_q) begin
      turn : assert (u_swiglu.have_gate_q == odd_q);
      gate_first : assert (odd_q || ready);
      pair : assert (u_swiglu.en[0] == (odd_q && valid_i && ready));
      kept : assert (!odd_q || u_swiglu.gate_q == gate_q);
      if (offered_q) stable : assert (valid && tag == out_tag_q && data == out_q);
      cover (valid && ready_i && gate_q[31:0] == 7 && data_i[31:0] == 9);
    end
  end
endmodule

module sigmoid #(
  parameter int N = 1
) (
  input  logic            clk_i,
  input  logic [     5:0] en_i,
  input  logic [N*32-1:0] g_i,
  output logic [N*17-1:0] s_o
);
  assign s_o = '0;
endmodule

module multiplier #(
  parameter int          A_W    = 32,
  parameter int          B_W    = 18,
  parameter logic [63:0] ADDEND = 64'd0,
  parameter int          N      = 1
) (
  input  logic                   clk_i,
  input  logic [            2:0] en_i,
  input  logic [      N*A_W-1:0] a_i,
  input  logic [      N*B_W-1:0] b_i,
  output logic [N*(A_W+B_W)-1:0] p_o
);
  assign p_o = '0;
endmodule
