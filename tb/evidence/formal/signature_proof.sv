// SPDX-License-Identifier: Apache-2.0
// The signature of any stream from any state. What a lane does to it is linear: changed bits change it by themselves,
// turned by their lane, whatever the state and all other values are. A difference stays for ever, whatever follows, and
// beats that change places make one.
module signature_proof (
  input logic                             clk_i,
  input logic                             rst_i,
  input logic                             fire_i,
  input logic [cartridge_pkg::BEAT_W-1:0] data_i,
  input logic [cartridge_pkg::BEAT_W-1:0] other_i,
  input logic [                     31:0] change_i
);
  import cartridge_pkg::*;

  // docs/formats.md: lane l turned left by l mod 32.
  function automatic logic [31:0] fold(input logic [BEAT_W-1:0] beat);
    logic [31:0] word;
    fold = '0;
    for (int l = 0; l < LANES; l++) begin
      word = beat[l*32+:32];
      fold = fold ^ (word << l % 32) ^ (word >> 32 - l % 32);
    end
  endfunction

  // Streams: one; the same with two beats that have changed places; for each lane one with a change in it.
  logic second_q;  // of those two, the other is next
  logic [BEAT_W-1:0] x_q, y_q, data;
  logic [31:0] a, a_q, turned, change_q;
  assign data = second_q ? y_q : data_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) second_q <= 1'b0;
    else if (fire_i) second_q <= !second_q;
    if (fire_i && !second_q) begin
      x_q <= data_i;
      y_q <= other_i;
    end
  end

  signature u_a (
    .clk_i,
    .rst_i,
    .fire_i,
    .data_i(data),
    .sum_o (a)
  );
  signature u_turned (
    .clk_i,
    .rst_i,
    .fire_i,
    .data_i(second_q ? x_q : other_i),
    .sum_o (turned)
  );

  // ---- the clock before
  logic init_q = 1'b1;
  logic rst_q, fire_q, ended_q, alike_q;
  logic [31:0] first_q;  // by how much the two differ after one of the beats
  always_ff @(posedge clk_i) begin
    init_q   <= 1'b0;
    rst_q    <= rst_i;
    fire_q   <= fire_i;
    change_q <= change_i;
    ended_q  <= fire_i && second_q;
    a_q      <= a;
    if (fire_i && !second_q) alike_q <= a == turned;
    if (fire_i && second_q) first_q <= a ^ turned;
  end

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic [31:0] b, b_q;
    signature u_b (
      .clk_i,
      .rst_i,
      .fire_i,
      .data_i(data ^ (BEAT_W'(change_i) << 32 * l)),
      .sum_o (b)
    );
    always_ff @(posedge clk_i) b_q <= b;
    always_comb begin
      if (!init_q && !rst_q) begin
        if (fire_q && a_q == b_q) linear : assert ((a ^ b) == (change_q << l % 32 | change_q >> 32 - l % 32));
        if (a_q != b_q && (!fire_q || change_q == '0)) kept : assert (a != b);
      end
    end
  end

  always_comb begin
    if (init_q)
      assume (rst_i);
      else begin
        if (rst_q)
          zero :
          assert (a == '0);
          else if (!fire_q) still : assert (a == a_q);
        if (second_q && alike_q) apart : assert ((a ^ turned) == (fold(x_q) ^ fold(y_q)));
        // a step moves that, and the other beat's difference, which is the same, does not undo it
        if (!rst_q && ended_q && alike_q && first_q != '0) order : assert (a != turned);
        cover (ended_q && alike_q && a != turned && a_q != '0);
      end
  end
endmodule
