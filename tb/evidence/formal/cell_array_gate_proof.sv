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
// load leaves x*w and half of its range, for every weight and every activation.
module one_cell #(
  parameter int ACT_W  = 12,
  parameter int W_BITS = 4
) (
  input logic clk_i
);
  localparam int PROD_W = ACT_W + W_BITS;

  logic [ACT_W-1:0] x_q;  // symbolic, as is the weight
  logic [W_BITS-1:0] w_q;
  logic [5:0] clock_q = '0;
  logic [(1<<W_BITS)-1:0] line;
  logic load, run, last, cell_bit;
  logic last_q, keep_q;
  logic [PROD_W:0] sum;

  assign load = clock_q == 0;
  assign run  = clock_q >= 1 && clock_q <= PROD_W;
  assign last = clock_q == PROD_W;

  always_ff @(posedge clk_i) begin
    x_q     <= x_q;
    w_q     <= w_q;
    clock_q <= clock_q + 6'd1;
    last_q  <= last;
    keep_q  <= run && !last;
  end

  product_lines #(
    .ACT_W (ACT_W),
    .W_BITS(W_BITS)
  ) u_lines (
    .clk_i,
    .rst_i (1'b0),
    .load_i(load),
    .x_i   (x_q),
    .last_i(last),
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
    .TURNS (2)
  ) u_acc (
    .clk_i,
    .fresh_i(1'b1),
    .keep_i (keep_q),
    .last_i (last_q),
    .bit_i  (cell_bit),
    .sum_o  (sum)
  );

  logic signed [PROD_W+1:0] value;
  assign value = $signed({1'b0, sum}) - $signed((PROD_W + 2)'(1) << (PROD_W - 1));
  always_comb begin
    if (clock_q == PROD_W + 1) begin
      product : assert (value == (PROD_W + 2)'($signed(x_q) * $signed({1'b0, w_q})));
      cover (value == -((1 << W_BITS) - 1) * (1 << (ACT_W - 1)));
      cover (value == ((1 << W_BITS) - 1) * ((1 << (ACT_W - 1)) - 1));
    end
  end
endmodule
