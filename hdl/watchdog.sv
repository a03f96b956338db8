// SPDX-License-Identifier: Apache-2.0
// Says who does not move: a slot that answers, of which no token comes, and a die that is not idle, into which no token
// goes and out of which none comes, through a whole window of clocks. What begins within a window is judged after the
// next, so that it has one window at least and two at most.
module watchdog #(
  parameter int SLOTS = 2
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic      [31:0] window_i,   // in clocks; 0: nobody is judged
  input  logic             hold_i,     // the host keeps the die waiting: this clock does not count
  input  logic [SLOTS-1:0] busy_i,     // the slot answers
  input  logic [SLOTS-1:0] moves_i,    // it gives a token
  output logic [SLOTS-1:0] stalled_o,  // in the last clock of a window
  input  logic             idle_i,     // no token is anywhere on the die
  input  logic             passes_i,   // a token goes in or comes out
  output logic             die_o
);
  logic [31:0] count_q, least_q;  // least_q: what the last clock of a window has counted at least
  logic watches_q;
  logic [SLOTS-1:0] moved_q;  // within this window, or had nothing to do
  logic passed_q, last;

  assign last      = watches_q && count_q >= least_q && !hold_i;
  assign stalled_o = busy_i & ~moves_i & ~moved_q & {SLOTS{last}};
  assign die_o     = last && !idle_i && !passes_i && !passed_q;

  always_ff @(posedge clk_i) begin
    least_q   <= window_i - 32'd1;
    watches_q <= window_i != '0;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      count_q  <= '0;
      moved_q  <= '0;
      passed_q <= 1'b0;
    end else begin
      if (!hold_i) count_q <= last || !watches_q ? '0 : count_q + 32'd1;
      moved_q  <= last ? '0 : moved_q | moves_i | ~busy_i;
      passed_q <= !last && (passed_q || passes_i || idle_i);
    end
  end
endmodule
