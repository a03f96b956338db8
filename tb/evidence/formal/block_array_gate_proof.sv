// SPDX-License-Identifier: Apache-2.0
// The gate view beside the ROM view, as the passes of a matrix drive both, whatever the mask: at every fetch the block
// has at its bottom the rows that the ROM view is about to add, as they were loaded, and on its word line the turn that
// the ROM view adds. With the proofs of one turn: the views add the same rows.
module block_array_gate_proof #(
  parameter int BLOCK     = 32,
  parameter int ACT_W     = 8,
  parameter int W_BITS    = 3,
  parameter int BIT_LINES = 1,
  parameter int SPAN      = 32,
  parameter int SUPER     = 0
) (
  input logic clk_i,
  input logic rst_i,
  input logic load_i,
  input logic [cartridge_pkg::idx_w(BLOCK/cartridge_pkg::GROUP)-1:0] beat_i,
  input logic [cartridge_pkg::LANES*ACT_W-1:0] load_x_i,
  input logic start_i
);
  localparam int K = BLOCK;
  localparam int N = 8;
  localparam int GROUP = cartridge_pkg::GROUP;
  localparam int GROUPS = BLOCK / GROUP;
  localparam int PASSES = BLOCK / SPAN;
  localparam int TURNS = SPAN / BIT_LINES;  // of a pass
  localparam int TURN_W = BIT_LINES * ACT_W;
  localparam int ALL_TURNS = PASSES * TURNS;

  logic [cartridge_pkg::BEAT_W-1:0] gate_y, rom_y;
  logic load, start, done, fetch, run, fresh, last, hold, drain, first;
  logic [cartridge_pkg::idx_w(ALL_TURNS)-1:0] turn;
  logic [cartridge_pkg::idx_w(PASSES)-1:0] span;
  logic block_number, part;
  logic [15:0] fetched_q;  // turns since the rows were loaded

  pass_sequencer #(
    .SPANS (PASSES),
    .BLOCKS(1),
    .PASSES(PASSES),
    .TURNS (TURNS),
    .TURN  (ACT_W + W_BITS)
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

  block_array_gate #(
    .K        (K),
    .N        (N),
    .BLOCK    (BLOCK),
    .W_BITS   (W_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SPAN     (SPAN),
    .SUPER    (SUPER)
  ) u_gate (
    .clk_i,
    .rst_i,
    .id_i   (8'd0),
    .beat_i,
    .load_i (load),
    .load_x_i,
    .fetch_i(fetch),
    .turn_i (turn),
    .run_i  (run),
    .fresh_i(fresh),
    .last_i (last),
    .hold_i (hold),
    .drain_i(1'b0),
    .first_i(1'b0),
    .span_i ('0),
    .block_i('0),
    .part_i ('0),
    .shift_i(5'd0),
    .xsum_i ('0),
    .y_o    (gate_y)
  );

  block_array_rom #(
    .K        (K),
    .N        (N),
    .BLOCK    (BLOCK),
    .W_BITS   (W_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SPAN     (SPAN),
    .SUPER    (SUPER)
  ) u_rom (
    .clk_i,
    .rst_i,
    .id_i   (8'd0),
    .beat_i,
    .load_i (load),
    .load_x_i,
    .fetch_i(fetch),
    .turn_i (turn),
    .last_i (last),
    .drain_i(1'b0),
    .first_i(1'b0),
    .span_i ('0),
    .part_i ('0),
    .shift_i(5'd0),
    .xsum_i ('0),
    .y_o    (rom_y)
  );

  // The manners of `matrix`: it loads every group while the blocks rest, then starts their passes.
  logic init_q = 1'b1;
  logic [GROUPS-1:0] loaded_q;
  logic busy_q;  // from the start to the end of the last drain
  assign load  = load_i && !busy_q && !init_q;
  assign start = start_i && !busy_q && &loaded_q && !load && !init_q;
  always_ff @(posedge clk_i) begin
    init_q <= 1'b0;
    if (rst_i) begin
      loaded_q <= '0;
      busy_q   <= 1'b0;
    end else begin
      if (load) loaded_q[beat_i] <= 1'b1;
      if (done) loaded_q <= '0;
      busy_q <= start || (busy_q && !done);
    end
    if (rst_i || load) fetched_q <= '0;
    else if (fetch) fetched_q <= fetched_q + 16'd1;
  end

  logic [BLOCK*ACT_W-1:0] rows, held;
  logic [BLOCK-1:0] fits;
  assign held = u_gate.gen_block[0].u_block.x_q;
  for (genvar r = 0; r < BLOCK; r++) begin : gen_row
    assign rows[r*ACT_W+:ACT_W] = u_rom.x_q[r][ACT_W-1:0];
    assign fits[r] = !loaded_q[r/GROUP] || u_rom.x_q[r] == 32'($signed(u_rom.x_q[r][ACT_W-1:0]));
  end
  for (genvar g = 0; g < GROUPS; g++) begin : gen_group
    always_comb begin
      if (!init_q && !busy_q && loaded_q[g]) begin
        as_loaded : assert (held[g*GROUP*ACT_W+:GROUP*ACT_W] == rows[g*GROUP*ACT_W+:GROUP*ACT_W]);
      end
    end
  end
  for (genvar t = 0; t <= ALL_TURNS; t++) begin : gen_turn
    always_comb if (!init_q && busy_q && fetched_q == 16'(t)) moved : assert (held == rows >> (t * TURN_W));
  end

  always_comb begin
    assume (rst_i == init_q);
    assume (32'(beat_i) < GROUPS);
    if (!init_q) begin
      mantissas : assert (&fits);
      if (fetch) same_rows : assert (16'(turn) == fetched_q && busy_q);
      if (run) same_turn : assert (u_gate.gen_block[0].u_block.word_turn_q == u_rom.turn_q);

      next_one : assert (!busy_q || 32'(u_passes.turn_q) == 32'(fetched_q) % ALL_TURNS);
      more : assert (u_passes.more_q == (busy_q && 32'(fetched_q) < ALL_TURNS) && 32'(fetched_q) <= ALL_TURNS);
      idle : assert (busy_q || (!run && u_passes.left_q == 0 && u_passes.flush_q == 0 && u_passes.turn_q == 0));
      rests : assert (busy_q || loaded_q == 0 || fetched_q == 0);
      ending : assert (u_passes.flush_q == 0 || (!run && !u_passes.more_q && u_passes.left_q == 0));
      once : assert ((u_passes.flush_q & (u_passes.flush_q - 1'b1)) == 0);
      loaded : assert (!busy_q || &loaded_q);
      cover (fetch && run && fetched_q == 1 && rows[ACT_W-1:0] == 5);
    end
  end
endmodule
