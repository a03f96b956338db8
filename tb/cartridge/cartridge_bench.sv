// The die as the benches drive it: FIFOs at its token streams, so that it runs at its own pace and Python need not follow
// every clock; adapters come from a file; registers are at the pins. +occupancy=NAME leaves which token entered or left
// which layer in which clock.
module cartridge_bench (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [15:0] s_axil_awaddr_i,
  input  logic        s_axil_awvalid_i,
  output logic        s_axil_awready_o,
  input  logic [31:0] s_axil_wdata_i,
  input  logic  [3:0] s_axil_wstrb_i,
  input  logic        s_axil_wvalid_i,
  output logic        s_axil_wready_o,
  output logic  [1:0] s_axil_bresp_o,
  output logic        s_axil_bvalid_o,
  input  logic        s_axil_bready_i,
  input  logic [15:0] s_axil_araddr_i,
  input  logic        s_axil_arvalid_i,
  output logic        s_axil_arready_o,
  output logic [31:0] s_axil_rdata_o,
  output logic  [1:0] s_axil_rresp_o,
  output logic        s_axil_rvalid_o,
  input  logic        s_axil_rready_i,
  // the file +adapters=NAME, a line of {last, data} of the adapter stream in hexadecimal a clock
  input  logic        load_i,
  output logic        loaded_o,
  // {last, slot[7:0], token[23:0]}
  input  logic        push_i,
  output logic        full_o,
  input  logic [32:0] push_data_i,
  // {end[2], cycle[47:0], end[1:0], slot[7:0], pos[15:0], token[23:0]}, the cycle in which the answer left the die
  input  logic        stall_i,  // answers wait at the die's port
  output logic        avail_o,
  input  logic        pop_i,
  output logic [98:0] pop_data_o,
  output logic        idle_o,
  output logic [47:0] cycles_o
);
  import shape_pkg::*;

  logic tok_valid, tok_ready, out_valid, out_ready, fifo_ready, push_ready, idle, lora_valid, lora_ready;
  logic [32:0] tok, lora;
  logic [31:0] out_data;
  logic [7:0] out_slot;
  logic [15:0] out_pos;
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
    .play_i  (load_i),
    .loaded_o,
    .valid_o (lora_valid),
    .ready_i (lora_ready),
    .data_o  (lora)
  );

  stream_fifo #(
    .DEPTH(64),
    .WIDTH(33)
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

  cartridge u_cartridge (
    .clk_i,
    .rst_i,
    .idle_o          (idle),
    .layer_busy_o    (),
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
    .s_tok_tvalid_i  (tok_valid),
    .s_tok_tready_o  (tok_ready),
    .s_tok_tdata_i   ({8'd0, tok[23:0]}),
    .s_tok_tdest_i   (tok[31:24]),
    .s_tok_tlast_i   (tok[32]),
    .m_tok_tvalid_o  (out_valid),
    .m_tok_tready_i  (out_ready),
    .m_tok_tdata_o   (out_data),
    .m_tok_tid_o     (out_slot),
    .m_tok_tuser_o   (out_pos),
    .m_tok_tlast_o   (),
    .s_lora_tvalid_i (lora_valid),
    .s_lora_tready_o (lora_ready),
    .s_lora_tdata_i  (lora[31:0]),
    .s_lora_tlast_i  (lora[32])
  );

  stream_fifo #(
    .DEPTH(64),
    .WIDTH(99)
  ) u_out (
    .clk_i,
    .rst_i,
    .valid_i(out_valid && !stall_i),
    .ready_o(fifo_ready),
    .data_i ({out_data[26], cycles_q, out_data[25:24], out_slot, out_pos, out_data[23:0]}),
    .valid_o(avail_o),
    .ready_i(pop_i),
    .data_o (pop_data_o)
  );

  // ---- who is where: {layer, 0 in or 1 out, slot, position, cycle}, the first beat in and the last beat out
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
    assign leaves = u_cartridge.u_chip.gen_layer[l].valid && u_cartridge.u_chip.gen_layer[l].ready;
    always @(posedge clk_i) begin
      if (rst_i) begin
        in_q  <= 0;
        out_q <= 0;
      end else begin
        if (enters) begin
          in_q <= (in_q == BEATS - 1) ? 0 : in_q + 1;
          if (in_q == 0 && log != 0) begin
            $fwrite(log, "%0d 0 %0d %0d %0d\n", l, u_cartridge.u_chip.gen_layer[l].in_tag.slot,
                    u_cartridge.u_chip.gen_layer[l].in_tag.pos, cycles_q);
          end
        end
        if (leaves) begin
          out_q <= (out_q == BEATS - 1) ? 0 : out_q + 1;
          if (out_q == BEATS - 1 && log != 0) begin
            $fwrite(log, "%0d 1 %0d %0d %0d\n", l, u_cartridge.u_chip.gen_layer[l].tag.slot,
                    u_cartridge.u_chip.gen_layer[l].tag.pos, cycles_q);
          end
        end
      end
    end
  end
endmodule
