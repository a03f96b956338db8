// SPDX-License-Identifier: Apache-2.0
// Between A and B of an adapter: u = p times the scale of A, one value a clock, and its mantissas, a module as soon as all of
// its values are there. From go_i on, which stays until done_o, when all mantissas but those of the last module are there.
module rank_values #(
  parameter int MODULES = 1,
  parameter int RANK    = 8,
  parameter int P_W     = 46,
  parameter int ACT_W   = 12
) (
  input  logic                          clk_i,
  input  logic                          rst_i,
  input  logic                          go_i,
  input  logic   [MODULES*RANK*P_W-1:0] p_i,
  input  logic         [MODULES*15-1:0] scale_i,  // binary16 without a sign
  output logic                          done_o,
  output logic [MODULES*RANK*ACT_W-1:0] mant_o,
  output logic          [MODULES*5-1:0] places_o
);
  import cartridge_pkg::*;

  localparam int SCALE = 6;  // stages: a value is chosen, and value_scaler
  localparam int MODULE_IW = idx_w(MODULES);
  localparam int ROW_IW = idx_w(RANK);

  logic [MODULE_IW-1:0] module_q;  // of the value that is chosen
  logic [ROW_IW-1:0] row_q;
  logic given_q;  // all of them have been
  logic ends_row, ends_module;

  assign ends_row    = row_q == ROW_IW'(RANK - 1);
  assign ends_module = module_q == MODULE_IW'(MODULES - 1);

  // ---- u
  logic signed [P_W-1:0] p[MODULES][RANK];
  logic [14:0] scale[MODULES];
  logic [SCALE-1:0] en;
  logic arrived, module_scaled, all_scaled;
  logic [39:0] value_q;
  logic [SIGNIFICAND_W-1:0] factor_q;
  logic [5:0] down_q;
  logic [31:0] u;
  logic [RANK*32-1:0] u_q;

  for (genvar m = 0; m < MODULES; m++) begin : gen_module
    assign scale[m] = scale_i[m*15+:15];
    for (genvar i = 0; i < RANK; i++) begin : gen_row
      assign p[m][i] = p_i[(m*RANK+i)*P_W+:P_W];
    end
  end

  function automatic logic [39:0] clamped(input logic signed [P_W-1:0] sum);
    clamped = sum[39:0];
    if (sum[P_W-1:39] != {P_W - 39{sum[39]}}) clamped = {sum[P_W-1], {39{!sum[P_W-1]}}};
  endfunction

  stream_pipe #(
    .STAGES(SCALE),
    .WIDTH (2)
  ) u_scale (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(go_i && !given_q),
    .ready_o(),
    .data_i ({ends_row, ends_row && ends_module}),
    .en_o   (en),
    .valid_o(arrived),
    .ready_i(1'b1),
    .data_o ({module_scaled, all_scaled})
  );

  value_scaler #(
    .N       (1),
    .W       (40),
    .FACTOR_W(SIGNIFICAND_W),
    .LIFT    (0),
    .OUT_W   (32)
  ) u_scaler (
    .clk_i,
    .en_i    (en[SCALE-1:1]),
    .clear_i (1'b0),
    .x_i     (value_q),
    .factor_i(factor_q),
    .places_i(down_q),
    .y_o     (u)
  );

  always_ff @(posedge clk_i) begin
    if (en[0]) begin
      value_q  <= clamped(p[module_q][row_q]);
      factor_q <= significand(scale[module_q]);
      down_q   <= 6'd24 - 6'(exponent_places(scale[module_q][14:10]));
    end
    if (arrived) u_q <= (RANK * 32)'({u, u_q} >> 32);  // the first one comes to lie low
  end

  // ---- mantissas
  logic whole_q, all_q;  // a module's values are there, and those of the last one
  logic [1:0] quantise;
  logic quantised;
  logic [RANK*ACT_W-1:0] mant;
  logic [4:0] places;
  logic [MODULES*RANK*ACT_W-1:0] mant_q;
  logic [MODULES*5-1:0] places_q;
  logic all_quantised;

  assign mant_o   = mant_q;
  assign places_o = places_q;
  assign done_o   = quantised && all_quantised;

  stream_pipe #(
    .STAGES(2),
    .WIDTH (1)
  ) u_quantise (
    .clk_i,
    .rst_i,
    .busy_o (),
    .valid_i(whole_q),
    .ready_o(),
    .data_i (all_q),
    .en_o   (quantise),
    .valid_o(quantised),
    .ready_i(1'b1),
    .data_o (all_quantised)
  );

  act_quantiser #(
    .N(RANK),
    .W(ACT_W)
  ) u_quantiser (
    .clk_i,
    .en_i(quantise),
    .x_i (u_q),
    .m_o (mant),
    .sh_o(places)
  );

  always_ff @(posedge clk_i) begin
    if (quantised) begin
      mant_q   <= (MODULES * RANK * ACT_W)'({mant, mant_q} >> (RANK * ACT_W));
      places_q <= (MODULES * 5)'({places, places_q} >> 5);
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      module_q <= '0;
      row_q    <= '0;
      given_q  <= 1'b0;
      whole_q  <= 1'b0;
      all_q    <= 1'b0;
    end else begin
      whole_q <= arrived && module_scaled;
      all_q   <= arrived && all_scaled;
      if (en[0]) begin
        row_q <= ends_row ? '0 : row_q + 1'b1;
        if (ends_row) module_q <= ends_module ? '0 : module_q + 1'b1;
        given_q <= ends_row && ends_module;
      end
      if (done_o) given_q <= 1'b0;
    end
  end
endmodule
