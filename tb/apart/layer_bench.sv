// SPDX-License-Identifier: Apache-2.0
// A layer apart from its chip: the beats of the file +beats=NAME go in as fast as it takes them, after the adapters of
// the file +adapters=NAME are in its SRAM. What comes out is taken at once; its tags must be those that went in.
module layer_bench (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  cartridge_pkg::layer_t id_i,         // Names its masks and its trace.
  input  logic                  load_i,       // The adapters go in.
  output logic                  loaded_o,
  input  logic                  play_i,       // The beats go in.
  output logic                  played_o,
  output logic                  idle_o,
  output logic                  stray_o,      // A beat came out under another tag than went in, or none had gone in.
  output logic                  parted_o,     // Inside, beats met that were not of one token.
  output logic                  corrected_o,  // Some word of SRAM was corrected.
  output logic                  failed_o      // Some word of SRAM could not be corrected.
);
  import cartridge_pkg::*;

  localparam int BEATS = shape_pkg::D_MODEL / LANES;

  logic valid, ready, out_valid, busy, write_valid, parted, corrected, failed;
  beat_t in, out;
  adapter_write_t write;

  line_player #(
    .WIDTH($bits(adapter_write_t))
  ) u_adapters (
    .clk_i,
    .rst_i,
    .play_i (load_i),
    .loaded_o,
    .valid_o(write_valid),
    .ready_i(1'b1),
    .data_o (write)
  );

  logic play_valid, tag_ready, tag_valid;
  tag_t tag;

  line_player #(
    .WIDTH($bits(beat_t)),
    .FILE ("beats")
  ) u_beats (
    .clk_i,
    .rst_i,
    .play_i,
    .loaded_o(played_o),
    .valid_o (play_valid),
    .ready_i (ready && tag_ready),
    .data_o  (in)
  );
  assign valid = play_valid && tag_ready;

  // Of every vector on its way: a layer holds two at a time, and one waits at each end.
  stream_fifo #(
    .DEPTH(4 * BEATS),
    .WIDTH($bits(tag_t))
  ) u_tags (
    .clk_i,
    .rst_i,
    .valid_i(valid && ready),
    .ready_o(tag_ready),
    .data_i (in.tag),
    .valid_o(tag_valid),
    .ready_i(out_valid),
    .data_o (tag)
  );

  layer u_layer (
    .clk_i,
    .rst_i,
    .id_i,
    .busy_o       (busy),
    .write_valid_i(write_valid),
    .write_i      (write),
    .corrected_o  (corrected),
    .failed_o     (failed),
    .parted_o     (parted),
    .sig_array_i  (2'd0),
    .signature_o  (),
    .valid_i      (valid),
    .ready_o      (ready),
    .tag_i        (in.tag),
    .data_i       (in.data),
    .valid_o      (out_valid),
    .ready_i      (1'b1),
    .tag_o        (out.tag),
    .data_o       (out.data)
  );

  assign idle_o = !busy && !play_valid && !tag_valid;

  logic stray_q, parted_q, corrected_q, failed_q;
  assign stray_o     = stray_q;
  assign parted_o    = parted_q;
  assign corrected_o = corrected_q;
  assign failed_o    = failed_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      stray_q     <= 1'b0;
      parted_q    <= 1'b0;
      corrected_q <= 1'b0;
      failed_q    <= 1'b0;
    end else begin
      stray_q     <= stray_q || (out_valid && (!tag_valid || out.tag != tag));
      parted_q    <= parted_q || parted;
      corrected_q <= corrected_q || corrected;
      failed_q    <= failed_q || failed;
    end
  end
endmodule
