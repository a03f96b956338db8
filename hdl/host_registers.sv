// SPDX-License-Identifier: Apache-2.0
// The registers of host_registers.rdl: what an address is, what may be done with it, and those that are no slot's and no
// counter. An access is in two stages: what its address is | done, or refused. Every illegal one raises a flag of ERRORS and
// changes nothing.
`include "require.svh"
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
  input  logic                    clk_i,
  input  logic                    rst_i,
  input  logic                    write_i,
  input  logic             [15:0] write_addr_i,
  input  logic             [31:0] write_data_i,
  input  logic              [3:0] write_strb_i,
  output logic                    write_refused_o,
  input  logic                    read_i,
  input  logic             [15:0] read_addr_i,
  output logic             [31:0] read_data_o,
  output logic                    read_refused_o,
  output logic                    writing_o,         // a write is in its second stage
  // the slots' registers: addresses are those of slot 0
  output logic                    slot_write_o,
  output cartridge_pkg::slot_t    slot_write_slot_o,
  output logic             [15:0] slot_write_addr_o,
  output logic             [31:0] slot_write_data_o,
  input  logic                    slot_bad_value_i,
  input  logic                    slot_busy_i,
  input  logic                    slot_unknown_i,
  output cartridge_pkg::slot_t    slot_read_slot_o,
  output logic             [15:0] slot_read_addr_o,
  input  logic             [31:0] slot_read_data_i,
  input  logic                    answering_i,       // some slot is BUSY
  // the adapters: bank b is adapter b + 1
  output logic             [15:0] choosable_o,       // the adapters that slots may choose, a bit each
  output cartridge_pkg::adapter_t adapter_o,         // the adapter whose bank is written
  input  logic                    adapter_used_i,    // a slot that is not CLOSED has that adapter
  // the counters
  output logic                    counters_clear_o,
  output logic                    counter_read_o,
  output host_pkg::counter_t      counter_o,
  output logic                    counter_high_o,
  input  logic             [31:0] counter_data_i,
  // what goes wrong elsewhere, a clock each
  input  logic                    token_busy_i,
  input  logic                    token_unknown_i,
  input  logic                    bad_token_i,
  input  logic                    overlong_i,
  input  logic                    bad_frame_i,
  input  logic                    sram_corrected_i,
  input  logic                    sram_failed_i,
  input  logic                    stalled_i,
  input  logic                    stray_answer_i,
  input  logic                    parted_i,
  output logic             [31:0] window_o,          // of the watchdog, in clocks
  output logic                    restart_o,         // for a clock
  input  logic                    idle_i,            // no token anywhere on the die
  input  logic             [31:0] signature_i,
  output cartridge_pkg::layer_t   sig_layer_o, // the stream of which signature_i is
  output logic              [1:0] sig_array_o,
  output logic [cartridge_pkg::STOP_TOKENS*cartridge_pkg::TOKEN_W-1:0] stop_ids_o
);
  import cartridge_pkg::*;
  import host_pkg::*;

  `REQUIRE(slots_fit_the_map, 1 <= SLOTS && SLOTS <= SLOT_COUNT)
  `REQUIRE(adapters_fit_the_map, 0 <= ADAPTERS && ADAPTERS <= ADAPTER_BANK_COUNT)

  logic [ERRORS_W-1:0] errors_q, raised, clear;
  token_t stop_q[STOP_TOKENS];
  logic [15:0] choosable_q;
  logic [SIGNATURE_SELECT_W-1:0] signature_q;
  logic [31:0] window_q;

  // Whether this die has the register: of slots and banks only so many as it was built with.
  function automatic logic exists(input logic [15:0] first, input logic [7:0] which);
    exists = is_register(first) && (first != ADAPTER_BANK_ADDR || int'(which) < ADAPTERS) &&
        (first < SLOT_CTRL_ADDR || int'(which) < SLOTS);
  endfunction

  // ---- writes: all four bytes, or none
  logic write_q;
  logic [15:0] addr, addr_q;
  logic [7:0] element_q;
  logic [31:0] data_q;
  logic [3:0] strb_q;
  logic [31:0] writable_q;
  logic write_exists_q, whole_word, fits, write;
  logic illegal_write, read_only, partial_write, bad_value, stop_busy, bank_busy;

  assign addr = register_of(write_addr_i);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      write_q        <= 1'b0;
      addr_q         <= '0;
      element_q      <= '0;
      write_exists_q <= 1'b0;
      data_q         <= '0;
      writable_q     <= '0;
      strb_q         <= '0;
    end else begin
      write_q <= write_i;
      if (write_i) begin
        addr_q         <= addr;
        element_q      <= element_of(write_addr_i);
        write_exists_q <= exists(addr, element_of(write_addr_i));
        data_q         <= write_data_i;
        writable_q     <= writable_bits(addr);
        strb_q         <= write_strb_i;
      end
    end
  end

  assign writing_o  = write_q;
  assign whole_word = write_q && write_exists_q && writable_q != '0 && strb_q == '1;
  assign fits       = (data_q & ~writable_q) == '0 || addr_q == ERRORS_ADDR;
  assign write      = whole_word && fits;

  assign slot_write_o      = write && addr_q >= SLOT_CTRL_ADDR;
  assign slot_write_slot_o = element_q;
  assign slot_write_addr_o = addr_q;
  assign slot_write_data_o = data_q;
  assign adapter_o         = element_q[3:0] + 4'd1;

  assign illegal_write = write_q && !write_exists_q;
  assign read_only     = write_q && write_exists_q && writable_q == '0;
  assign partial_write = write_q && write_exists_q && writable_q != '0 && strb_q != '1 && strb_q != '0;
  assign bad_value     = (whole_word && !fits) || slot_bad_value_i;
  assign stop_busy     = write && addr_q == STOP_TOKEN_ADDR && answering_i;
  assign bank_busy     = write && addr_q == ADAPTER_BANK_ADDR && data_q[0] == BankEmpty && adapter_used_i;

  assign write_refused_o = illegal_write || read_only || partial_write || bad_value || stop_busy || bank_busy ||
                           slot_busy_i || slot_unknown_i;

  // ---- flags: all that goes wrong, here and elsewhere
  assign raised[ERRORS_ILLEGAL_ADDRESS]   = illegal_write || read_refused_o;
  assign raised[ERRORS_READ_ONLY]         = read_only;
  assign raised[ERRORS_PARTIAL_WRITE]     = partial_write;
  assign raised[ERRORS_BAD_VALUE]         = bad_value;
  assign raised[ERRORS_BUSY_SLOT]         = stop_busy || bank_busy || slot_busy_i || token_busy_i;
  assign raised[ERRORS_UNKNOWN_SLOT]      = slot_unknown_i || token_unknown_i;
  assign raised[ERRORS_BAD_TOKEN]         = bad_token_i;
  assign raised[ERRORS_OVERLONG]          = overlong_i;
  assign raised[ERRORS_BAD_ADAPTER_FRAME] = bad_frame_i;
  assign raised[ERRORS_SRAM_CORRECTED]    = sram_corrected_i;
  assign raised[ERRORS_SRAM_FAILED]       = sram_failed_i;
  assign raised[ERRORS_STALLED]           = stalled_i;
  assign raised[ERRORS_STRAY_ANSWER]      = stray_answer_i;
  assign raised[ERRORS_PARTED]            = parted_i;

  // ---- reads
  logic read_q;
  logic [15:0] read_addr, read_addr_q;
  logic [7:0] read_element_q;
  logic read_exists_q;

  assign read_addr = register_of(read_addr_i);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      read_q         <= 1'b0;
      read_addr_q    <= '0;
      read_element_q <= '0;
      read_exists_q  <= 1'b0;
    end else begin
      read_q <= read_i;
      if (read_i) begin
        read_addr_q    <= read_addr;
        read_element_q <= element_of(read_addr_i);
        read_exists_q  <= exists(read_addr, element_of(read_addr_i));
      end
    end
  end

  assign slot_read_slot_o = read_element_q;
  assign slot_read_addr_o = read_addr_q;
  assign counter_o        = counter_of(read_addr_q);
  assign counter_high_o   = is_upper_half(read_addr_q);
  assign counter_read_o   = read_q && is_counter(read_addr_q);
  assign read_refused_o   = read_q && !read_exists_q;

  always_comb begin
    case (read_addr_q)
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
      COUNTERS_CLEAR_ADDR, RESTART_ADDR: read_data_o = '0;
      WATCHDOG_ADDR: read_data_o = window_q;
      STOP_TOKEN_ADDR: read_data_o = 32'(stop_q[read_element_q[1:0]]);
      SIGNATURE_SELECT_ADDR: read_data_o = 32'(signature_q);
      SIGNATURE_ADDR: read_data_o = signature_i;
      ADAPTER_BANK_ADDR: read_data_o = {31'd0, choosable_q[read_element_q[3:0]+4'd1]};
      default: read_data_o = !read_exists_q ? '0 : read_addr_q >= SLOT_CTRL_ADDR ? slot_read_data_i : counter_data_i;
    endcase
  end

  // ---- state
  always_ff @(posedge clk_i) begin
    if (rst_i) {counters_clear_o, restart_o} <= '0;
    else begin
      counters_clear_o <= write && addr_q == COUNTERS_CLEAR_ADDR && data_q[0];
      restart_o        <= write && addr_q == RESTART_ADDR && data_q[0];
    end
  end

  assign clear       = write && addr_q == ERRORS_ADDR ? data_q[ERRORS_W-1:0] : '0;
  assign choosable_o = choosable_q;
  assign window_o    = window_q;
  assign sig_layer_o = signature_q[SIGNATURE_SELECT_LAYER+:8];
  assign sig_array_o = signature_q[SIGNATURE_SELECT_ARRAY+:2];
  for (genvar t = 0; t < STOP_TOKENS; t++) begin : gen_stop
    assign stop_ids_o[t*TOKEN_W+:TOKEN_W] = stop_q[t];
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      errors_q    <= '0;
      choosable_q <= 16'd1;  // no adapter is always there
      signature_q <= '0;
      window_q    <= '0;
      for (int unsigned t = 0; t < STOP_TOKENS; t++) stop_q[t] <= STOP_TOKEN_RESET[TOKEN_W-1:0];
    end else begin
      errors_q <= (errors_q & ~clear) | raised;
      if (write && addr_q == WATCHDOG_ADDR) window_q <= data_q;
      if (write && addr_q == SIGNATURE_SELECT_ADDR) signature_q <= data_q[SIGNATURE_SELECT_W-1:0];
      if (write && addr_q == STOP_TOKEN_ADDR && !stop_busy) stop_q[element_q[1:0]] <= data_q[TOKEN_W-1:0];
      if (write && addr_q == ADAPTER_BANK_ADDR && !bank_busy) choosable_q[adapter_o] <= data_q[0];
    end
  end
endmodule
