// SPDX-License-Identifier: Apache-2.0
// One turn of a block in its gate view against what the ROM view adds for it, sum += (x << s*W_BITS) * q: any vias, any
// activations, any turn, from any sums that the turns before can have left, or from a clear: step and base of an
// induction over turns.
//
// Lemmas on the way (what each line, cell and adder holds after each bit) keep the solver from guessing.
module block_proof #(
  parameter int ACT_W     = 12,
  parameter int W_BITS    = 4,
  parameter int BLOCK     = 32,
  parameter int N         = 2,
  parameter int SLICES    = 1,
  parameter int BIT_LINES = 1,
  parameter int SPAN      = 32
) (
  input logic clk_i
);
  localparam int PROD_W = ACT_W + W_BITS;
  localparam int COL_W = PROD_W + $clog2(SPAN) + 1;
  localparam int LINES = 1 << W_BITS;
  localparam int TURNS = BLOCK / BIT_LINES;
  localparam int ROWS_W = cartridge_pkg::idx_w(TURNS);
  localparam int MOST = BIT_LINES * (LINES - 1) * (1 << (ACT_W - 1));  // magnitude of what a turn adds to a column

  // Symbolic: registers that keep whatever they start with.
  logic [BLOCK*SLICES*N*W_BITS-1:0] via_q;
  logic [ROWS_W-1:0] turn_q;
  logic [W_BITS-1:0] any_q;
  logic clear_q;
  always_ff @(posedge clk_i) begin
    any_q   <= any_q;
    clear_q <= clear_q;
    via_q   <= via_q;
    turn_q  <= turn_q;
  end
  always_comb assume (32'(turn_q) < TURNS && !(clear_q && 32'(turn_q) % (SPAN / BIT_LINES) != 0));

  logic [5:0] clock_q = '0;
  logic fetch, run, last, finished;
  always_ff @(posedge clk_i) clock_q <= clock_q + 6'd1;
  assign fetch    = clock_q == 0;
  assign run      = clock_q >= 1 && clock_q <= PROD_W;
  assign last     = clock_q == PROD_W;
  assign finished = clock_q == PROD_W + 1;

  logic [N*32-1:0] sum;

  block #(
    .VIEW     (cartridge_pkg::VIEW_GATE),
    .BLOCK    (BLOCK),
    .N        (N),
    .SLICES   (SLICES),
    .W_BITS   (W_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SPAN     (SPAN)
  ) u_block (
    .clk_i,
    .rst_i   (1'b0),
    .load_i  (1'b0),
    .load_x_i('0),
    .clear_i (fetch && clear_q),
    .fetch_i (fetch),
    .run_i   (run),
    .last_i  (last),
    .turn_i  (fetch ? turn_q : '0),  // needed at the fetch only
    .via_i   (via_q),
    .sum_o   (sum)
  );

  logic signed [31:0] most;  // magnitude of a column's sum
  assign most = $signed(32'(turn_q) % (SPAN / BIT_LINES) + 32'(finished)) * MOST;

  for (genvar j = 0; j < BIT_LINES; j++) begin : gen_row
    logic signed [31:0] x_q;
    logic [LINES*PROD_W-1:0] multiple;
    always_ff @(posedge clk_i) if (fetch) x_q <= 32'($signed(u_block.x_q[j*ACT_W+:ACT_W]));
    for (genvar i = 0; i < LINES; i++) begin : gen_line
      assign multiple[i*PROD_W+:PROD_W] = PROD_W'(x_q * i);
      for (genvar b = 0; b < PROD_W; b++) begin : gen_bit
        always_comb if (clock_q == b + 1) lemma_line : assert (u_block.line[j*LINES+i] == multiple[i*PROD_W+b]);
      end
    end
  end

  // Multiples stand for products: x*q of any activation and any weight is one of them.
  always_comb begin
    if (clock_q == 1) begin
      products :
      assert ($signed(gen_row[0].multiple[32'(any_q)*PROD_W+:PROD_W]) == gen_row[0].x_q * $signed(32'(any_q)));
    end
  end

  for (genvar n = 0; n < N; n++) begin : gen_column
    logic signed [31:0] expected_q;
    logic signed [31:0] parts[SLICES+1], totals[SLICES+1];
    logic [SLICES-1:0] fine;

    for (genvar s = 0; s < SLICES; s++) begin : gen_slice
      logic signed [COL_W-1:0] col, col_expected_q;
      logic signed [31:0] sums[BIT_LINES+1];

      assign col     = u_block.gen_column[n].gen_slice[s].u_acc.sum_o;
      assign sums[0] = '0;
      for (genvar j = 0; j < BIT_LINES; j++) begin : gen_cell
        logic [W_BITS-1:0] q_q;
        logic signed [PROD_W-1:0] product;
        always_ff @(posedge clk_i) begin
          if (fetch) q_q <= via_q[(((32'(turn_q)*BIT_LINES+j)*SLICES+s)*N+n)*W_BITS+:W_BITS];
        end
        assign product   = gen_row[j].multiple[32'(q_q)*PROD_W+:PROD_W];
        assign sums[j+1] = sums[j] + 32'(product);
        for (genvar b = 0; b < PROD_W; b++) begin : gen_bit
          always_comb begin
            if (clock_q == b + 1) lemma_cell : assert (u_block.gen_column[n].gen_slice[s].bits[j] == product[b]);
          end
        end
      end

      always_ff @(posedge clk_i) if (clock_q == 1) col_expected_q <= col + COL_W'(sums[BIT_LINES]);
      for (genvar b = 1; b < PROD_W; b++) begin : gen_bit
        always_comb if (clock_q == b + 1) lemma_adder : assert (col[PROD_W-1-:b] == col_expected_q[b-1:0]);
      end
      assign parts[s+1] = parts[s] + (sums[BIT_LINES] <<< (s * W_BITS));
      assign totals[s+1] = totals[s] + (32'(col) <<< (s * W_BITS));
      assign fine[s] = u_block.gen_column[n].gen_slice[s].u_acc.carry_q == 0 && 32'(col) <= most && 32'(col) >= -most;
      always_comb if (finished) column : assert (col == col_expected_q);
    end

    assign parts[0]  = '0;
    assign totals[0] = '0;
    always_ff @(posedge clk_i) if (clock_q == 1) expected_q <= totals[SLICES] + parts[SLICES];
    always_comb begin
      if (clock_q == 1) begin
        assume (clear_q || &fine);
        cleared : assert (!clear_q || (&fine && totals[SLICES] == 0));
      end
      if (finished) begin
        sums : assert (sum[n*32+:32] == expected_q);
        range : assert (&fine);
        cover (32'(turn_q) == TURNS - 1 && $signed(sum[n*32+:32]) > SPAN / 2 * MOST / BIT_LINES);
        cover (turn_q == 0 && $signed(sum[n*32+:32]) < -MOST / 2);
      end
    end
  end
endmodule
