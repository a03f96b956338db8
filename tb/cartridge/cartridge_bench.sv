// SPDX-License-Identifier: Apache-2.0
// The die as the benches drive it: FIFOs at its token streams, so that it runs at its own pace and Python need not follow
// every clock; adapters come from a file; registers are at the pins. +occupancy=NAME leaves which token entered or left
// which layer in which clock.
module cartridge_bench (
  input  logic                          clk_i,
  input  logic                          rst_i,
  input  logic                   [15:0] s_axil_awaddr_i,
  input  logic                          s_axil_awvalid_i,
  output logic                          s_axil_awready_o,
  input  logic                   [31:0] s_axil_wdata_i,
  input  logic                   [ 3:0] s_axil_wstrb_i,
  input  logic                          s_axil_wvalid_i,
  output logic                          s_axil_wready_o,
  output logic                   [ 1:0] s_axil_bresp_o,
  output logic                          s_axil_bvalid_o,
  input  logic                          s_axil_bready_i,
  input  logic                   [15:0] s_axil_araddr_i,
  input  logic                          s_axil_arvalid_i,
  output logic                          s_axil_arready_o,
  output logic                   [31:0] s_axil_rdata_o,
  output logic                   [ 1:0] s_axil_rresp_o,
  output logic                          s_axil_rvalid_o,
  input  logic                          s_axil_rready_i,
  // The file +adapters=NAME has a line of {last, data} of the adapter stream in hexadecimal for a clock.
  input  logic                          load_i,
  output logic                          loaded_o,
  // Slot, token and last go into the token stream; all else a host writes into registers.
  input  logic                          push_i,
  output logic                          full_o,
  input  cartridge_pkg::prompt_t        push_prompt_i,
  // Answers wait at the die's port.
  input  logic                          stall_i,
  output logic                          avail_o,
  input  logic                          pop_i,
  output cartridge_pkg::answer_t        pop_answer_o,
  // The host port has refused the prompt.
  output logic                          pop_refused_o,
  // The answer left the die in this cycle.
  output logic                   [47:0] pop_cycle_o,
  output logic                          idle_o,
  output logic                   [47:0] cycles_o
);
  import cartridge_pkg::*;
  import shape_pkg::*;

  // Icarus 11 knows the type of a top's port only from a variable of it.
  prompt_t pushed, prompt;
  answer_t answer, popped;
  assign pushed       = push_prompt_i;
  assign pop_answer_o = popped;

  logic tok_valid, tok_ready, out_valid, out_ready, fifo_ready, push_ready, idle, lora_valid, lora_ready, refused;
  logic [32:0] lora;
  logic [4:0] unused;
  logic [47:0] cycles_q;

  assign full_o    = !push_ready;
  assign out_ready = fifo_ready && !stall_i;
  assign idle_o    = idle && !tok_valid;
  assign cycles_o  = cycles_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) cycles_q <= '0;
    else cycles_q <= cycles_q + 48'd1;
  end

  line_player #(
    .WIDTH(33)
  ) u_player (
    .clk_i,
    .rst_i,
    .play_i (load_i),
    .loaded_o,
    .valid_o(lora_valid),
    .ready_i(lora_ready),
    .data_o (lora)
  );

  stream_fifo #(
    .DEPTH(64),
    .WIDTH($bits(prompt_t))
  ) u_in (
    .clk_i,
    .rst_i,
    .valid_i(push_i),
    .ready_o(push_ready),
    .data_i (pushed),
    .valid_o(tok_valid),
    .ready_i(tok_ready),
    .data_o (prompt)
  );

  cartridge u_cartridge (
    .clk_i,
    .rst_i,
    .idle_o         (idle),
    .layer_busy_o   (),
    .s_axil_awaddr_i,
    .s_axil_awvalid_i,
    .s_axil_awready_o,
    .s_axil_wdata_i,
    .s_axil_wstrb_i,
    .s_axil_wvalid_i,
    .s_axil_wready_o,
    .s_axil_bresp_o,
    .s_axil_bvalid_o,
    .s_axil_bready_i,
    .s_axil_araddr_i,
    .s_axil_arvalid_i,
    .s_axil_arready_o,
    .s_axil_rdata_o,
    .s_axil_rresp_o,
    .s_axil_rvalid_o,
    .s_axil_rready_i,
    .s_tok_tvalid_i (tok_valid),
    .s_tok_tready_o (tok_ready),
    .s_tok_tdata_i  (32'(prompt.token)),
    .s_tok_tdest_i  (prompt.slot),
    .s_tok_tlast_i  (prompt.last),
    .m_tok_tvalid_o (out_valid),
    .m_tok_tready_i (out_ready),
    .m_tok_tdata_o  ({unused, refused, answer.reason, answer.token}),
    .m_tok_tid_o    (answer.slot),
    .m_tok_tuser_o  (answer.pos),
    .m_tok_tlast_o  (),
    .s_lora_tvalid_i(lora_valid),
    .s_lora_tready_o(lora_ready),
    .s_lora_tdata_i (lora[31:0]),
    .s_lora_tlast_i (lora[32])
  );

  stream_fifo #(
    .DEPTH(64),
    .WIDTH(1 + $bits(answer_t) + 48)
  ) u_out (
    .clk_i,
    .rst_i,
    .valid_i(out_valid && !stall_i),
    .ready_o(fifo_ready),
    .data_i ({refused, answer, cycles_q}),
    .valid_o(avail_o),
    .ready_i(pop_i),
    .data_o ({pop_refused_o, popped, pop_cycle_o})
  );

  // ---- who is where: a line "layer, 0 in or 1 out, slot, position, cycle" for the first beat in and the last one out
  int log;
  string log_path;
  initial begin
    log = 0;
    if ($value$plusargs("occupancy=%s", log_path) != 0) log = $fopen(log_path, "w");
  end

  for (genvar l = 0; l < LAYERS; l++) begin : gen_log
    localparam int BEATS = D_MODEL / cartridge_pkg::LANES;
    int unsigned in_q, out_q;
    logic enters, leaves;
    assign enters = u_cartridge.u_chip.gen_layer[l].in_valid && u_cartridge.u_chip.gen_layer[l].in_ready;
    assign leaves = u_cartridge.u_chip.gen_layer[l].out_valid && u_cartridge.u_chip.gen_layer[l].out_ready;
    always @(posedge clk_i) begin
      if (rst_i) begin
        in_q  <= 0;
        out_q <= 0;
      end else begin
        if (enters) begin
          in_q <= (in_q == BEATS - 1) ? 0 : in_q + 1;
          if (in_q == 0 && log != 0) begin
            $fwrite(log, "%0d 0 %0d %0d %0d\n", l, u_cartridge.u_chip.gen_layer[l].in.tag.slot,
                    u_cartridge.u_chip.gen_layer[l].in.tag.pos, cycles_q);
          end
        end
        if (leaves) begin
          out_q <= (out_q == BEATS - 1) ? 0 : out_q + 1;
          if (out_q == BEATS - 1 && log != 0) begin
            $fwrite(log, "%0d 1 %0d %0d %0d\n", l, u_cartridge.u_chip.gen_layer[l].out.tag.slot,
                    u_cartridge.u_chip.gen_layer[l].out.tag.pos, cycles_q);
          end
        end
      end
    end
  end
endmodule
