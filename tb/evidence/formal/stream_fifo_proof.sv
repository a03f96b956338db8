// SPDX-License-Identifier: Apache-2.0
// A stream_fifo against a queue: what goes in comes out, once, in order; it never holds more than DEPTH beats, takes one
// whenever it has room and offers one whenever it has any.
module stream_fifo_proof #(
  parameter int DEPTH = 2,
  parameter int WIDTH = 8
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             valid_i,
  input logic             ready_i,
  input logic [WIDTH-1:0] data_i
);
  logic ready, valid;
  logic [WIDTH-1:0] data;

  stream_fifo #(
    .DEPTH(DEPTH),
    .WIDTH(WIDTH)
  ) u_fifo (
    .clk_i,
    .rst_i,
    .valid_i,
    .ready_o(ready),
    .data_i,
    .valid_o(valid),
    .ready_i,
    .data_o (data)
  );

  logic init_q = 1'b1;
  always_ff @(posedge clk_i) init_q <= 1'b0;
  always_comb if (init_q) assume (rst_i);

  // The queue, its oldest beat first.
  logic [DEPTH*WIDTH-1:0] queue_q, left;
  logic [15:0] count_q, kept;
  logic push, pop;
  assign push = valid_i && count_q != 16'(DEPTH);
  assign pop  = ready_i && count_q != 0;
  assign left = pop ? queue_q >> WIDTH : queue_q;
  assign kept = count_q - 16'(pop);
  always_ff @(posedge clk_i) begin
    count_q <= rst_i ? '0 : kept + 16'(push);
    queue_q <= push ? (left & ~({DEPTH*WIDTH{1'b1}} << (kept * WIDTH))) | (DEPTH*WIDTH)'(data_i) << (kept * WIDTH) : left;
  end

  // Nothing that was offered is withdrawn or changed.
  logic offered_q;
  logic [WIDTH-1:0] offer_q;
  always_ff @(posedge clk_i) begin
    offered_q <= valid && !ready_i && !rst_i && !init_q;
    offer_q   <= data;
  end

  for (genvar i = 0; i < DEPTH; i++) begin : gen_place
    logic [31:0] place;
    assign place = (32'(u_fifo.head_q) + i) % DEPTH;
    always_comb if (!init_q && i < 32'(count_q)) invariant : assert (u_fifo.mem[place] == queue_q[i*WIDTH+:WIDTH]);
  end

  always_comb begin
    if (!init_q) begin
      bounds : assert (count_q <= 16'(DEPTH) && u_fifo.head_q < 16'(DEPTH));
      tail : assert (32'(u_fifo.tail_q) == (32'(u_fifo.head_q) + 32'(count_q)) % DEPTH);
      fill : assert (u_fifo.fill_q == count_q);
      takes : assert (ready == (count_q < 16'(DEPTH)));
      offers : assert (valid == (count_q != 0));
      moves : assert (ready || valid);
      if (valid) order : assert (data == queue_q[WIDTH-1:0]);
      if (offered_q) stable : assert (valid && data == offer_q);
      cover (count_q == 16'(DEPTH) && u_fifo.head_q == 16'(DEPTH - 1) && pop && data == 8'd7);
    end
  end
endmodule
