// FIFO of stream beats: the skip path of a residual, which must hold a whole vector while its branch is computed.
module stream_fifo #(
  parameter int DEPTH = 2,
  parameter int WIDTH = cartridge_pkg::BEAT_W
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             valid_i,
  output logic             ready_o,
  input  logic [WIDTH-1:0] data_i,
  output logic             valid_o,
  input  logic             ready_i,
  output logic [WIDTH-1:0] data_o
);
  logic [WIDTH-1:0] mem[DEPTH];
  logic [15:0] head_q, tail_q, fill_q;
  logic push, pop;

  assign ready_o = fill_q != 16'(DEPTH);
  assign valid_o = fill_q != 0;
  assign push    = valid_i && ready_o;
  assign pop     = valid_o && ready_i;
  assign data_o  = mem[32'(head_q)];

  always_ff @(posedge clk_i) begin
    if (push) mem[32'(tail_q)] <= data_i;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      head_q <= '0;
      tail_q <= '0;
      fill_q <= '0;
    end else begin
      if (push) tail_q <= (tail_q == 16'(DEPTH - 1)) ? '0 : tail_q + 16'd1;
      if (pop) head_q <= (head_q == 16'(DEPTH - 1)) ? '0 : head_q + 16'd1;
      fill_q <= fill_q + 16'(push) - 16'(pop);
    end
  end
endmodule
