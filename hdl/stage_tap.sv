// SPDX-License-Identifier: Apache-2.0
// Simulation monitor point: writes every accepted beat of a stage to the trace, LANES + 2 raw 32-bit words a record; of
// BEATS that are accepted together, the first one first.
//
//   word 0      {stage[7:0], layer[7:0], slot[7:0], 8'd0}
//   word 1      {beat[15:0], pos[15:0]}
//   word 2..    data, lane 0 first
//
// The file is trace_LLL.bin in the folder +trace=DIR, LLL the layer of the first record. A tap drives nothing, and is
// empty in synthesis.
module stage_tap #(
  parameter int BEATS = 1
) (
  input logic                                                  clk_i,
  input logic                [                      BEATS-1:0] fire_i,
  input logic                [                            7:0] stage_i,
  input logic                [                            7:0] layer_i,
  input cartridge_pkg::tag_t                                   tag_i,
  input logic                [                           15:0] beat_i,   // of the first
  input logic                [BEATS*cartridge_pkg::BEAT_W-1:0] data_i
);
`ifndef SYNTHESIS
  import cartridge_pkg::*;
  import trace_pkg::*;

  logic [BEAT_W+63:0] record;
  string folder;

  always @(posedge clk_i) begin
    if (fire_i != 0 && fd == 0) begin
      if ($value$plusargs("trace=%s", folder) == 0) fd = -1;
      else fd = $fopen($sformatf("%s/trace_%03d.bin", folder, layer_i), "ab");
      if (fd == 0) $fatal(1, "cannot write the trace into %s", folder);
    end
    for (int b = 0; b < BEATS; b++) begin
      if (fire_i[b] && fd != -1) begin
        record = {data_i[b*BEAT_W+:BEAT_W], beat_i + 16'(b), tag_i.pos, stage_i, layer_i, tag_i.slot, 8'd0};
        $fwrite(fd, "%u", record);
      end
    end
  end
`endif
endmodule
