// SPDX-License-Identifier: Apache-2.0
// The product generator of a block: 2^W_BITS lines carry 0*x, 1*x, 2*x, ... bit-serially, least significant bit first.
// An even multiple is its half, one clock late; an odd one is its even neighbour plus x in a serial adder. The last bit,
// the sign, is on the lines inverted: they carry k*x + 2^(ACT_W+W_BITS-1), and what adds them up needs no sign.
module product_lines #(
  parameter int ACT_W  = 12,
  parameter int W_BITS = 4
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   load_i,  // Takes x_i, whose bit 0 is on the lines from the next clock.
  input  logic [      ACT_W-1:0] x_i,     // An activation in two's complement.
  input  logic                   last_i,  // The last of the ACT_W + W_BITS bits is on the lines.
  output logic [(1<<W_BITS)-1:0] line_o
);
  localparam int LINES = 1 << W_BITS;

  logic [ACT_W-1:0] x_q;
  logic [LINES-1:0] line, delay_q, carry_q, carry_d;

  always_comb begin
    line    = '0;
    carry_d = '0;
    line[1] = x_q[0];
    for (int unsigned i = 2; i < LINES; i++) begin
      if (i % 2 == 0) begin
        line[i] = delay_q[i/2];
      end else begin
        line[i]    = line[i-1] ^ x_q[0] ^ carry_q[i];
        carry_d[i] = (line[i-1] & x_q[0]) | (line[i-1] & carry_q[i]) | (x_q[0] & carry_q[i]);
      end
    end
    line_o = line ^ {LINES{last_i}};  // at once: an event simulator would send every cell the lines one by one
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      x_q     <= '0;
      delay_q <= '0;
      carry_q <= '0;
    end else if (load_i) begin
      x_q     <= x_i;
      delay_q <= '0;
      carry_q <= '0;
    end else begin
      x_q     <= {x_q[ACT_W-1], x_q[ACT_W-1:1]};  // the sign bit stays: serial sign extension
      delay_q <= line;
      carry_q <= carry_d;
    end
  end
endmodule
