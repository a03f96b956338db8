// SPDX-License-Identifier: Apache-2.0
// Loads one mask image into memory MEM once, in reset. Simulation only: in silicon the vias are the memory.
// The instance number is a port, so that all layers share one module; hence the load on a clock, not in `initial`.
`ifndef MASK_LOAD_SVH
`define MASK_LOAD_SVH
`ifdef SYNTHESIS
`define MASK_LOAD(MEM, NAME, ID, EXT)
`else
`define MASK_LOAD(MEM, NAME, ID, EXT) \
  logic MEM``_loaded = 1'b0; \
  string MEM``_file; \
  integer MEM``_fd; \
  always @(posedge clk_i) begin \
    if (rst_i && !MEM``_loaded) begin \
      MEM``_loaded = 1'b1; \
      if ($value$plusargs("mask=%s", MEM``_file) == 0) $fatal(1, "no mask: +mask=DIR is missing"); \
      MEM``_file = $sformatf("%s/%s_%03d%s", MEM``_file, NAME, ID, EXT); \
      MEM``_fd = $fopen(MEM``_file, "r"); \
      if (MEM``_fd == 0) $fatal(1, "no mask image %s", MEM``_file); \
      $fclose(MEM``_fd); \
      $readmemh(MEM``_file, MEM); \
    end \
  end
`endif
`endif
