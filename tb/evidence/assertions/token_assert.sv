// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// A module that takes vectors of IN_BEATS beats and gives one of OUT_BEATS for each: every token leaves once, with the
// tag it came with, in the order in which they came. The watchdog: while a token is inside, some stream moves at least
// every assertion_pkg::clocks() clocks; a module that waits for its consumer, or for the rest of a vector, is not to
// blame. Who says that he is busy, and has a clock for it, is so from the first beat that enters to the last that leaves.
module token_assert #(
  parameter int IN_BEATS  = 1,
  parameter int OUT_BEATS = 1
) (
  input logic                clk_i,
  input logic                rst_i,
  input logic                valid_i,
  input logic                ready_i,
  input cartridge_pkg::tag_t tag_i,
  input logic                busy_i,
  input logic                out_valid_i,
  input logic                out_ready_i,
  input cartridge_pkg::tag_t out_tag_i
);
  import assertion_pkg::*;

  cartridge_pkg::tag_t tags_q[$];
  int unsigned in_q, out_q, silent_q, moved_q;
  int unsigned wrong_q;  // clocks in which busy_i was not inside_q
  bit inside_q;  // a token, or a part of one
  bit waits;

  localparam int UPSETS = 8;  // clocks of a machine that a bench puts into each encoding that is no state of it
  always @(posedge clk_i) begin  // not always_ff: it shares what assertion_pkg counts
    wrong_q = (rst_i || busy_i == inside_q) ? 0 : wrong_q + 1;
    if (rst_i) begin
      tags_q.delete();
      inside_q = 1'b0;
      in_q     = 0;
      out_q    = 0;
      silent_q = 0;
    end else if (inside_q || valid_i || out_valid_i || busy_i) begin  // else at rest, as most modules are at most times
      `HOLDS(busy, wrong_q < UPSETS, "busy without a token, or at rest with one")
      if (out_valid_i && out_ready_i) begin
        `HOLDS(not_doubled, inside_q, "a beat leaves, but no token is inside")
        `HOLDS(in_order, out_tag_i == tags_q[0], "a token leaves out of order, or with another tag")
        out_q = out_q + 1;
        if (out_q == OUT_BEATS) begin
          out_q = 0;
          void'(tags_q.pop_front());
        end
      end
      if (valid_i && ready_i) begin
        if (in_q == 0) tags_q.push_back(tag_i);
        `HOLDS(one_token, tag_i == tags_q[$], "the beats of a vector have different tags")
        in_q = (in_q == IN_BEATS - 1) ? 0 : in_q + 1;
      end
      if ((valid_i && ready_i) || (out_valid_i && out_ready_i)) begin
        moved    = moved + 1;
        inside_q = tags_q.size() != 0;
      end
      waits    = out_valid_i || (in_q != 0 && !(valid_i && !ready_i));
      silent_q = (waits || !inside_q || moved != moved_q) ? 0 : silent_q + 1;
      moved_q  = moved;
      if (silent_q != 0) `HOLDS(alive, silent_q <= clocks(), "a token is inside and nothing has moved for too long")
    end
  end
endmodule

`define BIND_TOKENS(MODULE, IN, OUT, BUSY) \
  bind MODULE token_assert #(.IN_BEATS(IN), .OUT_BEATS(OUT)) u_token_assert ( \
    .clk_i, .rst_i, .valid_i, .ready_i(ready_o), .tag_i, .busy_i(BUSY), \
    .out_valid_i(valid_o), .out_ready_i(ready_i), .out_tag_i(tag_o) \
  );
`BIND_TOKENS(embedding, 1, BEATS, busy_o)
`BIND_TOKENS(rms_norm, BEATS, BEATS, busy_o)
`BIND_TOKENS(matrix, IN_BEATS, OUT_BEATS, busy_o)
`BIND_TOKENS(attention, IN_BEATS, HEADS * HEAD_DIM / cartridge_pkg::LANES, busy_o)
`BIND_TOKENS(argmax, BEATS, 1, busy_o)
`BIND_TOKENS(sampler, BEATS, 1, busy_o)
