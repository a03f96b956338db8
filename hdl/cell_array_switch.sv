// SPDX-License-Identifier: Apache-2.0
// ROWS x N weight cells as transistors, one `nmos` a weight: source on the product line its via touches, gate on its
// word line, drain on its bit line. A bit line that no cell drives is pulled low. Icarus only.
// Lines, words and vias are those of cell_array_gate.
module cell_array_switch #(
  parameter int ROWS      = 32,
  parameter int N         = 32,
  parameter int W_BITS    = 4,
  parameter int BIT_LINES = 1
) (
  input  logic [BIT_LINES*(1<<W_BITS)-1:0] line_i,
  input  logic [       ROWS/BIT_LINES-1:0] word_i,
  input  logic [        ROWS*N*W_BITS-1:0] via_i,
  output logic [          N*BIT_LINES-1:0] bit_o
);
  localparam int LINES = 1 << W_BITS;

  wire [N*BIT_LINES-1:0] bit_line;
  assign bit_o = bit_line;

  for (genvar b = 0; b < N * BIT_LINES; b++) begin : gen_bit_line
    pulldown u_pull (bit_line[b]);
  end

  for (genvar r = 0; r < ROWS; r++) begin : gen_row
    wire [LINES-1:0] line;
    assign line = line_i[(r%BIT_LINES)*LINES+:LINES];
    for (genvar c = 0; c < N; c++) begin : gen_cell
      wire source;
      assign source = line[via_i[(r*N+c)*W_BITS+:W_BITS]];
      nmos u_cell (bit_line[c*BIT_LINES+r%BIT_LINES], source, word_i[r/BIT_LINES]);
    end
  end
endmodule
