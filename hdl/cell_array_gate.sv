// ROWS x N weight cells as logic: the via picks one product line, the word line gates it onto the column's bit line.
//
//            line 0..15
//   word r ----[ via ]----+      via_i[(r*N + c)*W_BITS +: W_BITS] = the weight at row r, column c
//                         |
//                     bit line c
module cell_array_gate #(
  parameter int ROWS   = 32,
  parameter int N      = 32,
  parameter int W_BITS = 4
) (
  input  logic     [(1<<W_BITS)-1:0] line_i,
  input  logic            [ROWS-1:0] word_i,  // one-hot, or none
  input  logic [ROWS*N*W_BITS-1:0]   via_i,
  output logic               [N-1:0] bit_o
);
  always_comb begin
    bit_o = '0;
    for (int unsigned r = 0; r < ROWS; r++) begin
      for (int unsigned c = 0; c < N; c++) begin
        bit_o[c] = bit_o[c] | (word_i[r] & line_i[via_i[(r*N+c)*W_BITS+:W_BITS]]);
      end
    end
  end
endmodule
