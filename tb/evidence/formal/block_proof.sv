// SPDX-License-Identifier: Apache-2.0
// One turn of a block in its gate view against what the ROM view adds for it, sum += (x << s*W_BITS) * q: any vias, any
// activations, any turn, from any sums that the turns before can have left, or from nothing in the first turn of a pass:
// step and base of an induction over turns. A product comes with half of its range, 2^(PROD_W-1), so that after the last
// turn of a pass a column has half of its own; what is held then stays.
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
  localparam int COL_W = PROD_W + $clog2(SPAN);
  localparam int LINES = 1 << W_BITS;
  localparam int TURNS = BLOCK / BIT_LINES;
  localparam int ROWS_W = cartridge_pkg::idx_w(TURNS);
  localparam int PASS_TURNS = SPAN / BIT_LINES;
  localparam int HALF = BIT_LINES * (1 << (PROD_W - 1));  // that a turn adds to a column beside its products
  localparam int MOST = BIT_LINES * (LINES - 1) * (1 << (ACT_W - 1));  // magnitude of what its products add

  // Symbolic: registers that keep whatever they start with.
  logic [BLOCK*SLICES*N*W_BITS-1:0] via_q;
  logic [ROWS_W-1:0] turn_q;
  logic [W_BITS-1:0] any_q;
  logic hold_q;
  always_ff @(posedge clk_i) begin
    any_q  <= any_q;
    hold_q <= hold_q;
    via_q  <= via_q;
    turn_q <= turn_q;
  end
  always_comb assume (32'(turn_q) < TURNS);

  logic [5:0] clock_q = '0;
  logic fetch, run, last, finished;
  always_ff @(posedge clk_i) clock_q <= clock_q + 6'd1;
  assign fetch    = clock_q == 0;
  assign run      = clock_q >= 1 && clock_q <= PROD_W;
  assign last     = clock_q == PROD_W;
  assign finished = clock_q == PROD_W + 1;  // the accumulators add the last bits

  logic [N*SLICES*COL_W-1:0] sum;

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
    .fetch_i (fetch),
    .turn_i  (fetch ? turn_q : '0),            // needed at the fetch only
    .run_i   (run),
    .fresh_i (32'(turn_q) % PASS_TURNS == 0),
    .last_i  (last),
    .hold_i  (last && hold_q),
    .via_i   (via_q),
    .sum_o   (sum)
  );

  logic [31:0] turns;  // of the pass, before this one
  assign turns = 32'(turn_q) % PASS_TURNS;

  for (genvar j = 0; j < BIT_LINES; j++) begin : gen_row
    logic signed [31:0] x_q;
    logic [LINES*PROD_W-1:0] multiple;
    always_ff @(posedge clk_i) if (fetch) x_q <= 32'($signed(u_block.x_q[j*ACT_W+:ACT_W]));
    for (genvar i = 0; i < LINES; i++) begin : gen_line
      assign multiple[i*PROD_W+:PROD_W] = PROD_W'(x_q * i);
      for (genvar b = 0; b < PROD_W; b++) begin : gen_bit
        always_comb
          if (clock_q == b + 1)
            lemma_line : assert (u_block.line[j*LINES+i] == (multiple[i*PROD_W+b] ^ (b == PROD_W - 1)));
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
    for (genvar s = 0; s < SLICES; s++) begin : gen_slice
      localparam int LOW = (n * SLICES + s) * COL_W;
      logic [31:0] earlier, col, expected_q;
      logic signed [31:0] sums[BIT_LINES+1], signed_earlier, signed_col;
      logic [COL_W-1:0] held_q;

      // What the turns before have left, from the second bit's clock on, when nothing of them is on its way.
      if (PASS_TURNS == 1) begin : gen_turn
        assign earlier = '0;
      end else begin : gen_turns
        assign earlier = (turns == 0) ? '0 : 32'({
          u_block.gen_column[n].gen_slice[s].u_acc.gen_turns.high_q,
          u_block.gen_column[n].gen_slice[s].u_acc.low_q,
          u_block.gen_column[n].gen_slice[s].u_acc.gen_turns.lowest_q
        });
      end
      assign col            = 32'(u_block.gen_column[n].gen_slice[s].sum);
      assign signed_earlier = $signed(earlier - turns * HALF);
      assign signed_col     = $signed(col - (turns + 1) * HALF);
      assign sums[0]        = '0;
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
            if (clock_q == b + 1) begin
              lemma_cell : assert (u_block.gen_column[n].gen_slice[s].bits[j] == (product[b] ^ (b == PROD_W - 1)));
            end
          end
        end
      end

      always_ff @(posedge clk_i) begin
        if (clock_q == 2) expected_q <= earlier + sums[BIT_LINES] + HALF;
        held_q <= sum[LOW+:COL_W];
      end
      for (genvar b = 1; b < PROD_W; b++) begin : gen_bit
        always_comb begin
          if (clock_q == b + 2) begin
            lemma_adder : assert (u_block.gen_column[n].gen_slice[s].u_acc.low_q[PROD_W-1-:b] == expected_q[b-1:0]);
          end
        end
      end
      always_comb begin
        if (clock_q == 2) begin
          assume (signed_earlier <= $signed(turns) * MOST && signed_earlier >= -$signed(turns) * MOST);
        end
        if (finished) begin
          column : assert (col == expected_q);
          range : assert (signed_col <= $signed(turns + 1) * MOST && signed_col >= -$signed(turns + 1) * MOST);
          cover (32'(turn_q) == TURNS - 1 && signed_col > SPAN / 2 * MOST / BIT_LINES);
          cover (turn_q == 0 && signed_col < -MOST / 2);
        end
        if (clock_q == PROD_W + 2) begin
          held : assert (sum[LOW+:COL_W] == (hold_q ? COL_W'(expected_q) : held_q));
        end
      end
    end
  end
endmodule
