// One KV head's keys or values of all slots: a word a (slot, position), written once, read with one clock of latency.
module kv_sram #(
  parameter int SLOTS = 2,
  parameter int DEPTH = 32,  // positions a slot
  parameter int WIDTH = 165
) (
  input  logic             clk_i,
  input  logic             we_i,
  input  logic [      7:0] slot_i,
  input  logic [     15:0] wpos_i,
  input  logic [WIDTH-1:0] wdata_i,
  input  logic             re_i,
  input  logic [     15:0] rpos_i,
  output logic [WIDTH-1:0] rdata_o,
  output logic             corrected_o,
  output logic             failed_o
);
  ecc_sram #(
    .WORDS(SLOTS * DEPTH),
    .WIDTH(WIDTH)
  ) u_sram (
    .clk_i,
    .we_i,
    .waddr_i(32'(slot_i) * DEPTH + 32'(wpos_i)),
    .wdata_i,
    .re_i,
    .raddr_i(32'(slot_i) * DEPTH + 32'(rpos_i)),
    .rdata_o,
    .corrected_o,
    .failed_o
  );
endmodule
