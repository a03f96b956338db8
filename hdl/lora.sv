// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Low-rank adapters of one cell array: y + B (A x) beside a matrix, from words in SRAM (docs/formats.md, Adapters).
//
//   the scales are read; then every beat of x waits while it is multiplied by each module's word of A, read ahead
//   -> u: scaled and quantised (rank_values)
//   -> words of B ahead of the matrix's output beats, which take what they add
//
// word_sums has the arithmetic of the words. Without an adapter nothing waits and nothing moves. An adapter whose scales of
// B are all 0 leaves this array alone: no other word of it is read, so that none needs to be written.
module lora #(
  parameter int ARRAY   = 0,   // cartridge_pkg::ARRAY_*
  parameter int K       = 64,
  parameter int N       = 96,
  parameter int MODULES = 1,
  parameter int FROM_1  = 0,   // with three modules, the first output beat of the second one
  parameter int FROM_2  = 0,   // and of the third one; two modules take turns beat by beat
  parameter int RANK    = 8,
  parameter int BANKS   = 2,
  parameter int ACT_W   = 12
) (
  input  logic                                                     clk_i,
  input  logic                                                     rst_i,
  input  logic                                                     write_valid_i,
  input  cartridge_pkg::adapter_write_t                            write_i,
  output logic                                                     corrected_o,  // a word was corrected
  output logic                                                     failed_o,     // a word could not be corrected
  // The beats into the matrix, quantised: one is taken when it is offered and ready.
  input  logic                                                     valid_i,
  output logic                                                     ready_o,
  input  cartridge_pkg::adapter_t                                  adapter_i,
  input  logic  [cartridge_pkg::idx_w(K/cartridge_pkg::LANES)-1:0] beat_i,       // number of the beat in its vector
  input  logic                    [cartridge_pkg::LANES*ACT_W-1:0] x_i,
  input  logic                  [5*cartridge_pkg::BEAT_GROUPS-1:0] shift_i,
  // The beats out of the matrix: sum_o leaves as soon as sum_valid_o is high.
  input  logic                         [cartridge_pkg::BEAT_W-1:0] y_i,
  output logic                                                     sum_valid_o,
  input  logic                                                     pop_i,        // sum_o leaves in this clock
  output logic                         [cartridge_pkg::BEAT_W-1:0] sum_o
);
  import cartridge_pkg::*;

  localparam int IN_BEATS = K / LANES;
  localparam int OUT_BEATS = N / LANES;
  localparam int WORDS = bank_words(MODULES, K, N);
  localparam int WORD_W = RANK * LANES * 8;
  localparam int CHUNKS = WORD_W / 32;
  localparam int MODULE_IW = idx_w(MODULES);
  localparam int BEAT_IW = idx_w(IN_BEATS);
  localparam int OUT_W = $clog2(OUT_BEATS + 1);
  localparam int WORD_IW = idx_w(WORDS);
  localparam int ADDR_W = idx_w(BANKS * WORDS);

  `REQUIRE(inputs_are_whole_beats, K >= LANES && K % LANES == 0)
  `REQUIRE(outputs_are_whole_beats, N >= LANES && N % LANES == 0)
  `REQUIRE(array_has_1_to_3_modules, MODULES >= 1 && MODULES <= 3)
  `REQUIRE(two_modules_have_as_many_beats, MODULES != 2 || OUT_BEATS % 2 == 0)
  `REQUIRE(three_modules_have_beats_each, MODULES != 3 || (0 < FROM_1 && FROM_1 < FROM_2 && FROM_2 < OUT_BEATS))
  `REQUIRE(array_number_has_2_bits, ARRAY >= 0 && ARRAY <= 3)
  `REQUIRE(adapters_have_banks, BANKS >= 1 && BANKS <= 15)
  `REQUIRE(words_of_a_bank_have_16_bits, WORDS <= 1 << 16)
  `REQUIRE(rank_is_1_to_64, RANK >= 1 && RANK <= 64)

  typedef enum logic [1:0] {
    StInputs,  // words of A with the beats of x
    StScales,  // until the word of scales is there
    StValues,  // u and its mantissas
    StOutputs  // words of B with the beats of y
  } state_e;
  state_e state_q;
  logic known_q;  // the scales of this token's adapter have been read
  logic active_q;  // the adapter changes this array
  logic [3:0] bank_q;
  logic [MODULE_IW-1:0] ask_module_q;  // the word of A that is asked for next
  logic [BEAT_IW-1:0] ask_beat_q;
  logic all_asked_q;  // there is none any more
  logic [MODULE_IW-1:0] in_module_q;  // module whose word of A is used next
  logic [OUT_W-1:0] ahead_q;  // words of B that have been asked for
  logic [OUT_W-1:0] out_q;  // words of B that have been taken
  logic [MODULE_IW-1:0] out_module_q;  // that of the next one

  // ---- the words: written 32 bits at a time
  adapter_write_t write;
  logic [WORD_W-1:0] word;
  logic [WORD_W-33:0] chunks_q;  // all but the last
  logic fill;
  logic [1:0] fetch;  // stages of a word on its way
  logic [WORD_IW-1:0] address;
  logic [3:0] bank;

  assign write = write_i;
  assign fill  = write_valid_i && write.array == 2'(ARRAY);
  always_ff @(posedge clk_i) if (fill) chunks_q <= {write.data, chunks_q[WORD_W-33:32]};

  ecc_sram #(
    .WORDS(BANKS * WORDS),
    .WIDTH(WORD_W)
  ) u_sram (
    .clk_i,
    .we_i   (fill && write.chunk == 16'(CHUNKS - 1)),
    .waddr_i(ADDR_W'(32'(write.bank) * WORDS + 32'(write.word))),
    .wdata_i({write.data, chunks_q}),
    .re_i   (fetch),
    .raddr_i(ADDR_W'(32'(bank) * WORDS + 32'(address))),
    .rdata_o(word),
    .corrected_o,
    .failed_o
  );

  // ---- control: words are asked for ahead, in the order in which they are used
  logic adapted, ask, asked, there, use_a, use_b, take;
  logic adding;  // words of A are still being added up
  logic sums_ready;  // for a word of B
  logic sum_valid, last;  // deltas is that of the waiting beat, of the last one

  assign adapted = adapter_i != 0;
  assign asked = ask && fetch[0];
  assign use_a = state_q == StInputs && valid_i && known_q && active_q && there;
  assign ready_o = state_q == StInputs &&
      (!adapted || (known_q && (!active_q || (there && in_module_q == MODULE_IW'(MODULES - 1)))));
  assign take = valid_i && ready_o;
  assign use_b = state_q == StOutputs && there && sums_ready;

  assign sum_valid_o = !active_q || sum_valid;

  always_comb begin
    ask     = ahead_q != OUT_W'(OUT_BEATS);
    bank    = bank_q;
    address = WORD_IW'(MODULES * IN_BEATS + 32'(ahead_q));
    unique case (state_q)
      StInputs:
      if (known_q) begin
        ask     = active_q && !all_asked_q;
        address = WORD_IW'(32'(ask_module_q) * IN_BEATS + 32'(ask_beat_q));
      end else begin
        ask     = valid_i && adapted;
        bank    = adapter_i - 4'd1;
        address = WORD_IW'(WORDS - 1);
      end
      StScales:            ask = 1'b0;
      StValues, StOutputs: ;
      default:             ask = 1'b0;
    endcase
  end

  stream_pipe #(
    .STAGES(2),
    .WIDTH (1)
  ) u_fetch (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(ask),
    .ready_o(),
    .data_i (1'b0),
    .en_o   (fetch),
    .valid_o(there),
    .ready_i(use_a || use_b || state_q == StScales),
    .data_o ()
  );

  // ---- the sums of a word
  localparam int P_W = 40 + $clog2(K);  // K codes of 8 bits times values of 32
  localparam int LIFT = 13;  // places at most of a scale in [0, 1): it is its significand times 2^(its places - 24)
  localparam int DELTA_W = 33;  // added to any y, the ends of its range give those of y's

  logic [MODULES*RANK*P_W-1:0] rows;
  logic [LANES*DELTA_W-1:0] deltas;
  logic [MODULES*15-1:0] scales_a_q;  // which have no sign
  logic [14:0] scale_b_q[MODULES];
  logic [MODULES*RANK*ACT_W-1:0] mants;
  logic [MODULES*5-1:0] shifts;
  logic values_done;
  logic [RANK*ACT_W-1:0] mant[MODULES];
  logic [4:0] shift[MODULES];

  for (genvar m = 0; m < MODULES; m++) begin : gen_values
    assign mant[m]  = mants[m*RANK*ACT_W+:RANK*ACT_W];
    assign shift[m] = shifts[m*5+:5];
  end

  // That of a word of B.
  function automatic logic [MODULE_IW-1:0] module_of(input logic [OUT_W-1:0] beat);
    module_of = (MODULES == 3) ? MODULE_IW'(32'(beat) >= FROM_1) + MODULE_IW'(32'(beat) >= FROM_2) :
                (MODULES == 2) ? MODULE_IW'(beat[0]) : '0;
  endfunction

  word_sums #(
    .RANK    (RANK),
    .MODULES (MODULES),
    .ACT_W   (ACT_W),
    .P_W     (P_W),
    .FACTOR_W(SIGNIFICAND_W),
    .LIFT    (LIFT),
    .DELTA_W (DELTA_W)
  ) u_sums (
    .clk_i,
    .rst_i,
    .word_i(word),
    .of_a_i(use_a),
    .first_i(beat_i == 0),
    .x_i,
    .shift_i,
    .adding_o(adding),
    .p_o(rows),
    .of_b_i(state_q == StOutputs && there),
    .ready_o(sums_ready),
    .last_i(out_q == OUT_W'(OUT_BEATS - 1)),
    .mant_i(mant[out_module_q]),
    .factor_i(significand(scale_b_q[out_module_q])),
    .places_i(6'd24 + 6'(LIFT) - 6'(shift[out_module_q]) - 6'(exponent_places(scale_b_q[out_module_q][14:10]))),
    .valid_o(sum_valid),
    .ready_i(pop_i),
    .last_o(last),
    .clear_i(state_q != StOutputs),  // so that nothing is added where nothing is to be
    .delta_o(deltas)
  );

  rank_values #(
    .MODULES(MODULES),
    .RANK   (RANK),
    .P_W    (P_W),
    .ACT_W  (ACT_W)
  ) u_values (
    .clk_i,
    .rst_i,
    .go_i    (state_q == StValues && !adding),
    .p_i     (rows),
    .scale_i (scales_a_q),
    .done_o  (values_done),
    .mant_o  (mants),
    .places_o(shifts)
  );

  logic [MODULES*16-1:0] strengths;  // the scales of B
  for (genvar m = 0; m < MODULES; m++) begin : gen_strength
    assign strengths[m*16+:16] = word[m*32+16+:16];
  end

  for (genvar m = 0; m < MODULES; m++) begin : gen_scale
    always_ff @(posedge clk_i) begin
      if (state_q == StScales && there) begin
        scales_a_q[m*15+:15] <= word[m*32+:15];
        scale_b_q[m]         <= word[m*32+16+:15];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q      <= StInputs;
      known_q      <= 1'b0;
      active_q     <= 1'b0;
      bank_q       <= '0;
      ask_module_q <= '0;
      ask_beat_q   <= '0;
      all_asked_q  <= 1'b0;
      in_module_q  <= '0;
      ahead_q      <= '0;
      out_q        <= '0;
      out_module_q <= '0;
    end else begin
      if (asked && state_q != StInputs) ahead_q <= ahead_q + 1'b1;
      unique case (state_q)
        StInputs: begin
          if (asked && !known_q) begin
            bank_q  <= bank;
            state_q <= StScales;
          end
          if (asked && known_q) begin
            ask_module_q <= ask_module_q + 1'b1;
            if (ask_module_q == MODULE_IW'(MODULES - 1)) begin
              ask_module_q <= '0;
              ask_beat_q   <= ask_beat_q + 1'b1;
              all_asked_q  <= ask_beat_q == BEAT_IW'(IN_BEATS - 1);
            end
          end
          if (valid_i && !adapted) active_q <= 1'b0;
          if (use_a) in_module_q <= take ? '0 : in_module_q + 1'b1;
          if (take && 32'(beat_i) == IN_BEATS - 1) begin
            known_q     <= 1'b0;
            ask_beat_q  <= '0;
            all_asked_q <= 1'b0;
            if (adapted && active_q) state_q <= StValues;
          end
        end
        StScales:
        if (there) begin
          known_q  <= 1'b1;
          active_q <= strengths != '0;
          state_q  <= StInputs;
        end
        StValues: if (values_done) state_q <= StOutputs;
        StOutputs: begin
          if (use_b) begin
            out_q        <= out_q + 1'b1;
            out_module_q <= module_of(out_q + 1'b1);
          end
          if (pop_i && last) begin
            ahead_q      <= '0;
            out_q        <= '0;
            out_module_q <= '0;
            state_q      <= StInputs;
          end
        end
        default:  state_q <= StInputs;
      endcase
    end
  end

  // ---- the sum: its bits above the 32 of y say whether it fits
  function automatic logic [31:0] sum_of(input logic [31:0] y, input logic [DELTA_W-1:0] delta);
    logic [32:0] sum;
    logic [1:0] signs, above;
    sum    = {1'b0, y} + {1'b0, delta[31:0]};
    signs  = {1'b0, y[31]} + {1'b0, delta[32]};
    above  = sum[32] ? 2'd1 - signs : 2'd0 - signs;  // the carry comes last
    sum_of = (above == {2{sum[31]}}) ? sum[31:0] : {above[1], {31{!above[1]}}};
  endfunction

  function automatic logic [BEAT_W-1:0] added(input logic [BEAT_W-1:0] y, input logic [LANES*DELTA_W-1:0] delta);
    // verilator unroll_disable
    for (int unsigned l = 0; l < LANES; l++) added[l*32+:32] = sum_of(y[l*32+:32], delta[l*DELTA_W+:DELTA_W]);
  endfunction

  assign sum_o = added(y_i, deltas);
endmodule
