// SPDX-License-Identifier: Apache-2.0
// The signature of all beats that a stream has had since reset: one word that is another if any value was
// (docs/formats.md, signature). For production tests, and to find the array in which a die is broken.
module signature (
  input  logic                             clk_i,
  input  logic                             rst_i,
  input  logic                             fire_i,
  input  logic [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic [                     31:0] sum_o
);
  import cartridge_pkg::*;

  localparam logic [31:0] POLYNOMIAL = 32'h04C1_1DB7;  // of CRC-32

  // The values of a beat, each turned by its lane: no two of 32 lanes are alike.
  function automatic logic [31:0] folded(input logic [BEAT_W-1:0] data);
    logic [31:0] word;
    folded = '0;
    for (int unsigned l = 0; l < LANES; l++) begin
      word   = data[l*32+:32];
      folded = folded ^ (word << (l % 32)) ^ (word >> (32 - l % 32));
    end
  endfunction

  logic [31:0] sum_q;
  assign sum_o = sum_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) sum_q <= '0;
    else if (fire_i) sum_q <= {sum_q[30:0], 1'b0} ^ (sum_q[31] ? POLYNOMIAL : '0) ^ folded(data_i);
  end
endmodule
