// The registers of host_registers.rdl: what an address is, what may be done with it, and those that are no slot's and no
// counter. Every illegal access raises a flag of ERRORS, is answered as refused, and changes nothing.
module host_registers #(
  parameter int SLOTS    = 2,
  parameter int DEPTH    = 32,
  parameter int VOCAB    = 256,
  parameter int LAYERS   = 1,
  parameter int D_MODEL  = 32,
  parameter int RANK     = 8,
  parameter int ADAPTERS = 2,
  parameter int TOP_K    = 8
) (
  input  logic                                clk_i,
  input  logic                                rst_i,
  input  logic                                write_i,
  input  logic                         [15:0] write_addr_i,
  input  logic                         [31:0] write_data_i,
  input  logic                          [3:0] write_strb_i,
  output logic                                write_refused_o,
  input  logic                                read_i,
  input  logic                         [15:0] read_addr_i,
  output logic                         [31:0] read_data_o,
  output logic                                read_refused_o,
  // slots; addresses are those of slot 0, an adapter's number is its bank's and one
  output logic                                slot_write_o,
  output logic                          [7:0] slot_write_slot_o,
  output logic                         [15:0] slot_write_addr_o,
  input  logic                                slot_bad_value_i,
  input  logic                                slot_busy_i,
  input  logic                                slot_unknown_i,
  output logic                          [7:0] slot_read_slot_o,
  output logic                         [15:0] slot_read_addr_o,
  input  logic                         [31:0] slot_read_data_i,
  input  logic                                answering_i,
  output logic                         [15:0] chosen_o,           // adapters that may be chosen
  output logic                          [3:0] adapter_o,          // is this one
  input  logic                                used_i,             // a slot's?
  // counters
  output logic                                counters_clear_o,
  output logic                                counter_read_o,
  output logic                          [2:0] counter_o,
  output logic                                counter_high_o,
  input  logic                         [31:0] counter_data_i,
  // what else goes wrong, and the rest
  input  logic [host_pkg::ERRORS_SRAM_FAILED:0] errors_i,
  input  logic                                idle_i,
  output logic [4*cartridge_pkg::TOKEN_W-1:0] stop_ids_o
);
  import cartridge_pkg::*;
  import host_pkg::*;

  localparam int ERRORS_W = ERRORS_SRAM_FAILED + 1;

  logic [ERRORS_W-1:0] errors_q, wrong, clear;
  logic [TOKEN_W-1:0] stop_q[4];
  logic [15:0] chosen_q;

  // ---- writes: whole words, or none of the bytes
  logic [15:0] addr;
  logic  [7:0] at;
  logic [31:0] takes;
  logic        there, whole, fits, stop_busy, bank_busy, write;

  assign addr  = first(write_addr_i);
  assign at    = index(write_addr_i);
  assign takes = bits(addr);
  assign there = known(addr) && (addr != ADAPTER_BANK_ADDR || int'(at) < ADAPTERS) &&
                 (addr < SLOT_CTRL_ADDR || int'(at) < SLOTS);
  assign whole = write_i && there && takes != '0 && write_strb_i == '1;
  assign fits  = (write_data_i & ~takes) == '0 || addr == ERRORS_ADDR;
  assign write = whole && fits;

  assign stop_busy = write && addr == STOP_TOKEN_ADDR && answering_i;
  assign bank_busy = write && addr == ADAPTER_BANK_ADDR && write_data_i[0] == BankEmpty && used_i;
  assign adapter_o = at[3:0] + 4'd1;

  assign slot_write_o      = write && addr >= SLOT_CTRL_ADDR;
  assign slot_write_slot_o = at;
  assign slot_write_addr_o = addr;
  assign counters_clear_o  = write && addr == COUNTERS_CLEAR_ADDR && write_data_i[0];

  assign wrong[ERRORS_ILLEGAL_ADDRESS]   = write_i && !there;
  assign wrong[ERRORS_READ_ONLY]         = write_i && there && takes == '0;
  assign wrong[ERRORS_PARTIAL_WRITE]     = write_i && there && takes != '0 && write_strb_i != '1 && write_strb_i != '0;
  assign wrong[ERRORS_BAD_VALUE]         = (whole && !fits) || slot_bad_value_i;
  assign wrong[ERRORS_BUSY_SLOT]         = stop_busy || bank_busy || slot_busy_i;
  assign wrong[ERRORS_UNKNOWN_SLOT]      = slot_unknown_i;
  assign wrong[ERRORS_BAD_TOKEN]         = 1'b0;
  assign wrong[ERRORS_OVERLONG]          = 1'b0;
  assign wrong[ERRORS_BAD_ADAPTER_FRAME] = 1'b0;
  assign wrong[ERRORS_SRAM_CORRECTED]    = 1'b0;
  assign wrong[ERRORS_SRAM_FAILED]       = 1'b0;
  assign write_refused_o = wrong != '0;

  // ---- reads
  logic [15:0] read_addr;
  logic  [7:0] read_at;
  logic        read_there;

  assign read_addr  = first(read_addr_i);
  assign read_at    = index(read_addr_i);
  assign read_there = known(read_addr) && (read_addr != ADAPTER_BANK_ADDR || int'(read_at) < ADAPTERS) &&
                      (read_addr < SLOT_CTRL_ADDR || int'(read_at) < SLOTS);

  assign slot_read_slot_o = read_at;
  assign slot_read_addr_o = read_addr;
  assign counter_o        = 3'((read_addr - CYCLES_LO_ADDR) >> 3);
  assign counter_high_o   = read_addr[2];
  assign counter_read_o   = read_i && read_addr >= CYCLES_LO_ADDR && read_addr <= ADAPTER_WORDS_HI_ADDR;
  assign read_refused_o   = read_i && !read_there;

  always_comb begin
    case (read_addr)
      ID_ADDR: read_data_o = ID_RESET;
      VERSION_ADDR: read_data_o = VERSION_RESET;
      LAYERS_ADDR: read_data_o = LAYERS;
      VOCAB_ADDR: read_data_o = VOCAB;
      SLOTS_ADDR: read_data_o = SLOTS;
      DEPTH_ADDR: read_data_o = DEPTH;
      ADAPTERS_ADDR: read_data_o = ADAPTERS;
      RANK_ADDR: read_data_o = RANK;
      TOP_K_ADDR: read_data_o = TOP_K;
      D_MODEL_ADDR: read_data_o = D_MODEL;
      LANES_ADDR: read_data_o = LANES;
      STATUS_ADDR: read_data_o = {31'd0, idle_i};
      ERRORS_ADDR: read_data_o = 32'(errors_q);
      COUNTERS_CLEAR_ADDR: read_data_o = '0;
      STOP_TOKEN_ADDR: read_data_o = 32'(stop_ids_o[read_at[1:0]*TOKEN_W+:TOKEN_W]);
      ADAPTER_BANK_ADDR: read_data_o = {31'd0, chosen_q[read_at[3:0]+4'd1]};
      default: read_data_o = !read_there ? '0 : read_addr >= SLOT_CTRL_ADDR ? slot_read_data_i : counter_data_i;
    endcase
  end

  // ---- state
  assign clear      = write && addr == ERRORS_ADDR ? write_data_i[ERRORS_W-1:0] : '0;
  assign chosen_o   = chosen_q;
  assign stop_ids_o = {stop_q[3], stop_q[2], stop_q[1], stop_q[0]};

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      errors_q <= '0;
      chosen_q <= 16'd1;  // no adapter is always there
      for (int unsigned t = 0; t < 4; t++) stop_q[t] <= STOP_TOKEN_RESET[TOKEN_W-1:0];
    end else begin
      errors_q <= (errors_q & ~clear) | wrong | errors_i | (ERRORS_W'(read_refused_o) << ERRORS_ILLEGAL_ADDRESS);
      if (write && addr == STOP_TOKEN_ADDR && !stop_busy) stop_q[at[1:0]] <= write_data_i[TOKEN_W-1:0];
      if (write && addr == ADAPTER_BANK_ADDR && !bank_busy) chosen_q[adapter_o] <= write_data_i[0];
    end
  end
endmodule
