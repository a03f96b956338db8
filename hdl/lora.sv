// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Low-rank adapters of one cell array: y + B (A x) beside a matrix, from words in SRAM (docs/formats.md, Adapters).
//
//   the scales are read; then every beat of x waits while each module's word of A is read and multiplied
//   -> u: scaled, one value a clock -> quantised, one module a clock
//   -> words of B ahead of the matrix's output beats, which take what they add
//
// One array of RANK * LANES multipliers serves both: A adds up its rows, B its columns. Without an adapter nothing
// waits and nothing moves. An adapter whose scales of B are all 0 leaves this array alone: no other word of it is read,
// so that none needs to be written.
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
  localparam int STEP_W = $clog2(MODULES + 1);
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
    StScales,    // the word of scales is there
    StScale,     // u, one value a clock
    StQuantise,  // mantissas of u, one module a clock
    StOutputs    // words of B with the beats of y
  } state_e;
  state_e state_q;
  logic known_q;  // the scales of this token's adapter have been read
  logic active_q;  // the adapter changes this array
  logic [3:0] bank_q;
  logic [STEP_W-1:0] step_q;  // modules of this beat whose words have been asked for
  logic [MODULE_IW-1:0] module_q;  // module whose values are scaled, or given to the quantiser
  logic all_given_q;  // the quantiser has been given all modules
  logic [ROW_IW-1:0] row_q;  // value of it that is scaled
  logic [OUT_W-1:0] ahead_q;  // words of B that have been asked for
  logic [OUT_W-1:0] out_q;  // words of B that have been multiplied

  // ---- the words: written 32 bits at a time
  adapter_write_t write;
  logic [WORD_W-1:0] word;
  logic [WORD_W-33:0] chunks_q;  // all but the last
  logic fill, read;
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
    .re_i   (read),
    .raddr_i(ADDR_W'(32'(bank) * WORDS + 32'(address))),
    .rdata_o(word),
    .corrected_o,
    .failed_o
  );

  // ---- control
  logic adapted, use_a, take, use_b;
  logic has_b_q, sum_valid_q;  // word holds the next beat's B; delta_q is that of the waiting beat

  assign adapted = adapter_i != 0;
  assign use_a   = state_q == StInputs && valid_i && known_q && active_q && step_q != 0;
  assign ready_o = state_q == StInputs && (!adapted || (known_q && (!active_q || step_q == STEP_W'(MODULES))));
  assign take    = valid_i && ready_o;
  assign use_b   = state_q == StOutputs && has_b_q && (!sum_valid_q || pop_i);

  assign sum_valid_o = !active_q || sum_valid_q;

  always_comb begin
    read    = 1'b0;
    bank    = bank_q;
    address = '0;
    unique case (state_q)
      StInputs: begin
        read    = valid_i && adapted && (!known_q || (active_q && step_q != STEP_W'(MODULES)));
        bank    = adapter_i - 4'd1;
        address = WORD_IW'(known_q ? 32'(step_q) * IN_BEATS + 32'(beat_i) : WORDS - 1);
      end
      StOutputs: begin
        read    = (!has_b_q || use_b) && ahead_q != OUT_W'(OUT_BEATS);
        address = WORD_IW'(MODULES * IN_BEATS + 32'(ahead_q));
      end
      StScales, StScale, StQuantise: ;
      default:                       ;
    endcase
  end

  // ---- the multipliers, in two roles
  logic signed [63:0] p_q[MODULES][RANK];
  logic [LANES*48-1:0] delta_q;
  logic signed [ACT_W-1:0] mant_q[MODULES][RANK];
  logic [4:0] places_q[MODULES];
  logic [31:0] scales_q[MODULES];
  logic [MODULE_IW-1:0] in_module, out_module;  // that of the word of A, and of the word of B

  assign in_module = MODULE_IW'(step_q - 1'b1);
  assign out_module = (MODULES == 3) ? MODULE_IW'(32'(out_q) >= FROM_1) + MODULE_IW'(32'(out_q) >= FROM_2) :
                      (MODULES == 2) ? MODULE_IW'(out_q[0]) : '0;

  function automatic logic signed [ACT_W+7:0] product(input logic signed [7:0] weight,
                                                      input logic signed [ACT_W-1:0] operand);
    product = (8 + ACT_W)'(weight) * (8 + ACT_W)'(operand);
  endfunction

  logic signed [31:0] row_sum;  // of a group of inputs
  always @(posedge clk_i) begin
    if (use_a) begin
      // verilator unroll_disable
      for (int unsigned i = 0; i < RANK; i++) begin
        if (beat_i == 0) p_q[in_module][i] = '0;
        for (int unsigned g = 0; g < BEAT_GROUPS; g++) begin
          row_sum = '0;
          // verilator unroll_disable
          for (int unsigned l = g * GROUP; l < (g + 1) * GROUP; l++) begin
            row_sum = row_sum + 32'(product(word[(i*LANES+l)*8+:8], x_i[l*ACT_W+:ACT_W]));
          end
          p_q[in_module][i] = p_q[in_module][i] + (64'(row_sum) <<< shift_i[g*5+:5]);
        end
      end
    end
  end

  logic signed [63:0] column_sum;
  logic [LANES*48-1:0] delta_d;
  always @(posedge clk_i) begin
    if (use_b) begin
      // verilator unroll_disable
      for (int unsigned l = 0; l < LANES; l++) begin
        column_sum = '0;
        // verilator unroll_disable
        for (int unsigned i = 0; i < RANK; i++) begin
          column_sum = column_sum + 64'(product(word[(i*LANES+l)*8+:8], mant_q[out_module][i]));
        end
        column_sum = column_sum * 64'(half_to_int(scales_q[out_module][31:16]));
        delta_d[l*48+:48] = 48'(rsr(column_sum, 6'd24 - 6'(places_q[out_module])));
      end
      delta_q <= delta_d;  // not in place: a beat may leave in the clock in which the next one's delta comes
    end
  end

  // ---- u and its mantissas
  logic signed [31:0] u_q[MODULES][RANK];
  logic [RANK*32-1:0] u;
  logic [RANK*ACT_W-1:0] mant;
  logic [4:0] u_shift;
  logic [1:0] quantise;
  logic quantised;
  logic [MODULE_IW-1:0] mant_module;  // whose mantissas there are

  function automatic logic signed [31:0] scaled_u(input logic signed [63:0] p, input logic [15:0] scale);
    logic signed [63:0] t;
    t = (p > 64'sh7f_ffff_ffff) ? 64'sh7f_ffff_ffff : (p < -64'sh80_0000_0000) ? -64'sh80_0000_0000 : p;
    scaled_u = sat32(rsr(t * 64'(half_to_int(scale)), 6'd24));
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
    if (state_q == StScales) begin
      for (int unsigned m = 0; m < MODULES; m++) scales_q[m] = word[m*32+:32];
    end
    if (state_q == StScale) u_q[module_q][row_q] = scaled_u(p_q[module_q][row_q], scales_q[module_q][15:0]);
    if (quantised) begin
      for (int unsigned i = 0; i < RANK; i++) mant_q[mant_module][i] = mant[i*ACT_W+:ACT_W];
      places_q[mant_module] = u_shift;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q     <= StInputs;
      known_q     <= 1'b0;
      active_q    <= 1'b0;
      bank_q      <= '0;
      step_q      <= '0;
      module_q    <= '0;
      all_given_q <= 1'b0;
      row_q       <= '0;
      ahead_q     <= '0;
      out_q       <= '0;
      has_b_q     <= 1'b0;
      sum_valid_q <= 1'b0;
    end else begin
      unique case (state_q)
        StInputs:
        if (valid_i) begin
          if (adapted && !known_q) state_q <= StScales;
          step_q <= (active_q && known_q && step_q != STEP_W'(MODULES)) ? step_q + 1'b1 : '0;
          if (!adapted) active_q <= 1'b0;
          if (take) begin
            bank_q <= adapter_i - 4'd1;
            if (32'(beat_i) == IN_BEATS - 1) begin
              known_q <= 1'b0;
              if (adapted && active_q) state_q <= StScale;
            end
          end
        end
        StScales: begin
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
          if (read) ahead_q <= ahead_q + 1'b1;
          if (read || use_b) has_b_q <= read;
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
  function automatic logic [BEAT_W-1:0] added(input logic [BEAT_W-1:0] y, input logic [LANES*48-1:0] delta,
                                              input logic active);
    added = y;
    if (active) begin
      // verilator unroll_disable
      for (int unsigned l = 0; l < LANES; l++) begin
        added[l*32+:32] = sat32(64'($signed(y[l*32+:32])) + 64'($signed(delta[l*48+:48])));
      end
    end
  endfunction

  assign sum_o = added(y_i, delta_q, active_q);
endmodule
