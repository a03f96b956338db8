// SPDX-License-Identifier: Apache-2.0
// Two streams into one. An offer stays: while a beat waits for its consumer, it is the one that is offered.
//
// Otherwise a goes before b, or, with TURNS, each of the two goes first after a beat of the other.
module stream_arb #(
  parameter int WIDTH = cartridge_pkg::BEAT_W,
  parameter bit TURNS = 1'b0
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             a_valid_i,
  output logic             a_ready_o,
  input  logic [WIDTH-1:0] a_data_i,
  input  logic             b_valid_i,
  output logic             b_ready_o,
  input  logic [WIDTH-1:0] b_data_i,
  output logic             valid_o,
  input  logic             ready_i,
  output logic [WIDTH-1:0] data_o,
  output logic             from_a_o    // The beat that is offered is one of a.
);
  logic waits_q;  // the offer of the clock before was not taken
  logic from_a, from_a_q;
  logic b_first_q;

  assign from_a    = waits_q ? from_a_q : a_valid_i && !(b_first_q && b_valid_i);
  assign from_a_o  = from_a;
  assign valid_o   = from_a ? a_valid_i : b_valid_i;
  assign data_o    = from_a ? a_data_i : b_data_i;
  assign a_ready_o = ready_i && from_a;
  assign b_ready_o = ready_i && !from_a;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      waits_q   <= 1'b0;
      from_a_q  <= 1'b0;
      b_first_q <= 1'b0;
    end else begin
      waits_q  <= valid_o && !ready_i;
      from_a_q <= from_a;
      if (valid_o && ready_i) b_first_q <= TURNS && from_a;
    end
  end
endmodule
