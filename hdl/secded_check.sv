// Check bits of an extended Hamming code. Data bit i stands for the number i + 1 + p, the (i+1)-th that is no power of
// two; check bit j is the parity of the data bits whose numbers have bit j.
module secded_check #(
  parameter int WIDTH = 64
) (
  input  logic                           [WIDTH-1:0] data_i,
  output logic [cartridge_pkg::ecc_bits(WIDTH)-2:0]  check_o
);
  import cartridge_pkg::*;

  function automatic logic [WIDTH-1:0] mask(input int j);
    int p;
    p = 2;
    for (int i = 0; i < WIDTH; i++) begin
      if ((1 << p) - p - 1 <= i) p = p + 1;
      mask[i] = 1'((i + 1 + p) >> j);
    end
  endfunction

  for (genvar j = 0; j < ecc_bits(WIDTH) - 1; j++) begin : gen_check
    localparam logic [WIDTH-1:0] MASK = mask(j);
    assign check_o[j] = ^(data_i & MASK);
  end
endmodule
