// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Low-rank adapters of one cell array: y + B (A x) beside a matrix, from words in SRAM (docs/formats.md, Adapters).
//
//   the scales are read; then every beat of x waits while it is multiplied by each module's word of A, read ahead
//   -> u: scaled, one value a clock -> quantised, one module a clock
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
  localparam int ROW_IW = idx_w(RANK);
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
  `REQUIRE(chunks_of_a_word_have_16_bits, CHUNKS <= 1 << 16)

  typedef enum logic [2:0] {
    StInputs,    // words of A with the beats of x
    StScales,    // until the word of scales is there
    StScale,     // u, one value a clock
    StQuantise,  // mantissas of u, one module a clock
    StOutputs    // words of B with the beats of y
  } state_e;
  state_e state_q;
  logic known_q;  // the scales of this token's adapter have been read
  logic active_q;  // the adapter changes this array
  logic [3:0] bank_q;
  logic [MODULE_IW-1:0] ask_module_q;  // the word of A that is asked for next
  logic [BEAT_IW-1:0] ask_beat_q;
  logic all_asked_q;  // there is none any more
  logic [MODULE_IW-1:0] in_module_q;  // module whose word of A is used next
  logic [MODULE_IW-1:0] module_q;  // module whose values are scaled, or given to the quantiser
  logic all_given_q;  // the quantiser has been given all modules
  logic [ROW_IW-1:0] row_q;  // value of it that is scaled
  logic [OUT_W-1:0] ahead_q;  // words of B that have been asked for
  logic [OUT_W-1:0] out_q;  // words of B that have been multiplied

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
  logic sum_valid_q;  // deltas is that of the waiting beat

  assign adapted = adapter_i != 0;
  assign asked = ask && fetch[0];
  assign use_a = state_q == StInputs && valid_i && known_q && active_q && there;
  assign ready_o = state_q == StInputs &&
      (!adapted || (known_q && (!active_q || (there && in_module_q == MODULE_IW'(MODULES - 1)))));
  assign take = valid_i && ready_o;
  assign use_b = state_q == StOutputs && there && (!sum_valid_q || pop_i);

  assign sum_valid_o = !active_q || sum_valid_q;

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
      StScales:                       ask = 1'b0;
      StScale, StQuantise, StOutputs: ;
      default:                        ask = 1'b0;
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

  // ---- scales: one in [0, 1) is its significand times 2^(its places - 24)
  localparam int SIGNIFICAND_W = 11;
  localparam int LIFT = 13;  // places at most

  // ---- the sums of a word
  localparam int P_W = 40 + $clog2(K);  // K codes of 8 bits times values of 32
  localparam int DELTA_W = 33;  // added to any y, the ends of its range give those of y's

  logic [MODULES*RANK*P_W-1:0] rows;
  logic [LANES*DELTA_W-1:0] deltas;
  logic [RANK*ACT_W-1:0] mant_q[MODULES];
  logic [4:0] places_q[MODULES];
  logic [29:0] scales_q[MODULES];  // {b, a}, which have no sign
  logic [MODULE_IW-1:0] out_module;  // that of the word of B

  assign out_module = (MODULES == 3) ? MODULE_IW'(32'(out_q) >= FROM_1) + MODULE_IW'(32'(out_q) >= FROM_2) :
                      (MODULES == 2) ? MODULE_IW'(out_q[0]) : '0;

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
    .word_i  (word),
    .of_a_i  (use_a),
    .first_i (beat_i == 0),
    .x_i,
    .shift_i,
    .p_o     (rows),
    .of_b_i  (use_b),
    .mant_i  (mant_q[out_module]),
    .factor_i(significand(scales_q[out_module][29:15])),
    .places_i(6'd24 + 6'(LIFT) - 6'(places_q[out_module]) - 6'(exponent_places(scales_q[out_module][29:25]))),
    .delta_o (deltas)
  );

  // ---- u and its mantissas
  logic signed [31:0] u_q[MODULES][RANK];
  logic [RANK*32-1:0] u;
  logic [RANK*ACT_W-1:0] mant;
  logic [4:0] u_shift;
  logic [1:0] quantise;
  logic quantised;
  logic [MODULE_IW-1:0] mant_module;  // whose mantissas there are

  function automatic logic signed [31:0] scaled_u(input logic signed [P_W-1:0] p, input logic [14:0] scale);
    logic signed [39:0] t;
    logic signed [39+1+SIGNIFICAND_W:0] times;
    t = p[39:0];
    if (p[P_W-1:39] != {P_W - 39{p[39]}}) t = {p[P_W-1], {39{!p[P_W-1]}}};
    times    = (40 + 1 + SIGNIFICAND_W)'(t) * (40 + 1 + SIGNIFICAND_W)'($signed({1'b0, significand(scale)}));
    scaled_u = sat32(rsr(64'(times), 6'd24 - 6'(exponent_places(scale[14:10]))));
  endfunction

  for (genvar i = 0; i < RANK; i++) begin : gen_value
    assign u[i*32+:32] = (state_q == StQuantise) ? u_q[module_q][i] : '0;
  end

  stream_pipe #(
    .STAGES(2),
    .WIDTH (MODULE_IW)
  ) u_quantise (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(state_q == StQuantise && !all_given_q),
    .ready_o(),
    .data_i (module_q),
    .en_o   (quantise),
    .valid_o(quantised),
    .ready_i(1'b1),
    .data_o (mant_module)
  );

  act_quantiser #(
    .N(RANK),
    .W(ACT_W)
  ) u_quantiser (
    .clk_i,
    .en_i(quantise),
    .x_i (u),
    .m_o (mant),
    .sh_o(u_shift)
  );

  logic [MODULES*16-1:0] strengths;  // the scales of B
  for (genvar m = 0; m < MODULES; m++) begin : gen_strength
    assign strengths[m*16+:16] = word[m*32+16+:16];
  end

  always @(posedge clk_i) begin
    if (state_q == StScales && there) begin
      for (int unsigned m = 0; m < MODULES; m++) scales_q[m] = {word[m*32+16+:15], word[m*32+:15]};
    end
    if (state_q == StScale) begin
      u_q[module_q][row_q] = scaled_u(rows[(32'(module_q)*RANK+32'(row_q))*P_W+:P_W], scales_q[module_q][14:0]);
    end
    if (quantised) begin
      mant_q[mant_module]   = mant;
      places_q[mant_module] = u_shift;
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
      module_q     <= '0;
      all_given_q  <= 1'b0;
      row_q        <= '0;
      ahead_q      <= '0;
      out_q        <= '0;
      sum_valid_q  <= 1'b0;
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
            if (adapted && active_q) state_q <= StScale;
          end
        end
        StScales:
        if (there) begin
          known_q  <= 1'b1;
          active_q <= strengths != '0;
          state_q  <= StInputs;
        end
        StScale: begin
          row_q <= row_q + 1'b1;
          if (row_q == ROW_IW'(RANK - 1)) begin
            row_q    <= '0;
            module_q <= module_q + 1'b1;
            if (module_q == MODULE_IW'(MODULES - 1)) begin
              module_q <= '0;
              state_q  <= StQuantise;
            end
          end
        end
        StQuantise: begin
          module_q <= module_q + 1'b1;
          if (module_q == MODULE_IW'(MODULES - 1)) begin
            module_q    <= '0;
            all_given_q <= 1'b1;
          end
          if (quantised && mant_module == MODULE_IW'(MODULES - 1)) begin
            module_q    <= '0;
            all_given_q <= 1'b0;
            state_q     <= StOutputs;
          end
        end
        StOutputs: begin
          if (use_b || pop_i) sum_valid_q <= use_b;
          if (use_b) out_q <= out_q + 1'b1;
          if (pop_i && !use_b && out_q == OUT_W'(OUT_BEATS)) begin
            ahead_q <= '0;
            out_q   <= '0;
            state_q <= StInputs;
          end
        end
        default: state_q <= StInputs;
      endcase
    end
  end

  // ---- the sum
  function automatic logic signed [31:0] sum_of(input logic signed [31:0] y, input logic signed [DELTA_W-1:0] delta);
    logic signed [DELTA_W:0] sum;
    sum    = (DELTA_W + 1)'(y) + (DELTA_W + 1)'(delta);
    sum_of = sum[31:0];
    if (sum[DELTA_W:31] != {DELTA_W - 30{sum[31]}}) sum_of = {sum[DELTA_W], {31{!sum[DELTA_W]}}};
  endfunction

  function automatic logic [BEAT_W-1:0] added(input logic [BEAT_W-1:0] y, input logic [LANES*DELTA_W-1:0] delta,
                                              input logic active);
    added = y;
    if (active) begin
      // verilator unroll_disable
      for (int unsigned l = 0; l < LANES; l++) added[l*32+:32] = sum_of(y[l*32+:32], delta[l*DELTA_W+:DELTA_W]);
    end
  endfunction

  assign sum_o = added(y_i, deltas, active_q);
endmodule
