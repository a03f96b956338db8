// SPDX-License-Identifier: Apache-2.0
// ROWS x N weight cells as logic: the via of the row that is on picks one of its product lines for a bit line.
//
//            line 0..15
//   word t ----[ via ]----+      via_i[(r*N + c)*W_BITS +: W_BITS] = the weight at row r, column c
//                         |
//              bit line j of column c: bit_o[c*BIT_LINES + j]
//
// Rows t*BIT_LINES .. t*BIT_LINES + BIT_LINES-1 share word line t; row j of them has product lines and bit line j.
// Vias are selected before lines, so that a simulator evaluates the rows once a turn and not with every bit.
module cell_array_gate #(
  parameter int ROWS      = 32,
  parameter int N         = 32,
  parameter int W_BITS    = 4,
  parameter int BIT_LINES = 1
) (
  input  logic [BIT_LINES*(1<<W_BITS)-1:0] line_i,
  input  logic [       ROWS/BIT_LINES-1:0] word_i,  // At most one word line is on.
  input  logic [        ROWS*N*W_BITS-1:0] via_i,
  output logic [          N*BIT_LINES-1:0] bit_o
);
  localparam int LINES = 1 << W_BITS;
  localparam int TURNS = ROWS / BIT_LINES;

  function automatic logic [W_BITS-1:0] selected(input logic [TURNS-1:0] words, input logic [TURNS*W_BITS-1:0] vias);
    selected = '0;
    for (int unsigned t = 0; t < TURNS; t++) selected = selected | (vias[t*W_BITS+:W_BITS] & {W_BITS{words[t]}});
  endfunction

  for (genvar c = 0; c < N; c++) begin : gen_column
    for (genvar j = 0; j < BIT_LINES; j++) begin : gen_bit_line
      logic [TURNS*W_BITS-1:0] vias;
      logic [W_BITS-1:0] code;
      logic [LINES-1:0] line;

      for (genvar t = 0; t < TURNS; t++) begin : gen_row
        assign vias[t*W_BITS+:W_BITS] = via_i[((t*BIT_LINES+j)*N+c)*W_BITS+:W_BITS];
      end
      assign code = selected(word_i, vias);
      assign line = line_i[j*LINES+:LINES];
      assign bit_o[c*BIT_LINES+j] = line[code] & |word_i;
    end
  end
endmodule
