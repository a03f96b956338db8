// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// The valid/ready of a unit that works in STAGES stages, each behind a register. en_o[s] says that stage s takes a beat in
// this clock: the enable of its registers. A stage that is empty, or whose beat moves on, takes the one ahead of it, so gaps
// close while the end waits, and nothing is clocked without a beat. What only travels along is data.
module stream_pipe #(
  parameter int STAGES = 2,
  parameter int WIDTH  = 1
) (
  input  logic              clk_i,
  input  logic              rst_i,
  output logic              busy_o,  // some stage has a beat
  input  logic              valid_i,
  output logic              ready_o,
  input  logic  [WIDTH-1:0] data_i,
  output logic [STAGES-1:0] en_o,
  output logic              valid_o,
  input  logic              ready_i,
  output logic  [WIDTH-1:0] data_o
);
  `REQUIRE(stages_are_some, STAGES >= 1)

  logic [STAGES-1:0] full_q, offered, free;
  logic [STAGES*WIDTH-1:0] data_q;

  assign offered = STAGES'({full_q, valid_i});  // to each stage, by the one ahead of it
  for (genvar s = 0; s < STAGES; s++) begin : gen_stage
    assign free[s] = ready_i || !(&full_q[STAGES-1:s]);  // a gap behind it, or the end moves
  end
  assign en_o    = offered & free;
  assign ready_o = free[0];
  assign valid_o = full_q[STAGES-1];
  assign busy_o  = full_q != '0;
  assign data_o  = data_q[(STAGES-1)*WIDTH+:WIDTH];

  always_ff @(posedge clk_i) begin
    if (rst_i) full_q <= '0;
    else full_q <= (free & offered) | (~free & full_q);
  end

  for (genvar s = 0; s < STAGES; s++) begin : gen_data
    always_ff @(posedge clk_i) begin
      if (en_o[s]) data_q[s*WIDTH+:WIDTH] <= (s == 0) ? data_i : data_q[((s==0)?0 : s-1)*WIDTH+:WIDTH];
    end
  end
endmodule
