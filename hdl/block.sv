// BLOCK rows by N columns of weight cells with one product generator, and a serial accumulator a column. The rows
// take turns: row_i is on the word line while its product runs through the lines, PROD_W clocks a row.
// SLICES cells side by side make a wider weight: slice s weighs 2^(s*W_BITS).
module block #(
  parameter int VIEW   = cartridge_pkg::VIEW_GATE,
  parameter int BLOCK  = 32,
  parameter int N      = 32,
  parameter int SLICES = 1,
  parameter int W_BITS = 4,
  parameter int ACT_W  = 12,
  parameter int SUM_W  = 32
) (
  input  logic                             clk_i,
  input  logic                             rst_i,
  // activations: one group of 32 mantissas at a time
  input  logic                             load_i,
  input  logic [$clog2(BLOCK/32+1)-1:0]    load_group_i,
  input  logic [cartridge_pkg::GROUP*ACT_W-1:0] load_x_i,
  // row sequencing, common to all blocks of a matrix
  input  logic                             clear_i,  // sums to zero
  input  logic                             fetch_i,  // row_i enters the product generator and is on the word line next
  input  logic                             run_i,    // a product bit is on the lines
  input  logic                             last_i,   // it is the last
  input  logic [$clog2(BLOCK)-1:0]         row_i,
  // mask: via of row r, slice s, column c at ((r*SLICES + s)*N + c)*W_BITS
  input  logic [BLOCK*SLICES*N*W_BITS-1:0] via_i,
  output logic [N*SUM_W-1:0]               sum_o
);
  import cartridge_pkg::*;

  localparam int PROD_W = ACT_W + W_BITS;
  localparam int HIGH_W = 6;  // 32 products add five bits; one more holds the carry before the sign settles

  logic [BLOCK*ACT_W-1:0]   x_q;
  logic [(1<<W_BITS)-1:0]   line;
  logic [BLOCK-1:0]         word;
  logic [SLICES*N-1:0]      bit_line;
  logic signed [PROD_W+HIGH_W-1:0] col[SLICES*N];

  always_ff @(posedge clk_i) begin
    if (rst_i) x_q <= '0;
    else if (load_i) x_q[32'(load_group_i)*GROUP*ACT_W+:GROUP*ACT_W] <= load_x_i;
  end

  product_lines #(
    .ACT_W (ACT_W),
    .W_BITS(W_BITS)
  ) u_lines (
    .clk_i,
    .rst_i,
    .load_i(fetch_i),
    .x_i   (x_q[32'(row_i)*ACT_W+:ACT_W]),
    .line_o(line)
  );

  // The next row is fetched while the last bit of this one is on the lines: the word line keeps its own row.
  logic [$clog2(BLOCK)-1:0] word_row_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) word_row_q <= '0;
    else if (fetch_i) word_row_q <= row_i;
  end
  assign word = run_i ? BLOCK'(1) << word_row_q : '0;

  if (VIEW == VIEW_SWITCH) begin : gen_switch
    cell_array_switch #(
      .ROWS  (BLOCK),
      .N     (SLICES * N),
      .W_BITS(W_BITS)
    ) u_cells (
      .line_i(line),
      .word_i(word),
      .via_i,
      .bit_o (bit_line)
    );
  end else begin : gen_gate
    cell_array_gate #(
      .ROWS  (BLOCK),
      .N     (SLICES * N),
      .W_BITS(W_BITS)
    ) u_cells (
      .line_i(line),
      .word_i(word),
      .via_i,
      .bit_o (bit_line)
    );
  end

  for (genvar c = 0; c < SLICES * N; c++) begin : gen_acc
    serial_accumulator #(
      .PROD_W(PROD_W),
      .HIGH_W(HIGH_W)
    ) u_acc (
      .clk_i,
      .clear_i(clear_i),
      .en_i   (run_i),
      .last_i,
      .bit_i  (bit_line[c]),
      .sum_o  (col[c])
    );
  end

  for (genvar c = 0; c < N; c++) begin : gen_sum
    if (SLICES == 1) begin : gen_one
      assign sum_o[c*SUM_W+:SUM_W] = SUM_W'(col[c]);
    end else begin : gen_two
      assign sum_o[c*SUM_W+:SUM_W] = SUM_W'(col[c]) + (SUM_W'(col[N+c]) <<< W_BITS);
    end
  end
endmodule
