// SPDX-License-Identifier: Apache-2.0
// The turns of the gate view beside those of the ROM view with as many clocks a turn, whatever the mask: the same turns,
// a clock late for the first fetch. At every fetch the block has at its bottom the rows that the ROM view is about to
// add, as they were loaded. With the proofs of one turn: the views add the same rows.
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
  localparam int PROD_W = ACT_W + W_BITS;
  localparam int TURN_W = BIT_LINES * ACT_W;
  localparam int PASS_W = cartridge_pkg::idx_w(PASSES);

  logic gate_done, rom_done;
  logic [cartridge_pkg::BEAT_W-1:0] gate_y, rom_y;
  logic [PASS_W-1:0] pass;
  logic [15:0] fetched_q;
  logic load, start;

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
    .start_i(start),
    .pass_i (pass),
    .done_o (gate_done),
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
    .SUPER    (SUPER),
    .TURN_CLKS(PROD_W)
  ) u_rom (
    .clk_i,
    .rst_i,
    .id_i   (8'd0),
    .beat_i,
    .load_i (load),
    .load_x_i,
    .start_i(start),
    .pass_i (pass),
    .done_o (rom_done),
    .drain_i(1'b0),
    .first_i(1'b0),
    .span_i ('0),
    .part_i ('0),
    .shift_i(5'd0),
    .xsum_i ('0),
    .y_o    (rom_y)
  );

  logic init_q = 1'b1, rom_done_q;
  logic idle;
  assign idle = u_gate.state_q == 2'd0 && !gate_done;

  // The manners of `matrix`: it loads every group while the blocks rest, then starts them, pass after pass.
  logic [PASS_W-1:0] pass_q;
  logic [GROUPS-1:0] loaded_q;
  logic passing_q;  // between the first start and the end of the last pass
  assign load  = load_i && idle && !passing_q && !init_q;
  assign start = start_i && idle && &loaded_q && !load && !init_q;
  assign pass  = pass_q;
  always_ff @(posedge clk_i) begin
    init_q     <= 1'b0;
    rom_done_q <= rom_done && !rst_i;
    if (rst_i) begin
      pass_q    <= '0;
      loaded_q  <= '0;
      passing_q <= 1'b0;
    end else begin
      if (load) loaded_q[beat_i] <= 1'b1;
      if (start) passing_q <= 1'b1;
      if (gate_done) begin
        pass_q <= pass_q + 1'b1;
        if (32'(pass_q) == PASSES - 1) begin
          pass_q    <= '0;
          loaded_q  <= '0;
          passing_q <= 1'b0;
        end
      end
    end
  end

  // Fetches since the rows were loaded.
  always_ff @(posedge clk_i) begin
    if (rst_i || load) fetched_q <= '0;
    else if (u_gate.fetch) fetched_q <= fetched_q + 16'd1;
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
      if (!init_q && !passing_q && loaded_q[g]) begin
        as_loaded : assert (held[g*GROUP*ACT_W+:GROUP*ACT_W] == rows[g*GROUP*ACT_W+:GROUP*ACT_W]);
      end
    end
  end
  for (genvar t = 0; t <= PASSES * TURNS; t++) begin : gen_turn
    always_comb if (!init_q && passing_q && fetched_q == 16'(t)) moved : assert (held == rows >> (t * TURN_W));
  end

  always_comb begin
    assume (rst_i == init_q);
    assume (32'(beat_i) < GROUPS);
    if (!init_q) begin
      mantissas : assert (&fits);
      if (u_gate.fetch) begin
        same_turn : assert (32'(u_gate.fetch_turn) == 32'(pass_q) * TURNS + 32'(u_rom.turn_q) && u_rom.busy_q);
        same_rows : assert (16'(u_gate.fetch_turn) == fetched_q);
      end
      if (u_gate.run)
        word : assert (32'(u_gate.gen_block[0].u_block.word_turn_q) == 32'(pass_q) * TURNS + 32'(u_gate.turn_q));

      passes : assert (32'(pass_q) < PASSES && (!gate_done || u_gate.state_q == 2'd0) && u_gate.state_q <= 2'd2);
      in_turn : assert (!u_gate.run || (32'(u_gate.bit_q) < PROD_W && 32'(u_gate.turn_q) < TURNS));
      fetching :
      assert (u_gate.state_q != 2'd1 || (u_rom.busy_q && u_rom.turn_q == 0 && u_rom.clk_q == 0
                                                  && u_gate.turn_q == 0 && 32'(fetched_q) == 32'(pass_q) * TURNS));
      lockstep :
      assert (!u_gate.run || u_gate.last_bit || (u_rom.busy_q && u_rom.turn_q == u_gate.turn_q
                                                           && 32'(u_rom.clk_q) == 32'(u_gate.bit_q) + 1));
      next_turn :
      assert (!u_gate.last_bit || u_gate.last_turn || (u_rom.busy_q && u_rom.clk_q == 0
                                                                  && 32'(u_rom.turn_q) == 32'(u_gate.turn_q) + 1));
      ending : assert ((u_gate.last_bit && u_gate.last_turn) == rom_done && !(rom_done && u_rom.busy_q));
      resting : assert (u_gate.state_q != 2'd0 || !u_rom.busy_q);
      a_clock_late : assert (gate_done == rom_done_q);
      started : assert (u_gate.state_q == 2'd0 || passing_q);
      loaded : assert (!passing_q || &loaded_q);
      counted :
      assert (passing_q ? 32'(fetched_q) == 32'(pass_q) * TURNS
                       + (u_gate.run ? 32'(u_gate.turn_q) + 1 : gate_done ? TURNS : 0)
                       : pass_q == 0 && !gate_done && (loaded_q == 0 || fetched_q == 0));
      cover (u_gate.fetch && u_gate.run && fetched_q == 1 && rows[ACT_W-1:0] == 5);
    end
  end
endmodule
