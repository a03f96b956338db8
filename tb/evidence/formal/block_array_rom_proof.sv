// SPDX-License-Identifier: Apache-2.0
// One turn of the ROM view, every block and column of an array: sum += (x << s*W_BITS) * q over the turn's rows, for any
// mask, activations and sums; the first turn of a pass begins at 0. With the block's proof: one turn of either view adds
// the same.
module block_array_rom_proof #(
  parameter int K         = 64,
  parameter int BLOCK     = 64,
  parameter int ACT_W     = 12,
  parameter int W_BITS    = 4,
  parameter int SLICES    = 1,
  parameter int BIT_LINES = 1,
  parameter int SPAN      = 32,
  parameter int SUPER     = 0
) (
  input logic clk_i,
  input logic last_i
);
  localparam int N = 8;
  localparam int PASSES = BLOCK / SPAN;
  localparam int TURNS = SPAN / BIT_LINES;

  logic [cartridge_pkg::BEAT_W-1:0] y;

  block_array_rom #(
    .K        (K),
    .N        (N),
    .BLOCK    (BLOCK),
    .SLICES   (SLICES),
    .W_BITS   (W_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SPAN     (SPAN),
    .SUPER    (SUPER)
  ) u_rom (
    .clk_i,
    .rst_i   (1'b0),
    .id_i    (8'd0),
    .beat_i  ('0),
    .load_i  (1'b0),
    .load_x_i('0),
    .fetch_i (1'b0),
    .turn_i  ('0),
    .last_i,
    .drain_i (1'b0),
    .first_i (1'b0),
    .span_i  ('0),
    .part_i  ('0),
    .shift_i (5'd0),
    .xsum_i  ('0),
    .y_o     (y)
  );

  logic second_q = 1'b0;
  always_ff @(posedge clk_i) second_q <= 1'b1;
  logic [31:0] pass, turn;
  assign pass = 32'(u_rom.turn_q) / TURNS;
  assign turn = 32'(u_rom.turn_q) % TURNS;
  always_comb assume (pass < PASSES);

  for (genvar g = 0; g < K / SPAN; g++) begin : gen_span
    for (genvar n = 0; n < N; n++) begin : gen_column
      logic signed [31:0] sum, expected_q;
      assign sum = u_rom.sum_q[g][n];
      logic signed [31:0] parts[SLICES*BIT_LINES+1];
      assign parts[0] = (turn == 0) ? '0 : sum;
      for (genvar s = 0; s < SLICES; s++) begin : gen_slice
        for (genvar j = 0; j < BIT_LINES; j++) begin : gen_row
          logic [31:0] row, q;
          assign row = g * SPAN + (turn * BIT_LINES + j);
          assign q = (u_rom.cells[s][row][0] >> (4 * n)) & ((1 << W_BITS) - 1);
          assign parts[j*SLICES+s+1] = parts[j*SLICES+s] + (u_rom.x_q[row] <<< (s * W_BITS)) * $signed(q);
        end
      end
      always_ff @(posedge clk_i) expected_q <= (last_i && g % PASSES == pass) ? parts[SLICES*BIT_LINES] : sum;
      always_comb begin
        if (second_q) begin
          added : assert (sum == expected_q);
          cover (sum != 0);
        end
      end
    end
  end
endmodule
