// Code word {parity, check bits, data} of the extended Hamming code (Hamming, "Error detecting and error correcting
// codes", 1950): single errors can be corrected, double errors detected.
module secded_encode #(
  parameter int WIDTH = 64  // data bits
) (
  input  logic                                     [WIDTH-1:0] data_i,
  output logic [WIDTH+cartridge_pkg::ecc_bits(WIDTH)-1:0]      code_o
);
  import cartridge_pkg::*;

  localparam int CHECKS = ecc_bits(WIDTH) - 1;

  logic [CHECKS-1:0] check;

  secded_check #(
    .WIDTH(WIDTH)
  ) u_check (
    .data_i,
    .check_o(check)
  );

  assign code_o = {^{check, data_i}, check, data_i};
endmodule
