// SPDX-License-Identifier: Apache-2.0
// The slots' life and settings: opens and closes them, and lets those tokens through to the chip that it may see.
//
//   CLOSED -OPEN-> OPEN -first token-> PREFILL -last token-> BUSY -answer's end-> OPEN ... -CLOSE-> CLOSED
//
// A prompt is taken or dropped as a whole: after a token that is dropped, so is the rest, though the slot be free by then.
//
// A slot's state is the host's and is kept here: its life, its settings, where its next token goes. The sequencer keeps
// what is on its way: of each slot the prompt and the answer that the chip has, with the settings that came with them. It
// does not ask here, so that the chip runs, and is tested, without a host port. docs/host.md says where both must agree.
`include "require.svh"
module host_slots #(
  parameter int SLOTS = 2,
  parameter int DEPTH = 32,
  parameter int VOCAB = 256,
  parameter int TOP_K = 8
) (
  input  logic                    clk_i,
  input  logic                    rst_i,
  input  logic                    writing_i,        // any register is written, or that is refused: prompts wait
  // a write to a slot's register, and what is wrong with it; addresses are those of slot 0
  input  logic                    write_i,
  input  cartridge_pkg::slot_t    write_slot_i,
  input  logic             [15:0] write_addr_i,
  input  logic             [31:0] write_data_i,
  output logic                    bad_value_o,
  output logic                    busy_o,
  output logic                    unknown_o,
  input  cartridge_pkg::slot_t    read_slot_i,
  input  logic             [15:0] read_addr_i,
  output logic             [31:0] read_data_o,
  input  logic             [15:0] choosable_i,      // the adapters that slots may choose, a bit each; 0: none
  input  cartridge_pkg::adapter_t adapter_i,
  output logic                    adapter_used_o,   // a slot that is not CLOSED has that adapter
  output logic                    answering_o,      // some slot is BUSY
  // prompts
  input  logic                    valid_i,
  output logic                    ready_o,
  input  logic             [31:0] token_i,
  input  cartridge_pkg::slot_t    slot_i,
  input  logic                    last_i,
  // what becomes of a token, in the clock in which it is taken
  output logic                    taken_o,          // it got a place in the context
  output logic                    token_busy_o,     // it was dropped: its slot answers, or did when the prompt began
  output logic                    token_unknown_o,  // it was dropped: its slot is CLOSED or not there
  output logic                    bad_token_o,      // it was dropped: the vocabulary does not have it
  output logic                    overlong_o,       // the context has no place for it
  // to the chip
  output logic                    tok_valid_o,
  input  logic                    tok_ready_i,
  output cartridge_pkg::prompt_t  tok_prompt_o,
  output logic        [SLOTS-1:0] cut_o,            // the slot's answer ends with its next token
  // the watchdog: who answers, whose answer moves, and whose did not for too long
  output logic        [SLOTS-1:0] busy_slots_o,
  output logic        [SLOTS-1:0] moves_o,
  input  logic        [SLOTS-1:0] stalled_i,
  input  logic                    restart_i,        // the chip forgets what is in it
  input  logic                    restarting_i,     // and takes nothing
  // a dropped prompt that must be answered: token_i of slot_i at this position
  output logic                    refuse_valid_o,
  input  logic                    refuse_ready_i,
  output cartridge_pkg::pos_t     refuse_pos_o,
  // the chip's answers, as they pass
  input  logic                    answer_passes_i,
  input  cartridge_pkg::slot_t    answer_slot_i,
  input  cartridge_pkg::pos_t     answer_pos_i,
  input  cartridge_pkg::end_e     answer_reason_i,
  output logic                    answer_strays_o   // nobody waits for one at that position of that slot
);
  import cartridge_pkg::*;
  import host_pkg::*;

  `REQUIRE(a_slot_has_8_bits, 1 <= SLOTS && SLOTS <= 256)
  `REQUIRE(a_full_context_has_16_bits, 1 <= DEPTH && DEPTH <= 65535)
  `REQUIRE(a_token_has_24_bits, 1 <= VOCAB && VOCAB <= 1 << TOKEN_W)
  `REQUIRE(top_k_has_5_bits, 1 <= TOP_K && TOP_K <= 31)

  state_e state_q[SLOTS];
  logic fresh_q[SLOTS];  // the chip does not know where the next token goes
  logic drop_q[SLOTS];  // the rest of a prompt is dropped
  pos_t pos_q[SLOTS];  // of the next token; DEPTH: full
  pos_t safe_q[SLOTS];  // of the last answer: all before it is in the KV cache
  logic stalled_q[SLOTS];  // its answer did not move for a window of the watchdog
  adapter_t adapter_q[SLOTS];
  pos_t max_new_q[SLOTS];
  logic [4:0] top_k_q[SLOTS];
  logic [23:0] beta_q[SLOTS];
  logic [31:0] seed_q[SLOTS];
  logic cut_q[SLOTS];  // the answer must be cut

  // ---- registers
  state_e state, read_state;
  logic open, close, stop, setting, unfit, write;

  assign state      = state_q[write_slot_i];
  assign read_state = state_q[read_slot_i];
  assign open       = write_addr_i == SLOT_CTRL_ADDR && write_data_i[2:0] == CommandOpen;
  assign close      = write_addr_i == SLOT_CTRL_ADDR && write_data_i[2:0] == CommandClose;
  assign stop       = write_addr_i == SLOT_CTRL_ADDR && write_data_i[2:0] == CommandStop;
  assign setting    = write_addr_i != SLOT_CTRL_ADDR;

  assign unknown_o = write_i && (close || stop) && state == StateClosed;
  assign busy_o    = write_i && ((open && state != StateClosed) || (close && state == StateBusy) ||
                                 (setting && (state == StatePrefill || state == StateBusy)) ||
                                 (write_addr_i == SLOT_ADAPTER_ADDR && state == StateOpen));
  always_comb begin
    case (write_addr_i)
      SLOT_CTRL_ADDR:                    unfit = open ? !choosable_i[adapter_q[write_slot_i]] : !close && !stop;
      SLOT_ADAPTER_ADDR:                 unfit = !choosable_i[write_data_i[3:0]];
      SLOT_TOP_K_ADDR:                   unfit = write_data_i > TOP_K;
      SLOT_MAX_NEW_ADDR, SLOT_BETA_ADDR: unfit = write_data_i == '0;
      default:                           unfit = 1'b0;
    endcase
  end
  assign bad_value_o = write_i && !busy_o && unfit;
  assign write       = write_i && !busy_o && !unknown_o && !unfit;

  always_comb begin
    case (read_addr_i)
      SLOT_STATUS_ADDR:
      read_data_o = 32'(pos_q[read_slot_i]) << SLOT_STATUS_POSITION | 32'(read_state) << SLOT_STATUS_STATE |
          32'(stalled_q[read_slot_i]) << SLOT_STATUS_STALLED;
      SLOT_ADAPTER_ADDR: read_data_o = 32'(adapter_q[read_slot_i]);
      SLOT_MAX_NEW_ADDR: read_data_o = 32'(max_new_q[read_slot_i]);
      SLOT_TOP_K_ADDR: read_data_o = 32'(top_k_q[read_slot_i]);
      SLOT_BETA_ADDR: read_data_o = 32'(beta_q[read_slot_i]);
      SLOT_SEED_ADDR: read_data_o = seed_q[read_slot_i];
      default: read_data_o = '0;
    endcase
  end

  logic [SLOTS-1:0] uses, busy;

  for (genvar s = 0; s < SLOTS; s++) begin : gen_slot
    assign uses[s]  = state_q[s] != StateClosed && adapter_q[s] == adapter_i;
    assign busy[s]    = state_q[s] == StateBusy;
    assign moves_o[s] = answer_passes_i && 32'(answer_slot_i) == s;
    // Not before the chip has the prompt's last token.
    assign cut_o[s] = cut_q[s] && !(tok_valid_o && 32'(tok_prompt_o.slot) == s);
  end
  assign adapter_used_o = |uses;
  assign answer_strays_o = 32'(answer_slot_i) >= SLOTS || state_q[answer_slot_i] != StateBusy ||
                           answer_pos_i != pos_q[answer_slot_i];
  assign answering_o = |busy;
  assign busy_slots_o = busy;

  // ---- prompts. They wait in the clocks in which a register is written, so that a command and a token never meet.
  logic exists, drop, awaited, bad, pass, room, token_ready, fire;
  state_e token_state;
  sample_t sample;
  prompt_t offer;

  assign exists      = 32'(slot_i) < SLOTS;
  assign token_state = exists ? state_q[slot_i] : StateClosed;
  assign drop        = exists && drop_q[slot_i];
  assign awaited     = token_state == StatePrefill || (token_state == StateOpen && !drop);
  assign bad         = awaited && !drop && token_i >= VOCAB;
  assign pass        = awaited && !drop && !bad;
  assign room        = 32'(pos_q[slot_i]) < DEPTH;

  assign refuse_valid_o = valid_i && !writing_i && awaited && !pass && last_i;
  assign refuse_pos_o   = pos_q[slot_i];
  assign ready_o        = !writing_i && (pass ? token_ready : !(awaited && last_i) || refuse_ready_i);
  assign fire           = valid_i && ready_o;

  assign taken_o         = fire && pass && room;
  assign overlong_o      = fire && pass && !room;
  assign token_unknown_o = fire && token_state == StateClosed;
  assign token_busy_o    = fire && token_state != StateClosed && !awaited;
  assign bad_token_o     = fire && bad;

  assign sample.top_k  = top_k_q[slot_i];
  assign sample.beta   = beta_q[slot_i];
  assign sample.seed   = seed_q[slot_i];
  assign offer.slot    = slot_i;
  assign offer.token   = token_i[TOKEN_W-1:0];
  assign offer.first   = fresh_q[slot_i];
  assign offer.pos     = pos_q[slot_i];
  assign offer.last    = last_i;
  assign offer.max_new = max_new_q[slot_i];
  assign offer.adapter = adapter_q[slot_i];
  assign offer.sample  = sample;

  stream_fifo #(
    .DEPTH(1),
    .WIDTH($bits(prompt_t))
  ) u_token (
    .clk_i,
    .rst_i  (rst_i || restarting_i),
    .valid_i(valid_i && pass && !writing_i),
    .ready_o(token_ready),
    .data_i (offer),
    .valid_o(tok_valid_o),
    .ready_i(tok_ready_i),
    .data_o (tok_prompt_o)
  );

  // ---- state. A BUSY slot's changes with its answers, any other's with commands and tokens.
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      for (int unsigned s = 0; s < SLOTS; s++) begin
        state_q[s]   <= StateClosed;
        fresh_q[s]   <= 1'b0;
        drop_q[s]    <= 1'b0;
        pos_q[s]     <= '0;
        safe_q[s]    <= '0;
        stalled_q[s] <= 1'b0;
        adapter_q[s] <= '0;
        max_new_q[s] <= SLOT_MAX_NEW_RESET[15:0];
        top_k_q[s]   <= SLOT_TOP_K_RESET[4:0];
        beta_q[s]    <= SLOT_BETA_RESET[23:0];
        seed_q[s]    <= '0;
        cut_q[s]     <= 1'b0;
      end
    end else begin
      for (int unsigned s = 0; s < SLOTS; s++) begin
        if (cut_o[s]) cut_q[s] <= 1'b0;
        if (stalled_i[s]) stalled_q[s] <= 1'b1;
      end
      if (write && open) begin
        state_q[write_slot_i] <= StateOpen;
        fresh_q[write_slot_i] <= 1'b1;
        drop_q[write_slot_i]  <= 1'b0;
        pos_q[write_slot_i]   <= '0;
        safe_q[write_slot_i]  <= '0;
      end
      if (write && close) begin
        state_q[write_slot_i]   <= StateClosed;
        pos_q[write_slot_i]     <= '0;
        adapter_q[write_slot_i] <= '0;
        max_new_q[write_slot_i] <= SLOT_MAX_NEW_RESET[15:0];
        top_k_q[write_slot_i]   <= SLOT_TOP_K_RESET[4:0];
        beta_q[write_slot_i]    <= SLOT_BETA_RESET[23:0];
        seed_q[write_slot_i]    <= '0;
      end
      if (write && stop && state == StateBusy) cut_q[write_slot_i] <= 1'b1;
      if (write && write_addr_i == SLOT_ADAPTER_ADDR) adapter_q[write_slot_i] <= write_data_i[3:0];
      if (write && write_addr_i == SLOT_MAX_NEW_ADDR) max_new_q[write_slot_i] <= write_data_i[15:0];
      if (write && write_addr_i == SLOT_TOP_K_ADDR) top_k_q[write_slot_i] <= write_data_i[4:0];
      if (write && write_addr_i == SLOT_BETA_ADDR) beta_q[write_slot_i] <= write_data_i[23:0];
      if (write && write_addr_i == SLOT_SEED_ADDR) seed_q[write_slot_i] <= write_data_i;
      if (fire && token_state != StateClosed) begin
        drop_q[slot_i] <= !pass && !last_i;
        if (awaited) state_q[slot_i] <= !last_i ? StatePrefill : pass ? StateBusy : StateOpen;
      end
      if (taken_o) begin
        fresh_q[slot_i] <= 1'b0;
        pos_q[slot_i]   <= pos_q[slot_i] + 16'd1;
      end
      if (answer_passes_i) begin
        pos_q[answer_slot_i]     <= answer_pos_i + 16'(answer_reason_i == EndNone);
        safe_q[answer_slot_i]    <= answer_pos_i;
        stalled_q[answer_slot_i] <= 1'b0;
        if (answer_reason_i != EndNone) begin
          state_q[answer_slot_i] <= StateOpen;
          cut_q[answer_slot_i]   <= 1'b0;
        end
      end
      for (int unsigned s = 0; s < SLOTS; s++) begin
        if (restart_i && state_q[s] != StateClosed) begin
          state_q[s]   <= StateOpen;
          fresh_q[s]   <= 1'b1;
          drop_q[s]    <= drop_q[s] || state_q[s] == StatePrefill;
          pos_q[s]     <= safe_q[s];
          cut_q[s]     <= 1'b0;
          stalled_q[s] <= 1'b0;
        end
      end
    end
  end
endmodule
