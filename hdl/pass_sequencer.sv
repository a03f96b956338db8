// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// When the rows of a matrix take their turns, and when their sums drain: start_i begins the passes of a vector, each of
// TURNS turns of TURN clocks, and beneath the turns of one the drain of the one before, SHARE clocks a block.
//
//   fetch | turn | turn | ... | turn | turn | ... | turn |            the last bit of a turn is followed by the first of
//                             | drain of the pass | ...  | drain |    the next one, of the same pass or of another
//
// A pass that would end before the drain beneath it does begins as much later: its sums take the places of those.
module pass_sequencer #(
  parameter int SPANS  = 2,   // of the matrix; a pass is one of each block
  parameter int BLOCKS = 2,
  parameter int PASSES = 1,
  parameter int TURNS  = 32,
  parameter int TURN   = 16,
  parameter int SHARE  = 1,
  parameter int FLUSH  = 7    // clocks until the last drain has come through
) (
  input  logic                                          clk_i,
  input  logic                                          rst_i,
  input  logic                                          start_i,
  output logic                                          done_o,   // FLUSH clocks after the last drain

  // Turns.
  output logic                                          fetch_o,  // turn_o begins with the next clock.
  output logic [cartridge_pkg::idx_w(PASSES*TURNS)-1:0] turn_o,
  output logic                                          run_o,    // Product bits are on the lines.
  output logic                                          fresh_o,  // They are of the first turn of a pass.
  output logic                                          last_o,   // They are the last of a turn.
  output logic                                          hold_o,   // They are the last of a pass.

  // Drains.
  output logic                                          drain_o,
  output logic                                          first_o,  // The accumulators start from zero.
  output logic        [cartridge_pkg::idx_w(SPANS)-1:0] span_o,
  output logic       [cartridge_pkg::idx_w(BLOCKS)-1:0] block_o,  // That holds the span.
  output logic        [cartridge_pkg::idx_w(SHARE)-1:0] part_o    // Which column of each scaling unit drains.
);
  import cartridge_pkg::*;

  `REQUIRE(spans_fill_all_blocks_but_the_last, SPANS > (BLOCKS - 1) * PASSES && SPANS <= BLOCKS * PASSES)

  localparam int PASS = TURNS * TURN;  // clocks
  localparam int DRAIN = BLOCKS * SHARE;  // clocks
  localparam int TURN_W = idx_w(PASSES * TURNS);
  localparam int PASS_W = idx_w(PASSES);
  localparam int SPAN_W = idx_w(SPANS);
  localparam int BIT_W = idx_w(TURN);
  localparam int BLOCK_W = idx_w(BLOCKS);
  localparam int PART_W = idx_w(SHARE);
  localparam int LEFT_W = $clog2(DRAIN + 1);

  logic more_q;  // turns are left to fetch, turn_q first
  logic [TURN_W-1:0] turn_q;
  logic run_q, fresh_q, next_pass;
  logic [BIT_W-1:0] bit_q;
  logic [PASS_W-1:0] pass_q, drain_pass_q;
  logic [LEFT_W-1:0] left_q;  // clocks of the drain, this one included
  logic [BLOCK_W-1:0] block_q;
  logic [PART_W-1:0] part_q;
  logic [FLUSH-1:0] flush_q;  // the last drain has ended
  logic [31:0] span;

  assign next_pass = 32'(turn_q) % TURNS == 0;
  assign last_o    = run_q && bit_q == BIT_W'(TURN - 1);
  assign hold_o    = last_o && next_pass;
  assign fetch_o   = more_q && (!run_q || last_o) && (!next_pass || (hold_o ? DRAIN <= PASS : 32'(left_q) <= PASS + 1));
  assign turn_o    = turn_q;
  assign run_o     = run_q;
  assign fresh_o   = fresh_q;

  assign span    = 32'(block_q) * PASSES + 32'(drain_pass_q);
  assign drain_o = left_q != 0 && span < SPANS;
  assign first_o = drain_pass_q == 0 && block_q == 0;
  assign span_o  = SPAN_W'(span);
  assign block_o = block_q;
  assign part_o  = part_q;
  assign done_o  = flush_q[FLUSH-1];

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      more_q  <= 1'b0;
      turn_q  <= '0;
      run_q   <= 1'b0;
      bit_q   <= '0;
      fresh_q <= 1'b0;
      pass_q  <= '0;
    end else begin
      if (start_i) more_q <= 1'b1;
      run_q <= fetch_o || (run_q && !last_o);
      bit_q <= fetch_o ? '0 : bit_q + 1'b1;
      if (fetch_o) begin
        fresh_q <= next_pass;
        pass_q  <= PASS_W'(32'(turn_q) / TURNS);
        turn_q  <= turn_q + 1'b1;
        if (turn_q == TURN_W'(PASSES * TURNS - 1)) begin
          turn_q <= '0;
          more_q <= 1'b0;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      left_q       <= '0;
      block_q      <= '0;
      part_q       <= '0;
      drain_pass_q <= '0;
      flush_q      <= '0;
    end else begin
      flush_q <= FLUSH'({flush_q, left_q == 1 && !more_q && !run_q});
      if (hold_o) begin
        left_q       <= LEFT_W'(DRAIN);
        block_q      <= '0;
        part_q       <= '0;
        drain_pass_q <= pass_q;
      end else if (left_q != 0) begin
        left_q <= left_q - 1'b1;
        part_q <= part_q + 1'b1;
        if (part_q == PART_W'(SHARE - 1)) begin
          part_q  <= '0;
          block_q <= block_q + 1'b1;
        end
      end
    end
  end
endmodule
