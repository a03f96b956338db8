// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// Keys and values go where the token's tag says, and no later position is read.
module attention_assert #(
  parameter int KV_HEADS  = 1,
  parameter int POSITIONS = 1
) (
  input logic                clk_i,
  input logic                rst_i,
  input logic                enters_i,
  input cartridge_pkg::tag_t tag_i
);
  cartridge_pkg::tag_t tag_q;

  always_ff @(posedge clk_i) if (enters_i) tag_q <= tag_i;

  for (genvar g = 0; g < KV_HEADS; g++) begin : gen_kv
    always_ff @(posedge clk_i) begin
      if (!rst_i && attention.gen_kv[g].u_k.we_i)
        `HOLDS(key_in_slot, {attention.gen_kv[g].u_k.slot_i, attention.gen_kv[g].u_k.wpos_i} == tag_q[23:0],
               "a key goes to another place than its token's")
      if (!rst_i && attention.gen_kv[g].u_v.we_i)
        `HOLDS(value_in_slot, {attention.gen_kv[g].u_v.slot_i, attention.gen_kv[g].u_v.wpos_i} == tag_q[23:0],
               "a value goes to another place than its token's")
    end
    for (genvar p = 0; p < POSITIONS; p++) begin : gen_bank
      always_ff @(posedge clk_i) begin
        if (!rst_i && attention.gen_kv[g].u_k.re_i[p])
          `HOLDS(key_of_past, 32'(attention.gen_kv[g].u_k.rpos_i) + p <= 32'(tag_q.pos),
                 "a key behind the token is read")
        if (!rst_i && attention.gen_kv[g].u_v.re_i[p])
          `HOLDS(value_of_past, 32'(attention.gen_kv[g].u_v.rpos_i) + p <= 32'(tag_q.pos),
                 "a value behind the token is read")
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_i && attention.u_shift.we_i)
      `HOLDS(exponents_in_slot, {attention.u_shift.slot_i, attention.u_shift.wpos_i} == tag_q[23:0],
             "exponents go to another place than their token's")
  end
endmodule

bind attention attention_assert #(
  .KV_HEADS (KV_HEADS),
  .POSITIONS(POSITIONS)
) u_attention_assert (
  .clk_i,
  .rst_i,
  .enters_i(valid_i && ready_o),
  .tag_i
);
