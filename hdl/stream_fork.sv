// SPDX-License-Identifier: Apache-2.0
// One stream to two branches: a beat moves into both in the same clock, or into neither. The beat's fields need no
// cell: both branches look at the source's.
//
// A branch is offered a beat only while the other one takes it. A fork that let a branch take its beat first would let
// it start on a vector for which the other has no room yet: the same values, in other clocks. So that an offer stays,
// a branch that is ready must stay so until a beat comes, as FIFOs and rms_norm do.
module stream_fork (
  input  logic valid_i,
  output logic ready_o,
  output logic a_valid_o,
  input  logic a_ready_i,
  output logic b_valid_o,
  input  logic b_ready_i
);
  assign ready_o   = a_ready_i && b_ready_i;
  assign a_valid_o = valid_i && b_ready_i;
  assign b_valid_o = valid_i && a_ready_i;
endmodule
