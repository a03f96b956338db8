// The performance counters, 64 bits each, in the order of their addresses. Reading the low half of one keeps its high
// half for the next read.
module host_counters #(
  parameter int COUNT = 7
) (
  input  logic                clk_i,
  input  logic                rst_i,
  input  logic                clear_i,
  input  logic [COUNT*16-1:0] add_i,   // to each counter, every clock
  input  logic                read_i,
  input  logic          [2:0] which_i,
  input  logic                high_i,
  output logic         [31:0] data_o
);
  logic [63:0] count_q[COUNT];
  logic [31:0] high_q[COUNT];

  assign data_o = high_i ? high_q[which_i] : count_q[which_i][31:0];

  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < COUNT; c++) begin
      if (rst_i || clear_i) begin
        count_q[c] <= '0;
        high_q[c]  <= '0;
      end else begin
        count_q[c] <= count_q[c] + 64'(add_i[c*16+:16]);
        if (read_i && !high_i && 32'(which_i) == c) high_q[c] <= count_q[c][63:32];
      end
    end
  end
endmodule
