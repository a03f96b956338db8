// Data of a code word of secded_encode: with one wrong bit corrected (single), or with two as they are (double).
module secded_decode #(
  parameter int WIDTH = 64
) (
  input  logic [WIDTH+cartridge_pkg::ecc_bits(WIDTH)-1:0] code_i,
  output logic                                [WIDTH-1:0] data_o,
  output logic                                            single_o,
  output logic                                            double_o
);
  import cartridge_pkg::*;

  localparam int CHECKS = ecc_bits(WIDTH) - 1;

  logic  [WIDTH-1:0] data, flip;
  logic [CHECKS-1:0] check, syndrome;  // the number of the wrong bit; a power of two: that check bit itself
  logic              odd;

  assign data = code_i[WIDTH-1:0];

  secded_check #(
    .WIDTH(WIDTH)
  ) u_check (
    .data_i (data),
    .check_o(check)
  );

  // The data bit that a number stands for; none for a check bit, and none behind the last.
  function automatic logic [WIDTH-1:0] located(input logic [CHECKS-1:0] number);
    located = ((number & (number - CHECKS'(1))) == 0) ? '0 :
              WIDTH'(1) << (32'(number) - 32'd1 - 32'(bit_length(32'(number))));
  endfunction

  function automatic logic behind(input logic [CHECKS-1:0] number);
    behind = (number & (number - CHECKS'(1))) != 0 &&
             32'(number) - 32'd1 - 32'(bit_length(32'(number))) >= 32'(WIDTH);
  endfunction

  assign syndrome = check ^ code_i[WIDTH+:CHECKS];
  assign odd      = ^code_i;
  assign flip     = (odd && syndrome != 0) ? located(syndrome) : '0;
  assign data_o   = data ^ flip;
  assign single_o = odd && !(syndrome != 0 && behind(syndrome));
  assign double_o = (!odd && syndrome != 0) || (odd && syndrome != 0 && behind(syndrome));
endmodule
