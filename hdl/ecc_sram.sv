// Memory of WORDS words that corrects any single flipped bit of a part and reports two: one write and one read port, a
// clock of latency. A word is stored in PARTS code words of at most 128 data bits.
//
// corrected_o and failed_o tell about the word that was read a clock ago, for that clock. A word that failed is given as
// it was found.
module ecc_sram #(
  parameter int WORDS = 64,
  parameter int WIDTH = 165
) (
  input  logic             clk_i,
  input  logic             we_i,
  input  logic      [31:0] waddr_i,
  input  logic [WIDTH-1:0] wdata_i,
  input  logic             re_i,
  input  logic      [31:0] raddr_i,
  output logic [WIDTH-1:0] rdata_o,
  output logic             corrected_o,
  output logic             failed_o
);
  import cartridge_pkg::*;

  localparam int PARTS  = (WIDTH + 127) / 128;
  localparam int PART   = (WIDTH + PARTS - 1) / PARTS;  // data bits of a code word
  localparam int CODE   = PART + ecc_bits(PART);
  localparam int PADDED = PARTS * PART;

  logic [PARTS*CODE-1:0] mem[WORDS];
  logic [PARTS*CODE-1:0] code, rcode_q;
  logic     [PADDED-1:0] wdata, rdata;
  logic      [PARTS-1:0] single, double;
  logic                  read_q;

  assign wdata       = PADDED'(wdata_i);
  assign rdata_o     = rdata[WIDTH-1:0];
  assign corrected_o = read_q && |single;
  assign failed_o    = read_q && |double;

  for (genvar p = 0; p < PARTS; p++) begin : gen_part
    secded_encode #(
      .WIDTH(PART)
    ) u_encode (
      .data_i(wdata[p*PART+:PART]),
      .code_o(code[p*CODE+:CODE])
    );

    secded_decode #(
      .WIDTH(PART)
    ) u_decode (
      .code_i  (rcode_q[p*CODE+:CODE]),
      .data_o  (rdata[p*PART+:PART]),
      .single_o(single[p]),
      .double_o(double[p])
    );
  end

  always_ff @(posedge clk_i) begin
    read_q <= re_i;
    if (we_i) mem[waddr_i] <= code;
    if (re_i) rcode_q <= mem[raddr_i];
  end
endmodule
