// SPDX-License-Identifier: Apache-2.0
// The cell at every activation width from 8 to 16 bits.
module cell_array_gate_proof #(
  parameter int W_BITS = 4
) (
  input logic clk_i
);
  for (genvar a = 8; a <= 16; a++) begin : gen_width
    one_cell #(
      .ACT_W (a),
      .W_BITS(W_BITS)
    ) u_cell (
      .clk_i
    );
  end
endmodule

// Product generator, one weight cell and a column's accumulator, from any state. A turn of ACT_W + W_BITS clocks after the
// load leaves x*w, for every weight and every activation.
module one_cell #(
  parameter int ACT_W  = 12,
  parameter int W_BITS = 4
) (
  input logic clk_i
);
  localparam int PROD_W = ACT_W + W_BITS;
  localparam int HIGH_W = 6;

  logic [ACT_W-1:0] x_q;  // symbolic, as is the weight
  logic [W_BITS-1:0] w_q;
  logic [5:0] clock_q = '0;
  logic [(1<<W_BITS)-1:0] line;
  logic load, run, last, cell_bit;
  logic signed [PROD_W+HIGH_W-1:0] sum;

  assign load = clock_q == 0;
  assign run  = clock_q >= 1 && clock_q <= PROD_W;
  assign last = clock_q == PROD_W;

  always_ff @(posedge clk_i) begin
    x_q     <= x_q;
    w_q     <= w_q;
    clock_q <= clock_q + 6'd1;
  end

  product_lines #(
    .ACT_W (ACT_W),
    .W_BITS(W_BITS)
  ) u_lines (
    .clk_i,
    .rst_i (1'b0),
    .load_i(load),
    .x_i   (x_q),
    .line_o(line)
  );

  cell_array_gate #(
    .ROWS  (1),
    .N     (1),
    .W_BITS(W_BITS)
  ) u_cell (
    .line_i(line),
    .word_i(run),
    .via_i (w_q),
    .bit_o (cell_bit)
  );

  serial_accumulator #(
    .PROD_W(PROD_W),
    .HIGH_W(HIGH_W)
  ) u_acc (
    .clk_i,
    .clear_i(load),
    .en_i   (run),
    .last_i (last),
    .bit_i  (cell_bit),
    .sum_o  (sum)
  );

  always_comb begin
    if (clock_q == PROD_W + 1) begin
      product : assert (sum == $signed(x_q) * $signed({1'b0, w_q}));
      cover (sum == -((1 << W_BITS) - 1) * (1 << (ACT_W - 1)));
      cover (sum == ((1 << W_BITS) - 1) * ((1 << (ACT_W - 1)) - 1));
    end
  end
endmodule
