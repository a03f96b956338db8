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
  parameter int ARRAY   = 0,  // cartridge_pkg::ARRAY_*
  parameter int K       = 64,
  parameter int N       = 96,
  parameter int MODULES = 1,
  parameter int FROM_1  = 0,  // of three modules: the first output beats of the second and the third;
  parameter int FROM_2  = 0,  // two modules take turns beat by beat
  parameter int RANK    = 8,
  parameter int BANKS   = 2,
  parameter int ACT_W   = 12
) (
  input  logic                                          clk_i,
  input  logic                                          rst_i,
  input  logic                                          write_valid_i,
  input  cartridge_pkg::adapter_write_t                 write_i,
  output logic                                          corrected_o,
  output logic                                          failed_o,
  // beats into the matrix, quantised: one is taken when it is offered and ready
  input  logic                                          valid_i,
  output logic                                          ready_o,
  input  logic                                    [3:0] adapter_i,
  input  logic                                   [15:0] beat_i,
  input  logic        [cartridge_pkg::LANES*ACT_W-1:0]  x_i,
  input  logic      [5*cartridge_pkg::BEAT_GROUPS-1:0]  shift_i,
  // beats out of the matrix: sum_o is what leaves, once sum_valid_o
  input  logic              [cartridge_pkg::BEAT_W-1:0] y_i,
  output logic                                          sum_valid_o,
  input  logic                                          pop_i,
  output logic              [cartridge_pkg::BEAT_W-1:0] sum_o
);
  import cartridge_pkg::*;
  // verilator no_inline_module

  localparam int IN_BEATS  = K / LANES;
  localparam int OUT_BEATS = N / LANES;
  localparam int WORDS     = bank_words(MODULES, K, N);
  localparam int WORD_W    = RANK * LANES * 8;
  localparam int CHUNKS    = WORD_W / 32;
  localparam int VALUES    = MODULES * RANK;

  typedef enum logic [2:0] {
    StInputs,  // words of A with the beats of x
    StScales,  // the word of scales is there
    StScale,   // u, one value a clock
    StQuantise,  // mantissas of u, one module a clock
    StOutputs  // words of B with the beats of y
  } state_e;
  state_e      state_q;
  logic        known_q;   // this token's scales are
  logic        active_q;  // and its adapter changes this array
  logic [ 3:0] bank_q;
  logic [ 2:0] step_q;  // module of this beat whose word is read
  logic [15:0] idx_q;

  // ---- the words: written 32 bits at a time
  adapter_write_t    write;
  logic [WORD_W-1:0]  word;
  logic [WORD_W-33:0] chunks_q;  // all but the last
  logic              fill, read;
  logic [      15:0] address;
  logic [       3:0] bank;

  assign write = write_i;
  assign fill  = write_valid_i && write.array == 2'(ARRAY);
  always_ff @(posedge clk_i) if (fill) chunks_q <= {write.data, chunks_q[WORD_W-33:32]};

  ecc_sram #(
    .WORDS(BANKS * WORDS),
    .WIDTH(WORD_W)
  ) u_sram (
    .clk_i,
    .we_i   (fill && write.chunk == 16'(CHUNKS - 1)),
    .waddr_i(32'(write.bank) * WORDS + 32'(write.word)),
    .wdata_i({write.data, chunks_q}),
    .re_i   (read),
    .raddr_i(32'(bank) * WORDS + 32'(address)),
    .rdata_o(word),
    .corrected_o,
    .failed_o
  );

  // ---- control
  logic adapted, use_a, take, use_b;
  logic ahead_q, sum_valid_q;  // word holds the next beat's B; delta_q is that of the waiting beat

  assign adapted = adapter_i != 0;
  assign use_a   = state_q == StInputs && valid_i && known_q && active_q && step_q != 0;
  assign ready_o = state_q == StInputs && (!adapted || (known_q && (!active_q || step_q == 3'(MODULES))));
  assign take    = valid_i && ready_o;
  assign use_b   = state_q == StOutputs && ahead_q && (!sum_valid_q || pop_i);

  assign sum_valid_o = !active_q || sum_valid_q;

  always_comb begin
    read    = 1'b0;
    bank    = bank_q;
    address = idx_q;
    unique case (state_q)
      StInputs: begin
        read    = valid_i && adapted && (!known_q || (active_q && step_q != 3'(MODULES)));
        bank    = adapter_i - 4'd1;
        address = known_q ? 16'(step_q) * 16'(IN_BEATS) + beat_i : 16'(WORDS - 1);
      end
      StOutputs: begin
        read    = (!ahead_q || use_b) && idx_q != 16'(OUT_BEATS);
        address = 16'(MODULES * IN_BEATS) + idx_q;
      end
      default: ;
    endcase
  end

  // ---- the multipliers, in two roles
  logic signed        [63:0] p_q[VALUES];
  logic       [LANES*48-1:0] delta_q;
  logic signed [ACT_W-1:0] mant_q[VALUES];
  logic                [4:0] places_q[MODULES];
  logic               [31:0] scales_q[MODULES];
  logic               [15:0] out_q;  // the beat whose word of B is multiplied
  logic                [1:0] out_module;

  assign out_module = (MODULES == 3) ? 2'(out_q >= 16'(FROM_1)) + 2'(out_q >= 16'(FROM_2)) :
                      (MODULES == 2) ? {1'b0, out_q[0]} : 2'd0;

  function automatic logic signed [ACT_W+7:0] product(input int unsigned i, input int unsigned l,
                                                          input logic signed [ACT_W-1:0] operand);
    product = (8 + ACT_W)'($signed(word[(i*LANES+l)*8+:8])) * (8 + ACT_W)'(operand);
  endfunction

  function automatic void multiply_a(input int unsigned module_, input logic signed [63:0] keep);
    logic signed [31:0] row;
    // verilator unroll_disable
    for (int unsigned i = 0; i < RANK; i++) begin
      p_q[module_*RANK+i] = p_q[module_*RANK+i] & keep;
      for (int unsigned g = 0; g < BEAT_GROUPS; g++) begin
        row = 0;
        // verilator unroll_disable
        for (int unsigned l = g * GROUP; l < (g + 1) * GROUP; l++) begin
          row = row + 32'(product(i, l, x_i[l*ACT_W+:ACT_W]));
        end
        p_q[module_*RANK+i] = p_q[module_*RANK+i] + (64'(row) <<< shift_i[g*5+:5]);
      end
    end
  endfunction

  function automatic logic [LANES*48-1:0] multiplied_b(input int unsigned module_);
    logic signed [63:0] column;
    // verilator unroll_disable
    for (int unsigned l = 0; l < LANES; l++) begin
      column = 0;
      // verilator unroll_disable
      for (int unsigned i = 0; i < RANK; i++) column = column + 64'(product(i, l, mant_q[module_*RANK+i]));
      column = column * 64'(half_to_int(scales_q[module_][31:16]));
      multiplied_b[l*48+:48] = 48'(rsr(column, 6'd24 - 6'(places_q[module_])));
    end
  endfunction

  // ---- u and its mantissas
  logic signed    [31:0] u_q[VALUES];
  logic    [RANK*32-1:0] u;
  logic [RANK*ACT_W-1:0] mant;
  logic            [4:0] u_shift;

  function automatic logic signed [31:0] scaled_u(input logic signed [63:0] p, input logic [15:0] scale);
    logic signed [63:0] t;
    t = (p > 64'sh7f_ffff_ffff) ? 64'sh7f_ffff_ffff : (p < -64'sh80_0000_0000) ? -64'sh80_0000_0000 : p;
    scaled_u = sat32(rsr(t * 64'(half_to_int(scale)), 6'd24));
  endfunction

  for (genvar i = 0; i < RANK; i++) begin : gen_value
    assign u[i*32+:32] = (state_q == StQuantise) ? u_q[(32'(idx_q)*RANK+i)%VALUES] : '0;
  end

  act_quantiser #(
    .N(RANK),
    .W(ACT_W)
  ) u_quantiser (
    .x_i (u),
    .m_o (mant),
    .sh_o(u_shift)
  );

  logic [MODULES*16-1:0] strengths;  // the scales of B
  for (genvar m = 0; m < MODULES; m++) begin : gen_strength
    assign strengths[m*16+:16] = word[m*32+16+:16];
  end

  always @(posedge clk_i) begin
    if (use_a) multiply_a(32'(step_q) - 1, (beat_i == 0) ? 64'sd0 : -64'sd1);
    if (state_q == StScales) begin
      for (int unsigned m = 0; m < MODULES; m++) scales_q[m] = word[m*32+:32];
    end
    if (state_q == StScale) u_q[32'(idx_q)%VALUES] = scaled_u(p_q[32'(idx_q)%VALUES], scales_q[32'(idx_q)/RANK][15:0]);
    if (state_q == StQuantise) begin
      for (int unsigned i = 0; i < RANK; i++) mant_q[(32'(idx_q)*RANK+i)%VALUES] = mant[i*ACT_W+:ACT_W];
      places_q[32'(idx_q)] = u_shift;
    end
  end

  // Not in place: a beat may leave in the clock in which the next one's delta comes.
  always_ff @(posedge clk_i) if (use_b) delta_q <= multiplied_b(32'(out_module));

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q     <= StInputs;
      known_q     <= 1'b0;
      active_q    <= 1'b0;
      bank_q      <= '0;
      step_q      <= '0;
      idx_q       <= '0;
      out_q       <= '0;
      ahead_q     <= 1'b0;
      sum_valid_q <= 1'b0;
    end else begin
      unique case (state_q)
        StInputs:
        if (valid_i) begin
          if (adapted && !known_q) state_q <= StScales;
          step_q <= (active_q && known_q && step_q != 3'(MODULES)) ? step_q + 3'd1 : 3'd0;
          if (!adapted) active_q <= 1'b0;
          if (take) begin
            bank_q <= adapter_i - 4'd1;
            if (beat_i == 16'(IN_BEATS - 1)) begin
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
          idx_q <= idx_q + 16'd1;
          if (idx_q == 16'(VALUES - 1)) begin
            idx_q   <= '0;
            state_q <= StQuantise;
          end
        end
        StQuantise: begin
          idx_q <= idx_q + 16'd1;
          if (idx_q == 16'(MODULES - 1)) begin
            idx_q   <= '0;
            state_q <= StOutputs;
          end
        end
        default: begin
          if (read) idx_q <= idx_q + 16'd1;
          if (read || use_b) ahead_q <= read;
          if (use_b || pop_i) sum_valid_q <= use_b;
          if (use_b) out_q <= out_q + 16'd1;
          if (pop_i && !use_b && out_q == 16'(OUT_BEATS)) begin
            idx_q   <= '0;
            out_q   <= '0;
            state_q <= StInputs;
          end
        end
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
