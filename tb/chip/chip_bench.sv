// The chip as the benches drive it: prompt tokens wait in a FIFO in front of it, answers in a FIFO behind it, so that
// the chip runs at its own pace and Python need not follow every clock.
module chip_bench (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [95:0] stop_ids_i,
  // the file +adapters=NAME, a line of {layer[7:0], array, bank, word, chunk, data} in hexadecimal a clock
  input  logic        load_i,
  output logic        loaded_o,
  // {sample_t, adapter[3:0], max_new[15:0], last, first, slot[7:0], token[23:0]}
  input  logic        push_i,
  output logic        full_o,
  input  logic [114:0] push_data_i,
  // {cycle[47:0], end[1:0], slot[7:0], pos[15:0], token[23:0]}, the cycle in which the answer left the chip
  input  logic        stall_i,       // answers wait at the chip's port
  output logic        avail_o,
  input  logic        pop_i,
  output logic [97:0] pop_data_o,
  output logic        idle_o,
  output logic [47:0] cycles_o,
  output logic [47:0] busy_o,        // clocks times layers with a token
  output logic [31:0] corrected_o,   // SRAM words that are told to be
  output logic [31:0] failed_o
);
  logic tok_valid, tok_ready, out_valid, out_ready, fifo_ready, push_ready, idle;
  logic [114:0] tok;
  logic [49:0] out;
  logic [47:0] cycles_q, busy_q;
  logic [31:0] corrected_q, failed_q;
  logic [shape_pkg::LAYERS-1:0] busy, corrected, failed;

  // Adapters on their way into the SRAMs.
  logic        write;
  logic [77:0] record;  // {layer, adapter_write_t}

  line_player #(
    .WIDTH(78)
  ) u_player (
    .clk_i,
    .rst_i,
    .play_i  (load_i),
    .loaded_o,
    .valid_o (write),
    .ready_i (1'b1),
    .data_o  (record)
  );

  assign full_o         = !push_ready;
  assign out_ready      = fifo_ready && !stall_i;
  assign idle_o         = idle && !tok_valid;
  assign cycles_o       = cycles_q;
  assign busy_o         = busy_q;
  assign corrected_o    = corrected_q;
  assign failed_o       = failed_q;

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
    .WIDTH(115)
  ) u_in (
    .clk_i,
    .rst_i,
    .valid_i(push_i),
    .ready_o(push_ready),
    .data_i (push_data_i),
    .valid_o(tok_valid),
    .ready_i(tok_ready),
    .data_o (tok)
  );

  chip u_chip (
    .clk_i,
    .rst_i,
    .idle_o       (idle),
    .layer_busy_o (busy),
    .corrected_o  (corrected),
    .failed_o     (failed),
    .stop_ids_i,
    .tok_valid_i  (tok_valid),
    .tok_ready_o  (tok_ready),
    .tok_slot_i   (tok[31:24]),
    .tok_id_i     (tok[23:0]),
    .tok_first_i  (tok[32]),
    .tok_last_i   (tok[33]),
    .tok_max_new_i(tok[49:34]),
    .tok_adapter_i(tok[53:50]),
    .tok_sample_i (tok[114:54]),
    .cut_i        ('0),
    .write_valid_i(write),
    .write_layer_i(record[77:70]),
    .write_i      (record[69:0]),
    .out_valid_o  (out_valid),
    .out_ready_i  (out_ready),
    .out_slot_o   (out[47:40]),
    .out_pos_o    (out[39:24]),
    .out_id_o     (out[23:0]),
    .out_end_o    (out[49:48])
  );

  stream_fifo #(
    .DEPTH(64),
    .WIDTH(98)
  ) u_out (
    .clk_i,
    .rst_i,
    .valid_i(out_valid && !stall_i),
    .ready_o(fifo_ready),
    .data_i ({cycles_q, out}),
    .valid_o(avail_o),
    .ready_i(pop_i),
    .data_o (pop_data_o)
  );
endmodule
