// SPDX-License-Identifier: Apache-2.0
// Reciprocal square root: k with u << 2k in [2^46, 2^48), r = isqrt(floor(2^82 / (u << 2k))), so that
// 1/sqrt(u) = r * 2^(k-41). A serial division (37 clocks), then a serial square root (19 clocks).
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
  localparam int ROOT_W = 19;

  // Pairs of leading zeros.
  logic [4:0] k;
  always_comb begin
    k = '0;
    for (int unsigned i = 0; i < 24; i++) if (u_i[2*i+:2] != 0) k = 5'(23 - i);
  end

  logic [4:0] k_q;
  logic [47:0] norm;
  assign norm = u_i << {k, 1'b0};
  assign k_o  = k_q;

  // The top of the numerator 2^82 is below every divisor, so the division starts at the first bit that can count:
  // floor(2^82 / n) = floor of the last QUO_W quotient bits, the partial remainder before them being 2^(82-QUO_W).
  logic [48:0] rem_q, trial;
  logic [47:0] den_q;
  logic [QUO_W-1:0] quo_q;
  logic [5:0] div_left_q;
  logic fits;
  assign trial = {rem_q[47:0], 1'b0};
  assign fits  = trial >= {1'b0, den_q};

  // Restoring square root, two radicand bits a clock.
  logic [2*ROOT_W-1:0] rad_q;
  logic [ROOT_W+1:0] part_q, part, test;
  logic [ROOT_W-1:0] root_q;
  logic [4:0] root_left_q;
  logic done_q;
  assign part   = {part_q[ROOT_W-1:0], rad_q[2*ROOT_W-1-:2]};
  assign test   = {root_q, 2'b01};
  assign r_o    = root_q;
  assign done_o = done_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      k_q         <= '0;
      rem_q       <= '0;
      den_q       <= '0;
      quo_q       <= '0;
      div_left_q  <= '0;
      rad_q       <= '0;
      part_q      <= '0;
      root_q      <= '0;
      root_left_q <= '0;
      done_q      <= 1'b0;
    end else begin
      done_q <= (root_left_q == 1);
      if (start_i) begin
        k_q        <= k;
        den_q      <= norm;
        rem_q      <= 49'd1 << (82 - QUO_W);
        quo_q      <= '0;
        div_left_q <= 6'(QUO_W);
      end else if (div_left_q != 0) begin
        rem_q      <= fits ? trial - {1'b0, den_q} : trial;
        quo_q      <= {quo_q[QUO_W-2:0], fits};
        div_left_q <= div_left_q - 1'b1;
        if (div_left_q == 1) begin
          rad_q       <= {1'b0, quo_q[QUO_W-2:0], fits};
          part_q      <= '0;
          root_q      <= '0;
          root_left_q <= 5'(ROOT_W);
        end
      end else if (root_left_q != 0) begin
        rad_q       <= rad_q << 2;
        part_q      <= (part >= test) ? part - test : part;
        root_q      <= {root_q[ROOT_W-2:0], part >= test};
        root_left_q <= root_left_q - 1'b1;
      end
    end
  end
endmodule
