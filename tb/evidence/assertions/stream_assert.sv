// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// An output stream: a beat that waits stays as it is until it is accepted.
// Tag and data are apart: together they would be one more wide vector to move with every change.
module stream_assert #(
  parameter int TAG_W  = 1,
  parameter int DATA_W = 1
) (
  input logic              clk_i,
  input logic              rst_i,
  input logic              valid_i,
  input logic              ready_i,
  input logic  [TAG_W-1:0] tag_i,
  input logic [DATA_W-1:0] data_i
);
  logic waits_q;
  logic [TAG_W-1:0] tag_q;
  logic [DATA_W-1:0] data_q;

  always_ff @(posedge clk_i) begin
    waits_q <= !rst_i && valid_i && !ready_i;
    if (valid_i && !ready_i) begin
      tag_q  <= tag_i;
      data_q <= data_i;
    end
    if (!rst_i && waits_q) begin
      `HOLDS(not_withdrawn, valid_i, "a waiting beat was withdrawn")
      `HOLDS(not_changed, tag_i == tag_q && data_i == data_q, "a waiting beat was changed")
    end
  end
endmodule

`define BIND_STREAM_FROM(MODULE, NAME, RESET, VALID, READY, TAG, DATA) \
  bind MODULE stream_assert #(.TAG_W($bits(TAG)), .DATA_W($bits(DATA))) NAME ( \
    .clk_i, .rst_i(RESET), .valid_i(VALID), .ready_i(READY), .tag_i(TAG), .data_i(DATA) \
  );
`define BIND_STREAM_AT(MODULE, NAME, VALID, READY, TAG, DATA) \
  `BIND_STREAM_FROM(MODULE, NAME, rst_i, VALID, READY, TAG, DATA)
`define BIND_STREAM(MODULE, TAG, DATA) `BIND_STREAM_AT(MODULE, u_stream_assert, valid_o, ready_i, TAG, DATA)
`BIND_STREAM(sequencer, tag_o, token_o)
`BIND_STREAM(embedding, tag_o, data_o)
`BIND_STREAM(rms_norm, tag_o, data_o)
`BIND_STREAM(matrix, tag_o, data_o)
`BIND_STREAM(rope, tag_o, data_o)
`BIND_STREAM(attention, tag_o, data_o)
`BIND_STREAM(swiglu, tag_o, data_o)
`BIND_STREAM(argmax, tag_o, token_o)
`BIND_STREAM(sampler, tag_o, token_o)
`BIND_STREAM(stream_fifo, 1'b0, data_o)
`BIND_STREAM(stream_arb, from_a_o, data_o)
`BIND_STREAM_AT(sequencer, u_host_assert, out_valid_o, out_ready_i, 1'b0, out_answer_o)
// A restart takes back what waits for the chip, which is in reset.
`BIND_STREAM_FROM(host_port, u_chip_assert, rst_i || restarting, tok_valid_o, tok_ready_i, 1'b0, tok_prompt_o)
`BIND_STREAM_AT(host_port, u_answer_assert, m_tok_tvalid_o, m_tok_tready_i, {m_tok_tid_o, m_tok_tuser_o}, {
                m_tok_tlast_o, m_tok_tdata_o})
`BIND_STREAM_AT(axi_lite, u_write_assert, rsp_o.bvalid, req_i.bready, 1'b0, rsp_o.bresp)
`BIND_STREAM_AT(axi_lite, u_read_assert, rsp_o.rvalid, req_i.rready, 1'b0, {rsp_o.rresp, rsp_o.rdata})
