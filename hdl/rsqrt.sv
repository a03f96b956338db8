// SPDX-License-Identifier: Apache-2.0
// Reciprocal square root: k with u << 2k in [2^46, 2^48), r = isqrt(floor(2^82 / (u << 2k))), so that
// 1/sqrt(u) = r * 2^(k-41). Two clocks to shift u, a serial division (37 clocks, two to end it), a serial square root (19).
module rsqrt (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic        start_i,
  input  logic [47:0] u_i,      // at least 1
  output logic        done_o,   // one clock, results valid from then to the next start
  output logic [18:0] r_o,
  output logic [ 4:0] k_o
);
  localparam int QUO_W = 37;  // 2^82 / 2^46 = 2^36 at most
  localparam int REM_W = 51;  // a remainder is less than a divisor from 0; it doubles, and its estimate may be one less
  localparam int ROOT_W = 19;

  // Leading zeros: the divisor is shifted until it has none. What that is beyond 2k doubles the numerator.
  logic [5:0] zeros_q;
  function automatic logic [5:0] leading_zeros(input logic [47:0] u);
    logic [47:0] below;  // the highest one and all places below
    below = u;
    for (int d = 1; d < 48; d = 2 * d) below = below | (below >> d);
    leading_zeros = '0;
    for (int unsigned i = 0; i < 47; i++) begin
      leading_zeros = leading_zeros | ({6{below[i] && !below[i+1]}} & 6'(47 - i));
    end
  endfunction
  assign k_o = zeros_q[5:1];

  // Division by signed digits (SRT, radix 2): the remainder is the sum of two words, whose highest four bits say which
  // digit leaves it less than a divisor from 0. No carry runs through it but at the end, for its sign.
  //
  // The top of the numerator 2^82 is below every divisor, so the division starts at the first bit that can count:
  // floor(2^82 / n) = floor of the last QUO_W quotient bits, the partial remainder before them being 2^(82-QUO_W).
  logic [REM_W-1:0] sum_q, carry_q, sum, carry, change;
  logic [47:0] den_q;
  logic [QUO_W-1:0] quo_q, less_q;  // the quotient so far, and one less
  logic [5:0] div_left_q;
  logic norm_q, end_q, load_q, below_q;
  logic [3:0] estimate;
  logic plus, minus;
  assign sum      = sum_q << 1;
  assign carry    = (carry_q << 1) | REM_W'(plus);  // the one of a two's complement
  assign estimate = sum_q[REM_W-2-:4] + carry_q[REM_W-2-:4];
  assign plus     = !estimate[3];
  assign minus    = estimate[3] && estimate != 4'd15;
  assign change   = ({REM_W{plus}} & ~REM_W'(den_q)) | ({REM_W{minus}} & REM_W'(den_q));

  // Restoring square root, two radicand bits a clock.
  logic [2*ROOT_W-1:0] rad_q;
  logic [ROOT_W+1:0] part_q, part;
  logic [ROOT_W+2:0] less;  // the part without what the root's next bit takes; negative where that bit is 0
  logic [ROOT_W-1:0] root_q;
  logic [4:0] root_left_q;
  logic done_q;
  assign part   = {part_q[ROOT_W-1:0], rad_q[2*ROOT_W-1-:2]};
  assign less   = {1'b0, part} - {1'b0, root_q, 2'b01};
  assign r_o    = root_q;
  assign done_o = done_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      zeros_q     <= '0;
      norm_q      <= 1'b0;
      end_q       <= 1'b0;
      load_q      <= 1'b0;
      below_q     <= 1'b0;
      sum_q       <= '0;
      carry_q     <= '0;
      den_q       <= '0;
      quo_q       <= '0;
      less_q      <= '0;
      div_left_q  <= '0;
      rad_q       <= '0;
      part_q      <= '0;
      root_q      <= '0;
      root_left_q <= '0;
      done_q      <= 1'b0;
    end else begin
      norm_q <= start_i;
      end_q  <= div_left_q == 1;
      load_q <= end_q;
      done_q <= (root_left_q == 1);
      if (start_i) begin
        zeros_q <= leading_zeros(u_i);
        den_q   <= u_i;
      end
      if (norm_q) begin
        den_q      <= den_q << zeros_q;
        sum_q      <= REM_W'(1) << (82 - QUO_W) << zeros_q[0];
        carry_q    <= '0;
        quo_q      <= '0;
        less_q     <= '1;
        div_left_q <= 6'(QUO_W);
      end
      if (div_left_q != 0) begin
        sum_q      <= sum ^ carry ^ change;
        carry_q    <= ((sum & carry) | (sum & change) | (carry & change)) << 1;
        quo_q      <= minus ? {less_q[QUO_W-2:0], 1'b1} : {quo_q[QUO_W-2:0], plus};
        less_q     <= plus ? {quo_q[QUO_W-2:0], 1'b0} : {less_q[QUO_W-2:0], !minus};
        div_left_q <= div_left_q - 1'b1;
      end
      if (end_q) below_q <= 1'((sum_q + carry_q) >> (REM_W - 1));
      if (load_q) begin
        rad_q       <= {1'b0, below_q ? less_q : quo_q};
        part_q      <= '0;
        root_q      <= '0;
        root_left_q <= 5'(ROOT_W);
      end
      if (root_left_q != 0) begin
        rad_q       <= rad_q << 2;
        part_q      <= less[ROOT_W+2] ? part : less[ROOT_W+1:0];
        root_q      <= {root_q[ROOT_W-2:0], !less[ROOT_W+2]};
        root_left_q <= root_left_q - 1'b1;
      end
    end
  end
endmodule
