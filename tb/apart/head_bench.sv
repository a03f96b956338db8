// SPDX-License-Identifier: Apache-2.0
// The head apart from its chip: the beats of the file +beats=NAME go in as fast as it takes them, and tokens are taken
// at once. All slots choose greedily.
module head_bench (
  input  logic clk_i,
  input  logic rst_i,
  input  logic play_i,    // The beats go in.
  output logic played_o,
  output logic idle_o
);
  import cartridge_pkg::*;

  logic valid, ready, busy;
  beat_t in;
  slot_t unused_slot;
  adapter_write_t unused_write;  // Icarus 11 knows the types of ports inside the head only from a variable of each
  sample_t greedy;
  tag_t unused_tag;
  token_t unused_token;
  logic unused_valid;
  logic [31:0] unused_signature;

  line_player #(
    .WIDTH($bits(beat_t)),
    .FILE ("beats")
  ) u_beats (
    .clk_i,
    .rst_i,
    .play_i,
    .loaded_o(played_o),
    .valid_o (valid),
    .ready_i (ready),
    .data_o  (in)
  );

  assign greedy = '0;

  head u_head (
    .clk_i,
    .rst_i,
    .busy_o       (busy),
    .valid_i      (valid),
    .ready_o      (ready),
    .beat_i       (in),
    .sample_slot_o(unused_slot),
    .sample_i     (greedy),
    .valid_o      (unused_valid),
    .ready_i      (1'b1),
    .tag_o        (unused_tag),
    .token_o      (unused_token),
    .signature_o  (unused_signature)
  );

  assign idle_o = !busy && !valid;
endmodule
