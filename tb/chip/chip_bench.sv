// SPDX-License-Identifier: Apache-2.0
// The chip as the benches drive it: prompt tokens wait in a FIFO in front of it, answers in a FIFO behind it, so that
// the chip runs at its own pace and Python need not follow every clock.
module chip_bench (
  input  logic                                                                           clk_i,
  input  logic                                                                           rst_i,
  input  logic                   [cartridge_pkg::STOP_TOKENS*cartridge_pkg::TOKEN_W-1:0] stop_ids_i,
  // The file +adapters=NAME has a line of {layer_t, adapter_write_t} in hexadecimal for a clock.
  input  logic                                                                           load_i,
  output logic                                                                           loaded_o,
  input  logic                                                                           push_i,
  output logic                                                                           full_o,
  input  cartridge_pkg::prompt_t                                                         push_prompt_i,
  // Answers wait at the chip's port.
  input  logic                                                                           stall_i,
  output logic                                                                           avail_o,
  input  logic                                                                           pop_i,
  output cartridge_pkg::answer_t                                                         pop_answer_o,
  // The answer left the chip in this cycle.
  output logic                   [                                                 47:0] pop_cycle_o,
  output logic                                                                           idle_o,
  output logic                   [                                                 47:0] cycles_o,
  // The sum over all clocks of the layers that have a token.
  output logic                   [                                                 47:0] busy_o,
  // So many SRAM words were corrected, or could not be.
  output logic                   [                                                 31:0] corrected_o,
  output logic                   [                                                 31:0] failed_o
);
  import cartridge_pkg::*;

  // Icarus 11 knows the type of a top's port only from a variable of it.
  prompt_t pushed, prompt;
  answer_t answer, popped;
  assign pushed       = push_prompt_i;
  assign pop_answer_o = popped;

  logic tok_valid, tok_ready, out_valid, out_ready, fifo_ready, push_ready, idle;
  logic [47:0] cycles_q, busy_q;
  logic [31:0] corrected_q, failed_q;
  logic [shape_pkg::LAYERS-1:0] busy, corrected, failed;

  // Adapters on their way into the SRAMs.
  logic write_valid;
  layer_t write_layer;
  adapter_write_t write;

  line_player #(
    .WIDTH($bits(layer_t) + $bits(adapter_write_t))
  ) u_player (
    .clk_i,
    .rst_i,
    .play_i (load_i),
    .loaded_o,
    .valid_o(write_valid),
    .ready_i(1'b1),
    .data_o ({write_layer, write})
  );

  assign full_o      = !push_ready;
  assign out_ready   = fifo_ready && !stall_i;
  assign idle_o      = idle && !tok_valid;
  assign cycles_o    = cycles_q;
  assign busy_o      = busy_q;
  assign corrected_o = corrected_q;
  assign failed_o    = failed_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      cycles_q    <= '0;
      busy_q      <= '0;
      corrected_q <= '0;
      failed_q    <= '0;
    end else begin
      cycles_q    <= cycles_q + 48'd1;
      busy_q      <= busy_q + 48'($countones(busy));
      corrected_q <= corrected_q + 32'($countones(corrected));
      failed_q    <= failed_q + 32'($countones(failed));
    end
  end

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

  chip u_chip (
    .clk_i,
    .rst_i,
    .idle_o       (idle),
    .layer_busy_o (busy),
    .corrected_o  (corrected),
    .failed_o     (failed),
    .parted_o     (),
    .stop_ids_i,
    .tok_valid_i  (tok_valid),
    .tok_ready_o  (tok_ready),
    .tok_prompt_i (prompt),
    .cut_i        ('0),
    .write_valid_i(write_valid),
    .write_layer_i(write_layer),
    .write_i      (write),
    .out_valid_o  (out_valid),
    .out_ready_i  (out_ready),
    .out_answer_o (answer),
    .sig_layer_i  ('0),
    .sig_array_i  ('0),
    .signature_o  ()
  );

  stream_fifo #(
    .DEPTH(64),
    .WIDTH($bits(answer_t) + 48)
  ) u_out (
    .clk_i,
    .rst_i,
    .valid_i(out_valid && !stall_i),
    .ready_o(fifo_ready),
    .data_i ({answer, cycles_q}),
    .valid_o(avail_o),
    .ready_i(pop_i),
    .data_o ({popped, pop_cycle_o})
  );
endmodule
