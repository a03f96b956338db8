// SPDX-License-Identifier: Apache-2.0
// The sums of attn_value, seen at one value of a head: whatever comes in, as long as weights are 1 at most and no sequence is
// longer than DEPTH, every stage holds what its positions can add up to, and so every sum is exact. Beside each stage goes
// how many positions are in it.
module attn_value_proof #(
  parameter int HEAD_DIM  = 32,
  parameter int POSITIONS = 2,
  parameter int DEPTH     = 65536,
  parameter int KV_W      = 16
) (
  input logic                                               clk_i,
  input logic                                               rst_i,
  input logic                                               valid_i,
  input logic                               [POSITIONS-1:0] on_i,
  input logic                                               opens_i,
  input logic                                               closes_i,
  input logic                                               first_i,
  input logic                                               last_i,
  input logic [POSITIONS*cartridge_pkg::WEIGHT_W-1:0]       weight_i,
  input logic                                         [5:0] growth_i,
  input logic                [POSITIONS*HEAD_DIM*KV_W-1:0]  v_i
);
  localparam int WEIGHT_W = cartridge_pkg::WEIGHT_W;

  attn_value #(
    .HEADS    (1),
    .KV_HEADS (1),
    .HEAD_DIM (HEAD_DIM),
    .POSITIONS(POSITIONS),
    .DEPTH    (DEPTH),
    .KV_W     (KV_W)
  ) u_value (
    .clk_i,
    .rst_i,
    .valid_i,
    .on_i,
    .opens_i,
    .closes_i,
    .first_i,
    .last_i,
    .weight_i,
    .growth_i,
    .v_i,
    .done_i  (1'b0),
    .recip_i (16'd0),
    .places_i(6'd0),
    .valid_o (),
    .ready_i (1'b0),
    .last_o  (),
    .data_o  ()
  );

  logic init_q = 1'b1;
  always_ff @(posedge clk_i) init_q <= 1'b0;
  always_comb begin
    if (init_q) assume (rst_i);
    for (int p = 0; p < POSITIONS; p++) assume (weight_i[p*WEIGHT_W+:WEIGHT_W] <= (on_i[p] ? 1 << 20 : 0));
  end

  // Positions in a stage: which of a beat's, and how many.
  logic [POSITIONS-1:0] on_q[2];
  logic [63:0] count_q, octet_q, sum_q;
  logic [4:0] valid;
  assign valid = u_value.valid_q;
  always_ff @(posedge clk_i) begin
    if (valid[0]) on_q[0] <= u_value.on_q;
    if (valid[1]) on_q[1] <= on_q[0];
    if (valid[2]) count_q <= 64'($countones(on_q[1]));
    if (valid[3]) octet_q <= (u_value.first_q[3] ? 64'd0 : octet_q) + count_q;
    if (valid[4] && u_value.last_q[4]) sum_q <= sum_q + octet_q;
    else if (valid[3] && u_value.last_q[3] && u_value.opens_q[3]) sum_q <= '0;
  end
  // The same sums in 64 bits, each of what the stage ahead of it has.
  logic signed [63:0] value_sum, beat_sum_q, octet_sum_q, exact_q;
  always_comb begin
    value_sum = '0;
    for (int p = 0; p < POSITIONS; p++) value_sum = value_sum + 64'(u_value.value_q[p][0]);
  end
  always_ff @(posedge clk_i) begin
    if (valid[2]) beat_sum_q <= value_sum;
    if (valid[3]) octet_sum_q <= (u_value.first_q[3] ? 64'sd0 : octet_sum_q) + 64'(u_value.beat_q[0]);
    if (valid[4] && u_value.last_q[4]) exact_q <= exact_q + 64'(u_value.octet_q[0]);
    else if (valid[3] && u_value.last_q[3]) exact_q <= u_value.opens_q[3] ? 64'sd0 : exact_q >>> u_value.growth_q[3][0];
  end

  // No octet has more positions, and no sequence.
  always_comb begin
    if (valid[3]) assume (((u_value.first_q[3] ? 64'd0 : octet_q) + count_q) <= 64'd8);
    if (valid[4] && u_value.last_q[4]) assume (sum_q + octet_q <= 64'(DEPTH));
  end

  function automatic logic bounded(input logic signed [63:0] v, input logic [63:0] count);
    bounded = v <= $signed((count << (19 + KV_W)) - (count << 20)) && v >= -$signed(count << (19 + KV_W));
  endfunction

  // A sequence begins with the first beat of an octet that opens it: from then on the sums are known.
  logic octet_begun_q, sum_begun_q, octet_begins, sum_begins;
  assign octet_begins = valid[3] && u_value.first_q[3];
  assign sum_begins   = valid[3] && u_value.last_q[3] && u_value.opens_q[3] && !(valid[4] && u_value.last_q[4]);
  always_ff @(posedge clk_i) begin
    octet_begun_q <= !init_q && !rst_i && (octet_begun_q || octet_begins);
    sum_begun_q   <= !init_q && !rst_i && (sum_begun_q || sum_begins);
  end
  always_comb begin
    if (!init_q && valid[3]) assume (octet_begun_q || octet_begins);
    if (!init_q && valid[4] && u_value.last_q[4]) assume (sum_begun_q);
  end

  for (genvar p = 0; p < POSITIONS; p++) begin : gen_position
    logic signed [63:0] one, piece[4];
    assign one = on_q[0][p] ? 64'sd1 <<< 20 : '0;  // the largest weight
    for (genvar c = 0; c < 4; c++) begin : gen_piece
      assign piece[c] = 64'(u_value.piece_q[p][0][c]);
    end
    always_comb begin
      if (!init_q && valid[0]) begin
        weight : assert (u_value.w_q[p] >= 0 && 64'(u_value.w_q[p]) <= (u_value.on_q[p] ? 64'sd1 <<< 20 : 64'sd0));
        triple : assert (64'(u_value.w3_q[p]) == 3 * 64'(u_value.w_q[p]));
      end
      if (!init_q && valid[1]) begin
        lower :
        assert (piece[0] >= 0 && piece[0] <= 15 * one && piece[1] >= 0 && piece[1] <= 15 * one &&
                        piece[2] >= 0 && piece[2] <= 15 * one);
        upper : assert (piece[3] >= -8 * one && piece[3] <= 7 * one);
      end
      if (!init_q && valid[2]) value : assert (bounded(64'(u_value.value_q[p][0]), 64'(on_q[1][p])));
    end
  end

  always_comb begin
    if (!init_q) begin
      if (valid[3]) beat : assert (bounded(64'(u_value.beat_q[0]), count_q) && count_q <= 64'(POSITIONS));
      if (valid[4] || sum_begun_q) begun : assert (octet_begun_q);
      if (valid[3]) exact_beat : assert (64'(u_value.beat_q[0]) == beat_sum_q);
      if (octet_begun_q) exact_octet : assert (64'(u_value.octet_q[0]) == octet_sum_q);
      if (sum_begun_q) exact_sum : assert (64'(u_value.sum_q[0]) == exact_q);
      if (octet_begun_q) octet : assert (bounded(64'(u_value.octet_q[0]), octet_q) && octet_q <= 64'd8);
      if (sum_begun_q) sum : assert (bounded(64'(u_value.sum_q[0]), sum_q) && sum_q <= 64'(DEPTH));
      cover (valid[4] && 64'(u_value.octet_q[0]) < -(64'sd1 <<< (19 + KV_W)));
    end
  end
endmodule
