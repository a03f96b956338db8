// SPDX-License-Identifier: Apache-2.0
// Loads one mask image into memory MEM once, in reset: ROWS rows of COLUMNS words, of which WORD is word c of row r.
// Every simulator reads an image of bytes by $fread, row by row: no other copy of it is ever in memory (docs/masks.md).
// Simulation only: in silicon the vias are the memory. The instance number is a port, so that all layers share one
// module; hence the load on a clock, not in `initial`. Left alone, Verilator writes the loops of a small memory out.
`ifndef MASK_LOAD_SVH
`define MASK_LOAD_SVH
`ifdef SYNTHESIS
`define MASK_LOAD(MEM, WORD, ROWS, COLUMNS, NAME, ID, EXT)
`else
`define MASK_LOAD(MEM, WORD, ROWS, COLUMNS, NAME, ID, EXT) \
  logic MEM``_loaded = 1'b0; \
  string MEM``_file; \
  integer MEM``_fd; \
  integer MEM``_row[COLUMNS]; \
  always @(posedge clk_i) begin \
    if (rst_i && !MEM``_loaded) begin \
      MEM``_loaded = 1'b1; \
      if ($value$plusargs("mask=%s", MEM``_file) == 0) $fatal(1, "no mask: +mask=DIR is missing"); \
      MEM``_file = $sformatf("%s/%s_%03d%s", MEM``_file, NAME, ID, EXT); \
      MEM``_fd = $fopen(MEM``_file, "rb"); \
      if (MEM``_fd == 0) $fatal(1, "no mask image %s", MEM``_file); \
      /*verilator unroll_disable*/ \
      for (int unsigned r = 0; r < ROWS; r++) begin \
        if ($fread(MEM``_row, MEM``_fd) != 4 * COLUMNS) $fatal(1, "short mask image %s", MEM``_file); \
        /*verilator unroll_disable*/ \
        for (int unsigned c = 0; c < COLUMNS; c++) WORD = MEM``_row[c]; \
      end \
      if ($fgetc(MEM``_fd) != -1) $fatal(1, "long mask image %s", MEM``_file); \
      $fclose(MEM``_fd); \
    end \
  end
`endif
`endif
