// The chip as the benches drive it: prompt tokens wait in a FIFO in front of it, answers in a FIFO behind it, so that
// the chip runs at its own pace and Python need not follow every clock.
module chip_bench (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [95:0] stop_ids_i,
  // {max_new[15:0], last, first, slot[7:0], token[23:0]}
  input  logic        push_i,
  output logic        full_o,
  input  logic [49:0] push_data_i,
  // {cycle[47:0], end[1:0], slot[7:0], pos[15:0], token[23:0]}, the cycle in which the answer left the chip
  input  logic        stall_i,       // answers wait at the chip's port
  output logic        avail_o,
  input  logic        pop_i,
  output logic [97:0] pop_data_o,
  output logic        idle_o,
  output logic [47:0] cycles_o
);
  logic tok_valid, tok_ready, out_valid, out_ready, fifo_ready, push_ready, idle;
  logic [49:0] tok, out;
  logic [47:0] cycles_q;

  assign full_o         = !push_ready;
  assign out_ready      = fifo_ready && !stall_i;
  assign idle_o         = idle && !tok_valid;
  assign cycles_o       = cycles_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) cycles_q <= '0;
    else cycles_q <= cycles_q + 48'd1;
  end

  stream_fifo #(
    .DEPTH(64),
    .WIDTH(50)
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
    .stop_ids_i,
    .tok_valid_i  (tok_valid),
    .tok_ready_o  (tok_ready),
    .tok_slot_i   (tok[31:24]),
    .tok_id_i     (tok[23:0]),
    .tok_first_i  (tok[32]),
    .tok_last_i   (tok[33]),
    .tok_max_new_i(tok[49:34]),
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
