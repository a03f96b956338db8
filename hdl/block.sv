// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// BLOCK rows by N columns of weight cells, a product generator for each of the rows that are on at once, and a serial
// accumulator a column with a register that holds its sum. The rows take turns, BIT_LINES of them at a time: turn_i is on
// the word line while its products run through the lines, ACT_W + W_BITS clocks a turn, and the bits of one turn follow
// those of another without a gap. A pass is the turns of a span; its sums are held from the second clock after its last
// bits on, until those of the next pass are.
// SLICES cells side by side make a wider weight: slice s weighs 2^(s*W_BITS).
module block #(
  parameter int VIEW      = cartridge_pkg::VIEW_GATE,
  parameter int BLOCK     = 32,
  parameter int N         = 32,
  parameter int SLICES    = 1,
  parameter int W_BITS    = 4,
  parameter int ACT_W     = 12,
  parameter int BIT_LINES = 1,
  parameter int SPAN      = 32
) (
  input logic clk_i,
  input logic rst_i,

  // Activations: a strobe and 32 mantissas for each group of the block.
  input logic [BLOCK/cartridge_pkg::GROUP-1:0] load_i,
  input logic [               BLOCK*ACT_W-1:0] load_x_i,

  // The sequence of turns, common to all blocks of a matrix.
  input logic                                             fetch_i,  // The generators take the rows of turn_i.
  input logic [cartridge_pkg::idx_w(BLOCK/BIT_LINES)-1:0] turn_i,   // Rows from turn_i*BIT_LINES on.
  input logic                                             run_i,    // Product bits are on the lines.
  input logic                                             fresh_i,  // They are of the first turn of a pass.
  input logic                                             last_i,   // They are the last of a turn.
  input logic                                             hold_i,   // They are the last of a pass.

  // The mask: the via of row r, slice s and column c is at ((r*SLICES + s)*N + c)*W_BITS.
  input  logic [                    BLOCK*SLICES*N*W_BITS-1:0] via_i,
  // The sums of the columns, slice by slice, each plus half of its range.
  output logic [N*SLICES*(ACT_W+W_BITS+$clog2(SPAN))-1:0] sum_o
);
  import cartridge_pkg::*;

  `REQUIRE(block_is_whole_groups, BLOCK % GROUP == 0)
  `REQUIRE(bit_lines_divide_a_span, SPAN % BIT_LINES == 0)

  localparam int PROD_W = ACT_W + W_BITS;
  localparam int COL_W = PROD_W + $clog2(SPAN);
  localparam int LINES = 1 << W_BITS;
  localparam int TURNS = BLOCK / BIT_LINES;
  localparam int TURN_W = BIT_LINES * ACT_W;

  logic [BLOCK*ACT_W-1:0] x_q, moved;
  logic [BIT_LINES*LINES-1:0] line;
  logic [TURNS-1:0] word;

  // Activations move down as the turns go on: the next ones are always at the bottom, and nothing selects them.
  assign moved = x_q >> TURN_W;

  for (genvar g = 0; g < BLOCK / GROUP; g++) begin : gen_load
    localparam int LOW = g * GROUP * ACT_W;
    always_ff @(posedge clk_i) begin
      if (rst_i) x_q[LOW+:GROUP*ACT_W] <= '0;
      else if (load_i[g]) x_q[LOW+:GROUP*ACT_W] <= load_x_i[LOW+:GROUP*ACT_W];
      else if (fetch_i) x_q[LOW+:GROUP*ACT_W] <= moved[LOW+:GROUP*ACT_W];
    end
  end

  for (genvar j = 0; j < BIT_LINES; j++) begin : gen_lines
    product_lines #(
      .ACT_W (ACT_W),
      .W_BITS(W_BITS)
    ) u_lines (
      .clk_i,
      .rst_i,
      .load_i(fetch_i),
      .x_i   (x_q[j*ACT_W+:ACT_W]),
      .last_i,
      .line_o(line[j*LINES+:LINES])
    );
  end

  // The next rows are fetched while the last bits of these are on the lines: the word line keeps its own.
  logic [idx_w(TURNS)-1:0] word_turn_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) word_turn_q <= '0;
    else if (fetch_i) word_turn_q <= turn_i;
  end
  assign word = run_i ? TURNS'(1) << word_turn_q : '0;

  // The accumulators count bits in the clock in which they are on the lines, and add them up in the next.
  logic fresh_q, keep_q, last_q, hold_q;
  always_ff @(posedge clk_i) begin
    fresh_q <= fresh_i;
    keep_q  <= run_i && !last_i;
    last_q  <= last_i;
    hold_q  <= hold_i;
  end

  // A column is on its own, in its cells, its bit lines and its accumulators: a vector of all columns that changes with
  // every bit would cost a simulator the square of their number.
  for (genvar c = 0; c < N; c++) begin : gen_column
    for (genvar s = 0; s < SLICES; s++) begin : gen_slice
      logic [BLOCK*W_BITS-1:0] via;
      logic [BIT_LINES-1:0] bits;

      for (genvar r = 0; r < BLOCK; r++) begin : gen_via
        assign via[r*W_BITS+:W_BITS] = via_i[((r*SLICES+s)*N+c)*W_BITS+:W_BITS];
      end

      if (VIEW == VIEW_SWITCH) begin : gen_switch
        cell_array_switch #(
          .ROWS     (BLOCK),
          .N        (1),
          .W_BITS   (W_BITS),
          .BIT_LINES(BIT_LINES)
        ) u_cells (
          .line_i(line),
          .word_i(word),
          .via_i (via),
          .bit_o (bits)
        );
      end else begin : gen_gate
        cell_array_gate #(
          .ROWS     (BLOCK),
          .N        (1),
          .W_BITS   (W_BITS),
          .BIT_LINES(BIT_LINES)
        ) u_cells (
          .line_i(line),
          .word_i(word),
          .via_i (via),
          .bit_o (bits)
        );
      end

      logic [COL_W-1:0] sum;
      serial_accumulator #(
        .PROD_W   (PROD_W),
        .BIT_LINES(BIT_LINES),
        .TURNS    (SPAN / BIT_LINES)
      ) u_acc (
        .clk_i,
        .fresh_i(fresh_q),
        .keep_i (keep_q),
        .last_i (last_q),
        .bit_i  (bits),
        .sum_o  (sum)
      );

      logic [COL_W-1:0] held_q;
      always_ff @(posedge clk_i) if (hold_q) held_q <= sum;
      assign sum_o[(c*SLICES+s)*COL_W+:COL_W] = held_q;
    end
  end
endmodule
