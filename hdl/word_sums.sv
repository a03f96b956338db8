// SPDX-License-Identifier: Apache-2.0
// What an adapter's words give (docs/formats.md, Adapters), in stages:
//
//   a word of A -> codes times a beat of x         -> rows added up    -> moved -> groups added up -> added to p
//   a word of B -> codes times the mantissas of u  -> columns added up -> scaled: what a beat of y is changed by
//
// One array of RANK * LANES multipliers serves both: a word of one kind may come when those of the other are through. Modules
// take turns word by word of A: p moves on by one of them with each word, so that after whole beats each is in its place.
module word_sums #(
  parameter int RANK     = 8,
  parameter int MODULES  = 1,
  parameter int ACT_W    = 12,
  parameter int P_W      = 46,  // no sum of a row of A is wider
  parameter int FACTOR_W = 11,
  parameter int LIFT     = 13,
  parameter int DELTA_W  = 33
) (
  input  logic                                           clk_i,
  input  logic                                           rst_i,
  input  logic           [RANK*cartridge_pkg::LANES*8-1:0] word_i,
  input  logic                                           of_a_i,    // it is one of A, and taken
  input  logic                                           first_i,   // of the first beat: sums start anew
  input  logic          [cartridge_pkg::LANES*ACT_W-1:0] x_i,
  input  logic        [5*cartridge_pkg::BEAT_GROUPS-1:0] shift_i,
  output logic                                           adding_o,  // words of A are on their way to p
  output logic                    [MODULES*RANK*P_W-1:0] p_o,
  input  logic                                           of_b_i,    // it is one of B
  output logic                                           ready_o,   // and taken
  input  logic                                           last_i,
  input  logic                          [RANK*ACT_W-1:0] mant_i,
  input  logic                            [FACTOR_W-1:0] factor_i,  // what its columns are scaled by
  input  logic                                     [5:0] places_i,  // and moved down, from LIFT places up
  output logic                                           valid_o,
  input  logic                                           ready_i,
  output logic                                           last_o,
  input  logic                                           clear_i,   // delta_o is to be 0: no word of B is on its way
  output logic        [cartridge_pkg::LANES*DELTA_W-1:0] delta_o
);
  import cartridge_pkg::*;

  // No sum is wider than what it adds up can become.
  localparam int PRODUCT_W = 8 + ACT_W;
  localparam int ROW_W = PRODUCT_W + $clog2(GROUP);
  localparam int COLUMN_W = PRODUCT_W + $clog2(RANK);
  localparam int PRODUCT = 3;  // stages of multiplier
  localparam int SCALER = 5;  // of value_scaler
  localparam int ROW = threes(GROUP);
  localparam int COLUMN = threes(RANK);
  localparam int GROUPS = threes(BEAT_GROUPS);

  logic [PRODUCT+ROW-1:0] row_en;
  logic [GROUPS:0] group_en;  // with the stage that moves a sum
  logic [PRODUCT+COLUMN-1:0] column_en;
  logic [SCALER-1:0] scale_en;
  logic rows_busy, groups_busy, row_valid, row_first, summed, fresh;
  logic column_valid, column_ready, column_last;
  logic [5*BEAT_GROUPS-1:0] shift;
  logic [FACTOR_W-1:0] factor;
  logic [5:0] places;

  assign adding_o = rows_busy || groups_busy;

  stream_pipe #(
    .STAGES(PRODUCT + ROW),
    .WIDTH (1 + 5 * BEAT_GROUPS)
  ) u_rows (
    .clk_i,
    .rst_i,
    .busy_o (rows_busy),
    .valid_i(of_a_i),
    .ready_o(),
    .data_i ({first_i, shift_i}),
    .en_o   (row_en),
    .valid_o(row_valid),
    .ready_i(1'b1),
    .data_o ({row_first, shift})
  );

  stream_pipe #(
    .STAGES(1 + GROUPS),
    .WIDTH (1)
  ) u_groups (
    .clk_i,
    .rst_i,
    .busy_o (groups_busy),
    .valid_i(row_valid),
    .ready_o(),
    .data_i (row_first),
    .en_o   (group_en),
    .valid_o(summed),
    .ready_i(1'b1),
    .data_o (fresh)
  );

  stream_pipe #(
    .STAGES(PRODUCT + COLUMN),
    .WIDTH (1 + FACTOR_W + 6)
  ) u_columns (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(of_b_i),
    .ready_o,
    .data_i ({last_i, factor_i, places_i}),
    .en_o   (column_en),
    .valid_o(column_valid),
    .ready_i(column_ready),
    .data_o ({column_last, factor, places})
  );

  stream_pipe #(
    .STAGES(SCALER),
    .WIDTH (1)
  ) u_scale (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(column_valid),
    .ready_o(column_ready),
    .data_i (column_last),
    .en_o   (scale_en),
    .valid_o,
    .ready_i,
    .data_o (last_o)
  );

  // ---- codes times what their kind of word asks for
  logic [RANK*LANES*PRODUCT_W-1:0] products;

  for (genvar i = 0; i < RANK; i++) begin : gen_products
    logic [LANES*ACT_W-1:0] operands;

    always_comb begin
      operands = '0;
      if (of_a_i) operands = x_i;
      else if (of_b_i) operands = {LANES{mant_i[i*ACT_W+:ACT_W]}};
    end

    multiplier #(
      .A_W(ACT_W),
      .B_W(8),
      .N  (LANES)
    ) u_products (
      .clk_i,
      .en_i(row_en[PRODUCT-1:0] | column_en[PRODUCT-1:0]),
      .a_i (operands),
      .b_i (word_i[i*LANES*8+:LANES*8]),
      .p_o (products[i*LANES*PRODUCT_W+:LANES*PRODUCT_W])
    );
  end

  // ---- rows, by groups of inputs
  logic [RANK*BEAT_GROUPS*ROW_W-1:0] rows;
  logic [RANK*BEAT_GROUPS*P_W-1:0] moved_q;
  logic [RANK*P_W-1:0] sums, next;
  logic [MODULES*RANK*P_W-1:0] p_q;
  assign p_o = p_q;

  for (genvar i = 0; i < RANK; i++) begin : gen_row
    sum_tree #(
      .COUNT(GROUP),
      .W    (PRODUCT_W),
      .N    (BEAT_GROUPS),
      .OUT_W(ROW_W)
    ) u_row (
      .clk_i,
      .en_i (row_en[PRODUCT+:ROW]),
      .x_i  (products[i*LANES*PRODUCT_W+:LANES*PRODUCT_W]),
      .sum_o(rows[i*BEAT_GROUPS*ROW_W+:BEAT_GROUPS*ROW_W])
    );
  end

  for (genvar n = 0; n < RANK * BEAT_GROUPS; n++) begin : gen_moved
    always_ff @(posedge clk_i) begin
      if (group_en[0]) begin
        moved_q[n*P_W+:P_W] <= P_W'($signed(rows[n*ROW_W+:ROW_W])) <<< shift[n%BEAT_GROUPS*5+:5];
      end
    end
  end

  sum_tree #(
    .COUNT(BEAT_GROUPS),
    .W    (P_W),
    .N    (RANK),
    .OUT_W(P_W)
  ) u_groups_of_row (
    .clk_i,
    .en_i (group_en[GROUPS:1]),
    .x_i  (moved_q),
    .sum_o(sums)
  );

  for (genvar i = 0; i < RANK; i++) begin : gen_next
    assign next[i*P_W+:P_W] = (fresh ? '0 : p_q[i*P_W+:P_W]) + sums[i*P_W+:P_W];
  end

  always_ff @(posedge clk_i) begin
    if (summed) p_q <= (MODULES * RANK * P_W)'({next, p_q} >> (RANK * P_W));
  end

  // ---- columns
  logic [LANES*COLUMN_W-1:0] columns;

  sum_tree #(
    .COUNT(RANK),
    .W    (PRODUCT_W),
    .N    (LANES),
    .OUT_W(COLUMN_W),
    .APART(1'b1)
  ) u_column (
    .clk_i,
    .en_i (column_en[PRODUCT+:COLUMN]),
    .x_i  (products),
    .sum_o(columns)
  );

  value_scaler #(
    .N       (LANES),
    .W       (COLUMN_W),
    .FACTOR_W(FACTOR_W),
    .LIFT    (LIFT),
    .OUT_W   (DELTA_W)
  ) u_scaler (
    .clk_i,
    .en_i    (scale_en),
    .clear_i,
    .x_i     (columns),
    .factor_i(factor),
    .places_i(places),
    .y_o     (delta_o)
  );
endmodule
