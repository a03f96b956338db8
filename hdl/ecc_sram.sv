// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Memory of WORDS words that corrects any single flipped bit of a part and reports two: one write and one read port. A word
// that is asked for is there two clocks later, in stages:
//
//   read, which bit of a part is wrong | that one corrected
//
// A word is stored in PARTS code words {parity, check bits, data} of the extended Hamming code (Hamming, "Error
// detecting and error correcting codes", 1950), of at most 128 data bits. Data bit i stands for the (i+1)-th number that
// is no power of two; check bit j is the parity of the data bits whose numbers have bit j.
//
// corrected_o and failed_o tell about the word on rdata_o, for the first clock in which it is there. Of a word that failed,
// the part is given as it was found.
module ecc_sram #(
  parameter int WORDS = 64,
  parameter int WIDTH = 165
) (
  input  logic                                   clk_i,
  input  logic                                   we_i,
  input  logic [cartridge_pkg::idx_w(WORDS)-1:0] waddr_i,
  input  logic                       [WIDTH-1:0] wdata_i,
  input  logic                             [1:0] re_i,         // of the stages: see stream_pipe
  input  logic [cartridge_pkg::idx_w(WORDS)-1:0] raddr_i,
  output logic                       [WIDTH-1:0] rdata_o,
  output logic                                   corrected_o,
  output logic                                   failed_o
);
  import cartridge_pkg::*;

  `REQUIRE(words_are_some, WORDS >= 1)

  localparam int PARTS = (WIDTH + 127) / 128;
  localparam int PART = (WIDTH + PARTS - 1) / PARTS;  // data bits of a code word
  localparam int CHECKS = check_bits(PART);
  localparam int CODE = PART + CHECKS + 1;
  localparam int PADDED = PARTS * PART;
  localparam logic [CHECKS*PART-1:0] MASKS = masks();  // for each check bit, the data bits in its parity

  function automatic logic [CHECKS*PART-1:0] masks();
    int powers;  // of two below the number
    powers = 2;
    for (int i = 0; i < PART; i++) begin
      if ((1 << powers) - powers - 1 <= i) powers = powers + 1;
      for (int j = 0; j < CHECKS; j++) masks[j*PART+i] = 1'((i + 1 + powers) >>> j);
    end
  endfunction

  function automatic logic [CHECKS-1:0] checks(input logic [PART-1:0] data);
    for (int j = 0; j < CHECKS; j++) checks[j] = ^(data & MASKS[j*PART+:PART]);
  endfunction

  // The parity of data and check bits, from the data alone: a data bit is in it, and in as many checks as its number has.
  function automatic logic [PART-1:0] in_parity();
    in_parity = '1;
    for (int j = 0; j < CHECKS; j++) in_parity = in_parity ^ MASKS[j*PART+:PART];
  endfunction
  localparam logic [PART-1:0] IN_PARITY = in_parity();

  function automatic logic [CODE-1:0] encoded(input logic [PART-1:0] data);
    // verilator no_inline_task
    encoded = {^(data & IN_PARITY), checks(data), data};
  endfunction

  // {parities of both halves, which together are even, the number of the wrong bit, data}; a power of two is the number of that
  // check bit itself.
  function automatic logic [CODE:0] found(input logic [CODE-1:0] word);
    // verilator no_inline_task
    found = {^word[CODE-1:CODE/2], ^word[CODE/2-1:0], checks(word[PART-1:0]) ^ word[PART+:CHECKS], word[PART-1:0]};
  endfunction

  function automatic logic [CHECKS-1:0] number_of(input int unsigned data_bit);
    for (int j = 0; j < CHECKS; j++) number_of[j] = MASKS[j*PART+data_bit];
  endfunction
  localparam logic [CHECKS-1:0] LAST = number_of(PART - 1);  // no bit has a higher number

  // {failed, corrected, data}
  function automatic logic [PART+1:0] decoded(input logic odd, input logic [CHECKS-1:0] number,
                                              input logic [PART-1:0] data);
    // verilator no_inline_task
    decoded = {!odd && number != 0, odd, data};
    if (odd) begin
      for (int unsigned i = 0; i < PART; i++) decoded[i] = data[i] ^ (number == number_of(i));
      if (number > LAST) decoded[PART+1:PART] = 2'b10;
    end
  endfunction

  logic [PARTS*CODE-1:0] mem[WORDS];
  logic [PARTS*CODE-1:0] code, read;
  logic [PARTS*(CODE+1)-1:0] found_q;
  logic [PADDED-1:0] wdata, rdata, rdata_q;
  logic [PARTS-1:0] one, two;
  logic corrected_q, failed_q;

  assign wdata       = PADDED'(wdata_i);
  assign rdata_o     = rdata_q[WIDTH-1:0];
  assign corrected_o = corrected_q;
  assign failed_o    = failed_q;

  always @(posedge clk_i) begin
    if (we_i) begin
      for (int unsigned p = 0; p < PARTS; p++) code[p*CODE+:CODE] = encoded(wdata[p*PART+:PART]);
      mem[waddr_i] <= code;
    end
  end

  always @(posedge clk_i) begin
    one = '0;
    two = '0;
    if (re_i[1]) begin
      for (int unsigned p = 0; p < PARTS; p++) begin
        {two[p], one[p], rdata[p*PART+:PART]} =
            decoded(^found_q[p*(CODE+1)+CODE-1+:2], found_q[p*(CODE+1)+PART+:CHECKS], found_q[p*(CODE+1)+:PART]);
      end
      rdata_q <= rdata;  // who reads a word may have asked for the next
    end
    corrected_q <= |one;
    failed_q    <= |two;
    if (re_i[0]) begin
      read = mem[raddr_i];
      for (int unsigned p = 0; p < PARTS; p++) found_q[p*(CODE+1)+:CODE+1] <= found(read[p*CODE+:CODE]);
    end
  end
endmodule
