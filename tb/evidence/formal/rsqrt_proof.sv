// SPDX-License-Identifier: Apache-2.0
// The reciprocal square root against its definition, started whenever it is not at work: k with u << 2k in [2^46, 2^48),
// then q with q*n + rem = 2^82, rem < n for n = u << 2k, then r with r^2 + rest = q, rest <= 2r. The product q*n and the
// square r^2 are built up as q and r are, a bit at a time.
module rsqrt_proof (
  input logic        clk_i,
  input logic        rst_i,
  input logic        start_i,
  input logic [47:0] u_i
);
  localparam int QUO_W = 37;
  localparam int ROOT_W = 19;
  localparam int CLOCKS = QUO_W + ROOT_W;

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
  logic [84:0] product_q, power_q;  // q*n and 2^82, as far as the division has come
  logic [39:0] square_q, taken_q;  // r^2 and q, as far as the root has come
  logic dividing, rooting;
  assign dividing = asked_q && age_q < 7'(QUO_W);
  assign rooting  = asked_q && age_q >= 7'(QUO_W) && age_q < 7'(CLOCKS);

  always_ff @(posedge clk_i) begin
    init_q <= 1'b0;
    if (rst_i) asked_q <= 1'b0;
    else if (start_i) asked_q <= 1'b1;
    if (start_i) begin
      u_q       <= u_i;
      age_q     <= '0;
      product_q <= '0;
      power_q   <= 85'd1 << (82 - QUO_W);
      square_q  <= '0;
      taken_q   <= '0;
    end else begin
      if (age_q <= 7'(CLOCKS)) age_q <= age_q + 7'd1;
      if (dividing) begin
        product_q <= (product_q << 1) + (u_rsqrt.fits ? 85'(u_rsqrt.den_q) : '0);
        power_q   <= power_q << 1;
      end
      if (rooting) begin
        // (2r + b)^2 = 4r^2 + b*(4r + 1)
        square_q <= (square_q << 2) + (u_rsqrt.part >= u_rsqrt.test ? 40'({r, 2'b01}) : '0);
        taken_q  <= {taken_q[37:0], u_rsqrt.rad_q[2*ROOT_W-1-:2]};
      end
    end
  end

  for (genvar i = 0; i < 24; i++) begin : gen_k
    always_comb begin
      if (!init_q && asked_q && k == 5'(i))
        norm : assert (u_rsqrt.den_q == u_q << (2 * i) && (u_q >> (48 - 2 * i)) == 0);
    end
  end
  for (genvar a = 0; a < QUO_W; a++) begin : gen_power
    always_comb if (!init_q && dividing && age_q == 7'(a)) power : assert (power_q == 85'd1 << (82 - QUO_W + a));
  end
  for (genvar a = 0; a < ROOT_W; a++) begin : gen_taken
    always_comb begin
      if (!init_q && rooting && age_q == 7'(QUO_W + a)) begin
        taken : assert (taken_q == 40'(u_rsqrt.quo_q) >> (2 * (ROOT_W - a)));
        ahead : assert (u_rsqrt.rad_q == 38'(u_rsqrt.quo_q) << (2 * a));
        root : assert (32'(r) < (1 << a));
      end
    end
  end

  logic divided, over;
  assign divided = asked_q && !dividing;
  assign over    = divided && !rooting;
  always_comb begin
    if (init_q) assume (rst_i);
    assume (u_i != 0);
    if (!init_q && (dividing || rooting)) assume (!start_i);
    if (!init_q) begin
      age : assert (!asked_q || age_q <= 7'(CLOCKS + 1));
      div_left : assert (32'(u_rsqrt.div_left_q) == (dividing ? QUO_W - 32'(age_q) : 0));
      root_left : assert (!divided || 32'(u_rsqrt.root_left_q) == (rooting ? CLOCKS - 32'(age_q) : 0));
      root_waits : assert (asked_q && !dividing || u_rsqrt.root_left_q == 0);
      in_time : assert (done == (asked_q && age_q == 7'(CLOCKS)));
      cover (done && u_q == 48'd9);
      if (asked_q) begin
        in_range : assert (u_rsqrt.den_q >= 48'd1 << 46 && 32'(k) < 24);
        remainder : assert (u_rsqrt.rem_q < {1'b0, u_rsqrt.den_q});
        quotient : assert (product_q + 85'(u_rsqrt.rem_q) == power_q);
      end
      if (dividing) idle : assert (square_q == 0 && taken_q == 0);
      if (divided) begin
        all : assert (power_q == 85'd1 << 82);
        rest : assert (40'(u_rsqrt.part_q) <= {20'd0, r, 1'b0});
        sum : assert (square_q + 40'(u_rsqrt.part_q) == taken_q);
      end
      if (over) whole : assert (taken_q == 40'(u_rsqrt.quo_q));
    end
  end
endmodule
