// SPDX-License-Identifier: Apache-2.0
// A KV SRAM seen at any one place (slot, position): it reads what was last written there, whatever else is written. So
// no two places share a word, and every place has one. What lies there is the word in its code.
module kv_sram_proof #(
  parameter int SLOTS     = 3,
  parameter int DEPTH     = 32,
  parameter int WIDTH     = 8,
  parameter int POSITIONS = 2
) (
  input logic                 clk_i,
  input logic                 we_i,
  input logic           [7:0] slot_i,
  input logic          [15:0] wpos_i,
  input logic     [WIDTH-1:0] wdata_i,
  input logic [POSITIONS-1:0] re_i,
  input logic          [15:0] rpos_i
);
  localparam int ROWS = (DEPTH + POSITIONS - 1) / POSITIONS;
  logic [POSITIONS*WIDTH-1:0] rdata;
  logic corrected, failed;

  kv_sram #(
    .SLOTS    (SLOTS),
    .DEPTH    (DEPTH),
    .WIDTH    (WIDTH),
    .POSITIONS(POSITIONS)
  ) u_sram (
    .clk_i,
    .we_i,
    .slot_i,
    .wpos_i,
    .wdata_i,
    .re_i,
    .rpos_i,
    .rdata_o    (rdata),
    .corrected_o(corrected),
    .failed_o   (failed)
  );

  // The extended Hamming code of a byte.
  localparam logic [WIDTH*4-1:0] NUMBERS = {4'd12, 4'd11, 4'd10, 4'd9, 4'd7, 4'd6, 4'd5, 4'd3};
  function automatic logic [WIDTH+4:0] encoded(input logic [WIDTH-1:0] data);
    logic [3:0] number;
    number = '0;
    for (int i = 0; i < WIDTH; i++) if (data[i]) number = number ^ NUMBERS[i*4+:4];
    encoded = {^{number, data}, number, data};
  endfunction

  // Symbolic: registers that keep whatever they start with.
  logic [7:0] slot_q;
  logic [15:0] pos_q;
  always_ff @(posedge clk_i) begin
    slot_q <= slot_q;
    pos_q  <= pos_q;
  end
  always_comb begin
    assume (slot_q < 8'(SLOTS) && pos_q < 16'(DEPTH));
    assume (32'(slot_i) < SLOTS && 32'(wpos_i) < DEPTH && 32'(rpos_i) < DEPTH && 32'(rpos_i) % POSITIONS == 0);
  end

  // Where in a read the place is, and what was read there last.
  logic [31:0] bank;
  assign bank = 32'(pos_q) % POSITIONS;

  logic written_q = 1'b0, asked_q = 1'b0, reading_q = 1'b0;
  logic [POSITIONS-1:0] re_q;  // in the clock before
  assign re_q = u_sram.re_q;
  logic [WIDTH-1:0] word_q, asked_word_q, read_q;
  always_ff @(posedge clk_i) begin
    if (we_i && slot_i == slot_q && wpos_i == pos_q) begin
      written_q <= 1'b1;
      word_q    <= wdata_i;
    end
    if (re_i[bank]) begin
      asked_q      <= written_q && slot_i == slot_q && 32'(rpos_i) + bank == 32'(pos_q);
      asked_word_q <= word_q;
    end
    if (re_q[bank]) begin
      reading_q <= asked_q;
      read_q    <= asked_word_q;
    end
  end

  // The flags are those of all banks; of one alone, when it alone was read.
  logic alone_q = 1'b0;
  always_ff @(posedge clk_i) alone_q <= re_q == POSITIONS'(1) << bank;

  for (genvar p = 0; p < POSITIONS; p++) begin : gen_bank
    logic [WIDTH+5:0] found;  // two parities, which bit is wrong, data
    assign found = u_sram.gen_bank[p].u_sram.found_q;
    always_comb begin
      if (written_q && bank == p)
        invariant : assert (u_sram.gen_bank[p].u_sram.mem[32'(slot_q)*ROWS+32'(pos_q)/POSITIONS] == encoded(word_q));
      if (asked_q && bank == p)
        on_its_way : assert (found[WIDTH-1:0] == asked_word_q && found[WIDTH+:4] == 0 && !(^found[WIDTH+4+:2]));
      if (reading_q && bank == p) read : assert (rdata[p*WIDTH+:WIDTH] == read_q);
    end
  end

  always_comb begin
    if (reading_q && alone_q) quiet : assert (!corrected && !failed);
    cover (reading_q && rdata[WIDTH-1:0] == 8'd5 && slot_q == 8'(SLOTS - 1) && 32'(pos_q) / POSITIONS == ROWS - 1);
  end
endmodule
