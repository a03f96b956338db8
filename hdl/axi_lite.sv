// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite for registers that answer a clock after they were asked: what a write or a read is told then, data or that it
// is refused, is its response. Address and data of a write may come in any order; nothing is combinational from an input
// to an output.
module axi_lite (
  input  logic                clk_i,
  input  logic                rst_i,
  input  host_pkg::axil_req_t req_i,
  output host_pkg::axil_rsp_t rsp_o,
  // to the registers, whose answers come a clock later
  output logic                write_o,
  output logic         [15:0] write_addr_o,
  output logic         [31:0] write_data_o,
  output logic          [3:0] write_strb_o,
  input  logic                write_refused_i,
  output logic                read_o,
  output logic         [15:0] read_addr_o,
  input  logic         [31:0] read_data_i,
  input  logic                read_refused_i
);
  localparam logic [1:0] SLVERR = 2'b10;

  logic addr_valid, data_valid, b_ready, b_refused, r_ready, r_refused;
  logic write_q, read_q;  // the registers answer

  always_ff @(posedge clk_i) begin
    if (rst_i) {write_q, read_q} <= '0;
    else {write_q, read_q} <= {write_o, read_o};
  end

  stream_fifo #(
    .DEPTH(1),
    .WIDTH(16)
  ) u_aw (
    .clk_i,
    .rst_i,
    .valid_i(req_i.awvalid),
    .ready_o(rsp_o.awready),
    .data_i (req_i.awaddr),
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
    .valid_i(req_i.wvalid),
    .ready_o(rsp_o.wready),
    .data_i ({req_i.wstrb, req_i.wdata}),
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
    .valid_i(write_q),
    .ready_o(b_ready),
    .data_i (write_refused_i),
    .valid_o(rsp_o.bvalid),
    .ready_i(req_i.bready),
    .data_o (b_refused)
  );

  assign rsp_o.bresp = b_refused ? SLVERR : '0;

  // A read needs no place of its own: it is done as it comes.
  assign rsp_o.arready = r_ready && !read_q;
  assign read_o        = req_i.arvalid && rsp_o.arready;
  assign read_addr_o   = req_i.araddr;

  stream_fifo #(
    .DEPTH(1),
    .WIDTH(33)
  ) u_r (
    .clk_i,
    .rst_i,
    .valid_i(read_q),
    .ready_o(r_ready),
    .data_i ({read_refused_i, read_data_i}),
    .valid_o(rsp_o.rvalid),
    .ready_i(req_i.rready),
    .data_o ({r_refused, rsp_o.rdata})
  );

  assign rsp_o.rresp = r_refused ? SLVERR : '0;
endmodule
