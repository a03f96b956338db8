// SPDX-License-Identifier: Apache-2.0
// N sums side by side, of COUNT signed numbers each: three become one in a stage. Sums of few numbers take one too.
module sum_tree #(
  parameter int COUNT = 32,
  parameter int W     = 20,
  parameter int N     = 1,
  parameter int OUT_W = 25,  // no sum is wider
  parameter bit APART = 0    // the numbers of a sum are N apart, not side by side
) (
  input  logic                                        clk_i,
  input  logic [cartridge_pkg::threes(COUNT)-1:0] en_i,  // of the stages: see stream_pipe
  input  logic                        [COUNT*N*W-1:0] x_i,
  output logic                          [N*OUT_W-1:0] sum_o
);
  import cartridge_pkg::*;

  localparam int LEVELS = threes(COUNT);
  localparam int NODES = first(LEVELS);

  // Level k of the tree, the root being level 0, has its nodes from this number on,
  function automatic int first(input int level);
    first = (3 ** level - 1) / 2;
  endfunction

  // and so many of them.
  function automatic int used(input int level);
    used = (COUNT - 1) / 3 ** (LEVELS - level) + 1;
  endfunction

  logic signed [OUT_W-1:0] node_q[NODES][N];

  function automatic logic signed [OUT_W-1:0] child(input int level, input int number, input int unsigned n);
    child = '0;
    if (number < used(level)) begin
      if (level == LEVELS) child = OUT_W'($signed(x_i[(APART?32'(number)*N+n : n*COUNT+32'(number))*W+:W]));
      else child = node_q[first(level)+number][n];
    end
  endfunction

  // A level of full adders, and one sum.
  function automatic logic signed [OUT_W-1:0] of_three(
      input logic signed [OUT_W-1:0] a, input logic signed [OUT_W-1:0] b, input logic signed [OUT_W-1:0] c);
    of_three = (a ^ b ^ c) + (((a & b) | (c & (a ^ b))) << 1);
  endfunction

  // A sum at this level has no more bits: above are those of its sign.
  function automatic logic signed [OUT_W-1:0] extended(input int level, input logic signed [OUT_W-1:0] x);
    int spare;
    spare = OUT_W - W - 2 * (LEVELS - level);
    extended = (spare > 0) ? (x <<< spare) >>> spare : x;
  endfunction

  // Each stage takes what the one ahead of it left in the clock before: the last is the first to move.
  always @(posedge clk_i) begin
    for (int k = 0; k < LEVELS; k++) begin
      if (en_i[LEVELS-1-k]) begin
        for (int i = 0; i < used(k); i++) begin
          // verilator unroll_disable
          for (int unsigned n = 0; n < N; n++) begin
            node_q[first(k)+i][n] =
                extended(k, of_three(child(k + 1, 3 * i, n), child(k + 1, 3 * i + 1, n), child(k + 1, 3 * i + 2, n)));
          end
        end
      end
    end
  end

  always_comb begin
    for (int unsigned n = 0; n < N; n++) sum_o[n*OUT_W+:OUT_W] = node_q[0][n];
  end
endmodule
