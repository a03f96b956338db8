// SPDX-License-Identifier: Apache-2.0
// The reciprocal square root against its definition, started whenever it is not at work: k with u << 2k in [2^46, 2^48),
// then q with q*n + rem = 2^82, 0 <= rem < n for n = u << 2k, then r with r^2 + rest = q, rest <= 2r. The product q*n and the
// square r^2 are built up as q and r are, a bit at a time.
module rsqrt_proof (
  input logic        clk_i,
  input logic        rst_i,
  input logic        start_i,
  input logic [47:0] u_i
);
  localparam int QUO_W = 37;
  localparam int ROOT_W = 19;
  localparam int DIVIDED = 1 + QUO_W;  // the first clock shifts u
  localparam int ROOT = DIVIDED + 2;  // and two end the division
  localparam int CLOCKS = ROOT + ROOT_W;

  logic done;
  logic [18:0] r;
  logic [4:0] k;

  rsqrt u_rsqrt (
    .clk_i,
    .rst_i,
    .start_i,
    .u_i,
    .done_o(done),
    .r_o   (r),
    .k_o   (k)
  );

  logic init_q = 1'b1, asked_q;
  logic [47:0] u_q;
  logic [6:0] age_q;  // clocks since the start; it stays at the first after the last
  logic signed [86:0] product_q, power_q;  // q*n and 2^82, both twice where n is, as far as the division has come
  logic signed [39:0] quotient_q;  // the sum of the digits so far
  logic [39:0] square_q, taken_q;  // r^2 and q, as far as the root has come
  logic norming, dividing, rooting;
  assign norming  = asked_q && age_q == 0;
  assign dividing = asked_q && age_q >= 7'd1 && age_q < 7'(DIVIDED);
  assign rooting  = asked_q && age_q >= 7'(ROOT) && age_q < 7'(CLOCKS);

  logic signed [86:0] den, rest;  // what is left of the power
  logic [QUO_W-1:0] quotient;
  assign den      = 87'(u_rsqrt.den_q);
  assign rest     = 87'($signed(u_rsqrt.sum_q + u_rsqrt.carry_q));
  assign quotient = u_rsqrt.below_q ? u_rsqrt.less_q : u_rsqrt.quo_q;

  always_ff @(posedge clk_i) begin
    init_q <= 1'b0;
    if (rst_i) asked_q <= 1'b0;
    else if (start_i) asked_q <= 1'b1;
    if (start_i) begin
      u_q      <= u_i;
      age_q    <= '0;
      square_q <= '0;
      taken_q  <= '0;
    end else begin
      if (age_q <= 7'(CLOCKS)) age_q <= age_q + 7'd1;
      if (norming) begin
        product_q  <= '0;
        quotient_q <= '0;
        power_q    <= 87'd1 << (82 - QUO_W) << u_rsqrt.zeros_q[0];
      end
      if (dividing) begin
        product_q  <= (product_q <<< 1) + (u_rsqrt.plus ? den : u_rsqrt.minus ? -den : '0);
        quotient_q <= (quotient_q <<< 1) + (u_rsqrt.plus ? 40'sd1 : u_rsqrt.minus ? -40'sd1 : '0);
        power_q    <= power_q << 1;
      end
      if (rooting) begin
        // (2r + b)^2 = 4r^2 + b*(4r + 1)
        square_q <= (square_q << 2) + (!u_rsqrt.less[ROOT_W+2] ? 40'({r, 2'b01}) : '0);
        taken_q  <= {taken_q[37:0], u_rsqrt.rad_q[2*ROOT_W-1-:2]};
      end
    end
  end

  for (genvar i = 0; i < 48; i++) begin : gen_zeros
    always_comb begin
      if (!init_q && asked_q && u_rsqrt.zeros_q == 6'(i))
        norm : assert (u_rsqrt.den_q == (norming ? u_q : u_q << i) && u_q >> (48 - i) == 0 && u_q[47-i]);
    end
  end
  for (genvar a = 0; a < QUO_W; a++) begin : gen_power
    always_comb begin
      if (!init_q && dividing && age_q == 7'(1 + a))
        power : assert (power_q == 87'd1 << (82 - QUO_W + a) << u_rsqrt.zeros_q[0]);
    end
  end
  for (genvar a = 0; a < ROOT_W; a++) begin : gen_taken
    always_comb begin
      if (!init_q && rooting && age_q == 7'(ROOT + a)) begin
        taken : assert (taken_q == 40'(quotient) >> (2 * (ROOT_W - a)));
        ahead : assert (u_rsqrt.rad_q == 38'(quotient) << (2 * a));
        root : assert (32'(r) < (1 << a));
      end
    end
  end

  logic divided, ended, over;
  assign divided = asked_q && age_q >= 7'(DIVIDED);
  assign ended   = asked_q && age_q > 7'(DIVIDED);  // the sign of what is left is known
  assign over    = asked_q && age_q >= 7'(CLOCKS);
  always_comb begin
    if (init_q) assume (rst_i);
    assume (u_i != 0);
    if (!init_q && asked_q && age_q < 7'(CLOCKS)) assume (!start_i);
    if (!init_q) begin
      age : assert (!asked_q || age_q <= 7'(CLOCKS + 1));
      norm_first : assert (u_rsqrt.norm_q == norming);
      div_left : assert (32'(u_rsqrt.div_left_q) == (dividing ? DIVIDED - 32'(age_q) : 0));
      at_the_end : assert (u_rsqrt.end_q == (asked_q && age_q == 7'(DIVIDED)));
      loads : assert (u_rsqrt.load_q == (asked_q && age_q == 7'(DIVIDED + 1)));
      root_left : assert (32'(u_rsqrt.root_left_q) == (rooting ? CLOCKS - 32'(age_q) : 0));
      in_time : assert (done == (asked_q && age_q == 7'(CLOCKS)));
      cover (done && u_q == 48'd9);
      if (asked_q) exponent : assert (u_rsqrt.zeros_q < 6'd48);
      if (asked_q && !norming) begin
        in_range : assert (u_rsqrt.den_q[47]);
        remainder : assert (rest >= -den && rest < den);
        sum : assert (product_q + rest == power_q);
        digits : assert (u_rsqrt.quo_q == quotient_q[QUO_W-1:0]);
        less : assert (u_rsqrt.less_q == u_rsqrt.quo_q - 1'b1);
      end
      if (norming || dividing) idle : assert (square_q == 0 && taken_q == 0);
      if (divided) all : assert (power_q == 87'd1 << 82 << u_rsqrt.zeros_q[0]);
      if (divided && age_q < 7'(ROOT)) waits : assert (square_q == 0 && taken_q == 0);
      if (ended) sign : assert (u_rsqrt.below_q == (rest < 0));
      if (rooting || over) begin
        rest_of_root : assert (40'(u_rsqrt.part_q) <= {20'd0, r, 1'b0});
        root_sum : assert (square_q + 40'(u_rsqrt.part_q) == taken_q);
      end
      if (over) whole : assert (taken_q == 40'(quotient));
    end
  end
endmodule
