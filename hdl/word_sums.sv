// SPDX-License-Identifier: Apache-2.0
// What an adapter's words give (docs/formats.md, Adapters):
//
//   a word of A -> codes times a beat of x         -> rows added up    -> added to p
//   a word of B -> codes times the mantissas of u  -> columns added up -> scaled: what a beat of y is changed by
//
// One array of RANK * LANES multipliers serves both. Modules take turns word by word of A: p moves on by one of them with
// each word, so that after whole beats each is in its place.
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
  input  logic           [RANK*cartridge_pkg::LANES*8-1:0] word_i,
  input  logic                                           of_a_i,    // it is one of A, and taken
  input  logic                                           first_i,   // of the first beat: sums start anew
  input  logic          [cartridge_pkg::LANES*ACT_W-1:0] x_i,
  input  logic        [5*cartridge_pkg::BEAT_GROUPS-1:0] shift_i,
  output logic                    [MODULES*RANK*P_W-1:0] p_o,
  input  logic                                           of_b_i,    // it is one of B, and taken
  input  logic                          [RANK*ACT_W-1:0] mant_i,
  input  logic                            [FACTOR_W-1:0] factor_i,  // what its columns are scaled by
  input  logic                                     [5:0] places_i,  // and moved down, from LIFT places up
  output logic        [cartridge_pkg::LANES*DELTA_W-1:0] delta_o
);
  import cartridge_pkg::*;

  // No sum is wider than what it adds up can become.
  localparam int PRODUCT_W = 8 + ACT_W;
  localparam int ROW_W = PRODUCT_W + $clog2(GROUP);
  localparam int COLUMN_W = PRODUCT_W + $clog2(RANK);
  localparam int SCALED_W = COLUMN_W + 1 + FACTOR_W;

  // The same product, in rows and in columns, is one multiplier: of a word of A with x, of one of B with a mantissa.
  function automatic logic signed [PRODUCT_W-1:0] product(input logic signed [7:0] code, input logic of_a,
                                                          input logic signed [ACT_W-1:0] with_a,
                                                          input logic signed [ACT_W-1:0] with_b);
    product = PRODUCT_W'(code) * PRODUCT_W'(of_a ? with_a : with_b);
  endfunction

  // What a column adds: its sum times the factor, rounded to the places that its module's mantissas leave.
  function automatic logic signed [DELTA_W-1:0] scaled_column(
      input logic signed [COLUMN_W-1:0] sum, input logic [FACTOR_W-1:0] factor, input logic [5:0] places);
    logic signed [SCALED_W+LIFT:0] twice;
    logic signed [SCALED_W+LIFT-1:0] whole;
    twice = {SCALED_W'(sum) * SCALED_W'($signed({1'b0, factor})), {LIFT + 1{1'b0}}};
    twice = twice >>> places;
    whole = twice[SCALED_W+LIFT:1];
    whole = whole + (SCALED_W + LIFT)'($signed({1'b0, twice[0]}));
    scaled_column = whole[DELTA_W-1:0];
    if (whole[SCALED_W+LIFT-1:DELTA_W-1] != {SCALED_W + LIFT - DELTA_W + 1{whole[DELTA_W-1]}}) begin
      scaled_column = {whole[SCALED_W+LIFT-1], {DELTA_W - 1{!whole[SCALED_W+LIFT-1]}}};
    end
  endfunction

  logic [MODULES*RANK*P_W-1:0] p_q;
  logic [LANES*DELTA_W-1:0] delta_q;
  assign p_o     = p_q;
  assign delta_o = delta_q;

  logic signed [ROW_W-1:0] row_sum;  // of a group of inputs
  logic signed [P_W-1:0] p;
  logic [RANK*P_W-1:0] next;
  logic signed [COLUMN_W-1:0] column_sum;
  logic [LANES*DELTA_W-1:0] delta_d;
  always @(posedge clk_i) begin
    if (of_a_i) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < RANK; i++) begin
        p = first_i ? '0 : p_q[i*P_W+:P_W];
        for (int unsigned g = 0; g < BEAT_GROUPS; g++) begin
          row_sum = '0;
          // verilator unroll_disable
          for (int unsigned l = g * GROUP; l < (g + 1) * GROUP; l++) begin
            row_sum = row_sum +
                ROW_W'(product(word_i[(i*LANES+l)*8+:8], of_a_i, x_i[l*ACT_W+:ACT_W], mant_i[i*ACT_W+:ACT_W]));
          end
          p = p + (P_W'(row_sum) <<< shift_i[g*5+:5]);
        end
        next[i*P_W+:P_W] = p;
      end
      p_q <= (MODULES * RANK * P_W)'({next, p_q} >> (RANK * P_W));
    end
    if (of_b_i) begin
      // verilator unroll_disable
      for (int unsigned l = 0; l < LANES; l++) begin
        column_sum = '0;
        // verilator unroll_disable
        for (int unsigned i = 0; i < RANK; i++) begin
          column_sum = column_sum +
              COLUMN_W'(product(word_i[(i*LANES+l)*8+:8], of_a_i, x_i[l*ACT_W+:ACT_W], mant_i[i*ACT_W+:ACT_W]));
        end
        delta_d[l*DELTA_W+:DELTA_W] = scaled_column(column_sum, factor_i, places_i);
      end
      delta_q <= delta_d;  // not in place: a beat may leave in the clock in which the next one's delta comes
    end
  end
endmodule
