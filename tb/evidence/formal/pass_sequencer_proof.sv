// SPDX-License-Identifier: Apache-2.0
// Passes and drains, whenever vectors come: turns in their order and whole, bits in theirs, every pass with the right
// turns; what a pass has summed is drained once, block by block and column by column, before the next pass ends; and the
// end is told once, when nothing is left.
module pass_sequencer_proof #(
  parameter int SPANS  = 5,
  parameter int BLOCKS = 2,
  parameter int PASSES = 3,
  parameter int TURNS  = 2,
  parameter int TURN   = 3,
  parameter int SHARE  = 2,
  parameter int FLUSH  = 4
) (
  input logic clk_i,
  input logic rst_i,
  input logic start_i
);
  localparam int PASS = TURNS * TURN;
  localparam int DRAIN = BLOCKS * SHARE;

  logic busy_q, init_q = 1'b1, start, done;
  logic fetch, run, fresh, last, hold, drain, first;
  logic [cartridge_pkg::idx_w(PASSES*TURNS)-1:0] turn;
  logic [cartridge_pkg::idx_w(SPANS)-1:0] span;
  logic [cartridge_pkg::idx_w(BLOCKS)-1:0] block_number;
  logic [cartridge_pkg::idx_w(SHARE)-1:0] part;

  pass_sequencer #(
    .SPANS (SPANS),
    .BLOCKS(BLOCKS),
    .PASSES(PASSES),
    .TURNS (TURNS),
    .TURN  (TURN),
    .SHARE (SHARE),
    .FLUSH (FLUSH)
  ) u_passes (
    .clk_i,
    .rst_i,
    .start_i(start),
    .done_o (done),
    .fetch_o(fetch),
    .turn_o (turn),
    .run_o  (run),
    .fresh_o(fresh),
    .last_o (last),
    .hold_o (hold),
    .drain_o(drain),
    .first_o(first),
    .span_o (span),
    .block_o(block_number),
    .part_o (part)
  );

  // The manners of `matrix`: the next vector starts when the last one is done.
  assign start = start_i && !busy_q && !init_q;
  logic [7:0] fetched_q;  // turns of the vector
  logic [7:0] bits_q;  // clocks of product bits, of the pass
  logic [7:0] passes_q;  // that have ended
  logic [7:0] drained_q;  // clocks since the last one ended, up to those of a drain
  always_ff @(posedge clk_i) begin
    init_q <= 1'b0;
    if (rst_i) begin
      busy_q    <= 1'b0;
      fetched_q <= '0;
      bits_q    <= '0;
      passes_q  <= '0;
      drained_q <= 8'(DRAIN);
    end else begin
      busy_q <= start || (busy_q && !done);
      if (fetch) fetched_q <= fetched_q + 8'd1;
      if (run) bits_q <= hold ? '0 : bits_q + 8'd1;
      if (hold) passes_q <= passes_q + 8'd1;
      if (hold) drained_q <= '0;
      else if (drained_q != 8'(DRAIN)) drained_q <= drained_q + 8'd1;
      if (done) begin
        fetched_q <= '0;
        passes_q  <= '0;
      end
    end
  end

  logic [31:0] left, bits_left;
  assign left      = 32'(u_passes.left_q);
  assign bits_left = PASS - 32'(bits_q);  // of the pass, this clock included

  always_comb begin
    assume (rst_i == init_q);
    if (!init_q) begin
      // What the arrays rely on.
      in_order : assert (!fetch || (busy_q && 32'(turn) == 32'(fetched_q) && 32'(fetched_q) < PASSES * TURNS));
      whole : assert (!run || (last == (32'(bits_q) % TURN == TURN - 1)));
      begins : assert (!run || fresh == (32'(bits_q) < TURN));
      ends : assert (hold == (run && 32'(bits_q) == PASS - 1));
      follows : assert (!(run && last && !hold) || fetch);
      not_over : assert (!hold || left <= 1);
      in_turn : assert (!drain || (32'(drained_q) == 32'(block_number) * SHARE + 32'(part)));
      its_span : assert (!drain || 32'(span) == 32'(block_number) * PASSES + 32'(passes_q) - 1);
      its_first : assert (!drain || first == (passes_q == 1 && block_number == 0));
      all_spans :
      assert (drain == (32'(drained_q) < DRAIN && 32'(u_passes.block_q) * PASSES + 32'(passes_q) - 1 < SPANS));
      at_the_end : assert (!done || (busy_q && 32'(passes_q) == PASSES && !run && left == 0));

      // And why it does.
      counted : assert (left == DRAIN - 32'(drained_q) && 32'(bits_q) < PASS && (run || bits_q == 0));
      places : assert (left == 0 || 32'(drained_q) == 32'(u_passes.block_q) * SHARE + 32'(u_passes.part_q));
      parts : assert (left == 0 || (32'(u_passes.part_q) < SHARE && 32'(u_passes.block_q) < BLOCKS));
      bits : assert (!run || 32'(u_passes.bit_q) == 32'(bits_q) % TURN);
      turns :
      assert (32'(fetched_q) == 32'(passes_q) * TURNS + (run ? 32'(bits_q) / TURN + 1 : 0) && 32'(passes_q) <= PASSES
              && 32'(fetched_q) <= PASSES * TURNS);
      next_one : assert (32'(u_passes.turn_q) == 32'(fetched_q) % (PASSES * TURNS));
      more : assert (u_passes.more_q == (busy_q && 32'(fetched_q) < PASSES * TURNS));
      pass_of_bits : assert (!run || (32'(u_passes.pass_q) == 32'(passes_q) && fresh == (32'(bits_q) < TURN)));
      pass_of_drain : assert (left == 0 || (passes_q != 0 && 32'(u_passes.drain_pass_q) == 32'(passes_q) - 1));
      in_time : assert (!run || left <= bits_left);
      idle : assert (busy_q || (!run && left == 0 && fetched_q == 0 && passes_q == 0 && u_passes.flush_q == 0));
      flushed :
      assert ($onehot0(u_passes.flush_q) && (u_passes.flush_q == 0 || (32'(passes_q) == PASSES && left == 0)));
      goes_on : assert (!busy_q || 32'(passes_q) < PASSES || left != 0 || u_passes.flush_q != 0);
      cover (DRAIN > PASS ? hold && left == 1 : run && left == 0);
      cover (done);
    end
  end
endmodule
