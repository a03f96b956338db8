// ROWS x N weight cells as transistors, one `nmos` a weight: source on the product line its via touches, gate on the
// word line of its row, drain on the bit line of its column. A bit line that no cell drives is pulled low. Icarus only.
module cell_array_switch #(
  parameter int ROWS   = 32,
  parameter int N      = 32,
  parameter int W_BITS = 4
) (
  input  logic     [(1<<W_BITS)-1:0] line_i,
  input  logic            [ROWS-1:0] word_i,
  input  logic [ROWS*N*W_BITS-1:0]   via_i,
  output logic               [N-1:0] bit_o
);
  wire [N-1:0] bit_line;
  assign bit_o = bit_line;

  for (genvar c = 0; c < N; c++) begin : gen_col
    pulldown u_pull (bit_line[c]);
    for (genvar r = 0; r < ROWS; r++) begin : gen_cell
      wire source;
      assign source = line_i[via_i[(r*N+c)*W_BITS+:W_BITS]];
      nmos u_cell (bit_line[c], source, word_i[r]);
    end
  end
endmodule
