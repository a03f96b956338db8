// AXI4-Lite for registers that answer at once: a write or a read is a clock of the register side, in which it is done or
// refused. Address and data of a write may come in any order; nothing is combinational from an input to an output.
module axi_lite (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [15:0] awaddr_i,
  input  logic        awvalid_i,
  output logic        awready_o,
  input  logic [31:0] wdata_i,
  input  logic  [3:0] wstrb_i,
  input  logic        wvalid_i,
  output logic        wready_o,
  output logic  [1:0] bresp_o,
  output logic        bvalid_o,
  input  logic        bready_i,
  input  logic [15:0] araddr_i,
  input  logic        arvalid_i,
  output logic        arready_o,
  output logic [31:0] rdata_o,
  output logic  [1:0] rresp_o,
  output logic        rvalid_o,
  input  logic        rready_i,
  // to the registers
  output logic        write_o,
  output logic [15:0] write_addr_o,
  output logic [31:0] write_data_o,
  output logic  [3:0] write_strb_o,
  input  logic        write_refused_i,
  output logic        read_o,
  output logic [15:0] read_addr_o,
  input  logic [31:0] read_data_i,
  input  logic        read_refused_i
);
  localparam logic [1:0] SLVERR = 2'b10;

  logic addr_valid, data_valid, b_ready, b_refused, r_refused;

  stream_fifo #(
    .DEPTH(1),
    .WIDTH(16)
  ) u_aw (
    .clk_i,
    .rst_i,
    .valid_i(awvalid_i),
    .ready_o(awready_o),
    .data_i (awaddr_i),
    .valid_o(addr_valid),
    .ready_i(write_o),
    .data_o (write_addr_o)
  );

  stream_fifo #(
    .DEPTH(1),
    .WIDTH(36)
  ) u_w (
    .clk_i,
    .rst_i,
    .valid_i(wvalid_i),
    .ready_o(wready_o),
    .data_i ({wstrb_i, wdata_i}),
    .valid_o(data_valid),
    .ready_i(write_o),
    .data_o ({write_strb_o, write_data_o})
  );

  assign write_o = addr_valid && data_valid && b_ready;

  stream_fifo #(
    .DEPTH(1),
    .WIDTH(1)
  ) u_b (
    .clk_i,
    .rst_i,
    .valid_i(write_o),
    .ready_o(b_ready),
    .data_i (write_refused_i),
    .valid_o(bvalid_o),
    .ready_i(bready_i),
    .data_o (b_refused)
  );

  assign bresp_o = b_refused ? SLVERR : '0;

  // A read needs no place of its own: it is done as it comes.
  assign read_o      = arvalid_i && arready_o;
  assign read_addr_o = araddr_i;

  stream_fifo #(
    .DEPTH(1),
    .WIDTH(33)
  ) u_r (
    .clk_i,
    .rst_i,
    .valid_i(arvalid_i),
    .ready_o(arready_o),
    .data_i ({read_refused_i, read_data_i}),
    .valid_o(rvalid_o),
    .ready_i(rready_i),
    .data_o ({r_refused, rdata_o})
  );

  assign rresp_o = r_refused ? SLVERR : '0;
endmodule
