// SPDX-License-Identifier: Apache-2.0
// The die as a host sees it: the chip behind its host port (docs/host.md). AXI4-Lite registers, AXI4-Stream tokens in
// and out, AXI4-Stream adapter words; nothing else goes in or out.
module cartridge (
  input  logic                        clk_i,
  input  logic                        rst_i,
  output logic                        idle_o,        // no token anywhere on the die
  output logic [shape_pkg::LAYERS-1:0] layer_busy_o,
  input  logic                 [15:0] s_axil_awaddr_i,
  input  logic                        s_axil_awvalid_i,
  output logic                        s_axil_awready_o,
  input  logic                 [31:0] s_axil_wdata_i,
  input  logic                  [3:0] s_axil_wstrb_i,
  input  logic                        s_axil_wvalid_i,
  output logic                        s_axil_wready_o,
  output logic                  [1:0] s_axil_bresp_o,
  output logic                        s_axil_bvalid_o,
  input  logic                        s_axil_bready_i,
  input  logic                 [15:0] s_axil_araddr_i,
  input  logic                        s_axil_arvalid_i,
  output logic                        s_axil_arready_o,
  output logic                 [31:0] s_axil_rdata_o,
  output logic                  [1:0] s_axil_rresp_o,
  output logic                        s_axil_rvalid_o,
  input  logic                        s_axil_rready_i,
  input  logic                        s_tok_tvalid_i,
  output logic                        s_tok_tready_o,
  input  logic                 [31:0] s_tok_tdata_i,
  input  logic                  [7:0] s_tok_tdest_i,
  input  logic                        s_tok_tlast_i,
  output logic                        m_tok_tvalid_o,
  input  logic                        m_tok_tready_i,
  output logic                 [31:0] m_tok_tdata_o,
  output logic                  [7:0] m_tok_tid_o,
  output logic                 [15:0] m_tok_tuser_o,
  output logic                        m_tok_tlast_o,
  input  logic                        s_lora_tvalid_i,
  output logic                        s_lora_tready_o,
  input  logic                 [31:0] s_lora_tdata_i,
  input  logic                        s_lora_tlast_i
);
  import cartridge_pkg::*;
  import host_pkg::*;
  import shape_pkg::*;

  localparam int D_Q = HEADS * HEAD_DIM;
  localparam int D_KV = KV_HEADS * HEAD_DIM;

  axil_req_t axil_req;
  axil_rsp_t axil_rsp;
  logic [STOP_TOKENS*TOKEN_W-1:0] stop_ids;
  logic tok_valid, tok_ready, out_valid, out_ready, write_valid, chip_idle;
  prompt_t prompt;
  answer_t answer;
  logic [SLOTS-1:0] cut;
  logic restarting, parted;
  logic [LAYERS-1:0] busy, corrected, failed;
  layer_t write_layer, sig_layer;
  logic [1:0] sig_array;
  logic [31:0] signature;
  adapter_write_t write;

  assign layer_busy_o = busy;

  assign axil_req.awaddr  = s_axil_awaddr_i;
  assign axil_req.awvalid = s_axil_awvalid_i;
  assign axil_req.wdata   = s_axil_wdata_i;
  assign axil_req.wstrb   = s_axil_wstrb_i;
  assign axil_req.wvalid  = s_axil_wvalid_i;
  assign axil_req.bready  = s_axil_bready_i;
  assign axil_req.araddr  = s_axil_araddr_i;
  assign axil_req.arvalid = s_axil_arvalid_i;
  assign axil_req.rready  = s_axil_rready_i;
  assign s_axil_awready_o = axil_rsp.awready;
  assign s_axil_wready_o  = axil_rsp.wready;
  assign s_axil_bresp_o   = axil_rsp.bresp;
  assign s_axil_bvalid_o  = axil_rsp.bvalid;
  assign s_axil_arready_o = axil_rsp.arready;
  assign s_axil_rdata_o   = axil_rsp.rdata;
  assign s_axil_rresp_o   = axil_rsp.rresp;
  assign s_axil_rvalid_o  = axil_rsp.rvalid;

  host_port #(
    .SLOTS       (SLOTS),
    .DEPTH       (KV_DEPTH),
    .VOCAB       (VOCAB),
    .LAYERS      (LAYERS),
    .D_MODEL     (D_MODEL),
    .RANK        (RANK),
    .ADAPTERS    (ADAPTERS),
    .TOP_K       (TOP_K),
    .WORDS_QKV   (bank_words(3, D_MODEL, D_Q + 2 * D_KV)),
    .WORDS_O     (bank_words(1, D_Q, D_MODEL)),
    .WORDS_GATEUP(bank_words(2, D_MODEL, 2 * D_FFN)),
    .WORDS_DOWN  (bank_words(1, D_FFN, D_MODEL))
  ) u_host_port (
    .clk_i,
    .rst_i,
    .s_axil_i     (axil_req),
    .s_axil_o     (axil_rsp),
    .s_tok_tvalid_i,
    .s_tok_tready_o,
    .s_tok_tdata_i,
    .s_tok_tdest_i,
    .s_tok_tlast_i,
    .m_tok_tvalid_o,
    .m_tok_tready_i,
    .m_tok_tdata_o,
    .m_tok_tid_o,
    .m_tok_tuser_o,
    .m_tok_tlast_o,
    .s_lora_tvalid_i,
    .s_lora_tready_o,
    .s_lora_tdata_i,
    .s_lora_tlast_i,
    .stop_ids_o   (stop_ids),
    .tok_valid_o  (tok_valid),
    .tok_ready_i  (tok_ready),
    .tok_prompt_o (prompt),
    .cut_o        (cut),
    .restarting_o (restarting),
    .write_valid_o(write_valid),
    .write_layer_o(write_layer),
    .write_o      (write),
    .idle_o,
    .idle_i       (chip_idle),
    .layer_busy_i (busy),
    .corrected_i  (corrected),
    .failed_i     (failed),
    .parted_i     (parted),
    .sig_layer_o  (sig_layer),
    .sig_array_o  (sig_array),
    .signature_i  (signature),
    .out_valid_i  (out_valid),
    .out_ready_o  (out_ready),
    .out_answer_i (answer)
  );

  chip u_chip (
    .clk_i,
    .rst_i        (rst_i || restarting),
    .idle_o       (chip_idle),
    .layer_busy_o (busy),
    .corrected_o  (corrected),
    .failed_o     (failed),
    .parted_o     (parted),
    .sig_layer_i  (sig_layer),
    .sig_array_i  (sig_array),
    .signature_o  (signature),
    .stop_ids_i   (stop_ids),
    .tok_valid_i  (tok_valid),
    .tok_ready_o  (tok_ready),
    .tok_prompt_i (prompt),
    .cut_i        (cut),
    .write_valid_i(write_valid),
    .write_layer_i(write_layer),
    .write_i      (write),
    .out_valid_o  (out_valid),
    .out_ready_i  (out_ready),
    .out_answer_o (answer)
  );
endmodule
