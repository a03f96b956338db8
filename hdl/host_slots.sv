// The slots' life and settings: opens and closes them, and lets those tokens through to the core that it may see.
//
//   CLOSED -OPEN-> OPEN -first token-> PREFILL -last token-> BUSY -answer's end-> OPEN ... -CLOSE-> CLOSED
//
// A prompt is taken or dropped as a whole: after a token that is dropped, so is the rest, though the slot be free by then.
module host_slots #(
  parameter int SLOTS = 2,
  parameter int DEPTH = 32,
  parameter int VOCAB = 256,
  parameter int TOP_K = 8
) (
  input  logic                               clk_i,
  input  logic                               rst_i,
  // a write to a slot's register, and what is wrong with it; addresses are those of slot 0
  input  logic                               write_i,
  input  logic                         [7:0] write_slot_i,
  input  logic                        [15:0] write_addr_i,
  input  logic                        [31:0] write_data_i,
  output logic                               bad_value_o,
  output logic                               busy_o,
  output logic                               unknown_o,
  input  logic                         [7:0] read_slot_i,
  input  logic                        [15:0] read_addr_i,
  output logic                        [31:0] read_data_o,
  // adapters that may be chosen (0: none), and whether a slot has this one
  input  logic                        [15:0] chosen_i,
  input  logic                         [3:0] adapter_i,
  output logic                               used_o,
  output logic                               answering_o,        // some slot is BUSY
  // prompts
  input  logic                               valid_i,
  output logic                               ready_o,
  input  logic                        [31:0] token_i,
  input  logic                         [7:0] slot_i,
  input  logic                               last_i,
  output logic                               taken_o,            // a token has got a place in the context
  output logic                               token_busy_o,       // or was dropped for this reason
  output logic                               token_unknown_o,
  output logic                               bad_token_o,
  output logic                               overlong_o,
  // to the core
  output logic                               tok_valid_o,
  input  logic                               tok_ready_i,
  output logic                         [7:0] tok_slot_o,
  output logic  [cartridge_pkg::TOKEN_W-1:0] tok_id_o,
  output logic                               tok_first_o,
  output logic                               tok_last_o,
  output logic                        [15:0] tok_max_new_o,
  output logic                         [3:0] tok_adapter_o,
  output logic                        [60:0] tok_sample_o,       // sample_t
  output logic                   [SLOTS-1:0] cut_o,
  // a dropped prompt that must be answered: token_i of slot_i at this position
  output logic                               refuse_valid_o,
  input  logic                               refuse_ready_i,
  output logic                        [15:0] refuse_pos_o,
  // an answer of the core passes
  input  logic                               answer_i,
  input  logic                         [7:0] answer_slot_i,
  input  logic                        [15:0] answer_pos_i,
  input  logic                         [1:0] answer_end_i
);
  import cartridge_pkg::*;
  import host_pkg::*;

  logic [1:0] state_q[SLOTS];
  logic fresh_q[SLOTS];  // the next token is at position 0
  logic drop_q[SLOTS];  // the rest of a prompt is dropped
  logic [16:0] pos_q[SLOTS];  // of the next token; DEPTH: full
  logic [3:0] adapter_q[SLOTS];
  logic [15:0] max_new_q[SLOTS];
  logic [4:0] top_k_q[SLOTS];
  logic [23:0] beta_q[SLOTS];
  logic [31:0] seed_q[SLOTS];
  logic cut_q[SLOTS];  // the answer must be cut

  // ---- registers
  logic [1:0] state, read_state;
  logic open, close, stop, setting, unfit, write;

  assign state      = state_q[write_slot_i];
  assign read_state = state_q[read_slot_i];
  assign open    = write_addr_i == SLOT_CTRL_ADDR && write_data_i[2:0] == CommandOpen;
  assign close   = write_addr_i == SLOT_CTRL_ADDR && write_data_i[2:0] == CommandClose;
  assign stop    = write_addr_i == SLOT_CTRL_ADDR && write_data_i[2:0] == CommandStop;
  assign setting = write_addr_i != SLOT_CTRL_ADDR;

  assign unknown_o = write_i && (close || stop) && state == StateClosed;
  assign busy_o    = write_i && ((open && state != StateClosed) || (close && state == StateBusy) ||
                                 (setting && (state == StatePrefill || state == StateBusy)) ||
                                 (write_addr_i == SLOT_ADAPTER_ADDR && state == StateOpen));
  always_comb begin
    case (write_addr_i)
      SLOT_CTRL_ADDR: unfit = open ? !chosen_i[adapter_q[write_slot_i]] : !close && !stop;
      SLOT_ADAPTER_ADDR: unfit = !chosen_i[write_data_i[3:0]];
      SLOT_TOP_K_ADDR: unfit = write_data_i > TOP_K;
      SLOT_SEED_ADDR: unfit = 1'b0;
      default: unfit = write_data_i == '0;
    endcase
  end
  assign bad_value_o = write_i && !busy_o && unfit;
  assign write       = write_i && !busy_o && !unknown_o && !unfit;

  always_comb begin
    case (read_addr_i)
      SLOT_STATUS_ADDR: read_data_o = {7'd0, pos_q[read_slot_i], 6'd0, read_state};
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
    assign uses[s] = state_q[s] != StateClosed && adapter_q[s] == adapter_i;
    assign busy[s] = state_q[s] == StateBusy;
    // Not before the core has the prompt's last token.
    assign cut_o[s] = cut_q[s] && !(tok_valid_o && 32'(tok_slot_o) == s);
  end
  assign used_o      = |uses;
  assign answering_o = |busy;

  // ---- prompts. They wait in the clocks in which a register is written, so that a command and a token never meet.
  logic there, drop, mine, bad, pass, room, tok_ready, fire;
  logic [1:0] tok_state;

  assign there     = 32'(slot_i) < SLOTS;
  assign tok_state = there ? state_q[slot_i] : StateClosed;
  assign drop      = there && drop_q[slot_i];
  assign mine      = tok_state == StatePrefill || (tok_state == StateOpen && !drop);
  assign bad       = mine && !drop && token_i >= VOCAB;
  assign pass      = mine && !drop && !bad;
  assign room      = 32'(pos_q[slot_i]) < DEPTH;

  assign refuse_valid_o = valid_i && !write_i && mine && !pass && last_i;
  assign refuse_pos_o   = pos_q[slot_i][15:0];
  assign ready_o        = !write_i && (pass ? tok_ready : !(mine && last_i) || refuse_ready_i);
  assign fire           = valid_i && ready_o;

  assign taken_o         = fire && pass && room;
  assign overlong_o      = fire && pass && !room;
  assign token_unknown_o = fire && tok_state == StateClosed;
  assign token_busy_o    = fire && tok_state != StateClosed && !mine;
  assign bad_token_o     = fire && bad;

  stream_fifo #(
    .DEPTH(1),
    .WIDTH(8 + TOKEN_W + 2 + 16 + 4 + 61)
  ) u_token (
    .clk_i,
    .rst_i,
    .valid_i(valid_i && pass && !write_i),
    .ready_o(tok_ready),
    .data_i({slot_i, token_i[TOKEN_W-1:0], fresh_q[slot_i], last_i, max_new_q[slot_i], adapter_q[slot_i],
             top_k_q[slot_i], beta_q[slot_i], seed_q[slot_i]}),
    .valid_o(tok_valid_o),
    .ready_i(tok_ready_i),
    .data_o({tok_slot_o, tok_id_o, tok_first_o, tok_last_o, tok_max_new_o, tok_adapter_o, tok_sample_o})
  );

  // ---- state. A BUSY slot's changes with its answers, any other's with commands and tokens.
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      for (int unsigned s = 0; s < SLOTS; s++) begin
        state_q[s]   <= StateClosed;
        fresh_q[s]   <= 1'b0;
        drop_q[s]    <= 1'b0;
        pos_q[s]     <= '0;
        adapter_q[s] <= '0;
        max_new_q[s] <= SLOT_MAX_NEW_RESET[15:0];
        top_k_q[s]   <= SLOT_TOP_K_RESET[4:0];
        beta_q[s]    <= SLOT_BETA_RESET[23:0];
        seed_q[s]    <= '0;
        cut_q[s]     <= 1'b0;
      end
    end else begin
      for (int unsigned s = 0; s < SLOTS; s++) if (cut_o[s]) cut_q[s] <= 1'b0;
      if (write && open) begin
        state_q[write_slot_i] <= StateOpen;
        fresh_q[write_slot_i] <= 1'b1;
        drop_q[write_slot_i]  <= 1'b0;
        pos_q[write_slot_i]   <= '0;
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
      if (fire && tok_state != StateClosed) begin
        drop_q[slot_i] <= !pass && !last_i;
        if (mine) state_q[slot_i] <= !last_i ? StatePrefill : pass ? StateBusy : StateOpen;
      end
      if (taken_o) begin
        fresh_q[slot_i] <= 1'b0;
        pos_q[slot_i]   <= pos_q[slot_i] + 17'd1;
      end
      if (answer_i) begin
        pos_q[answer_slot_i] <= 17'(answer_pos_i) + 17'(answer_end_i == EndNone);
        if (answer_end_i != EndNone) begin
          state_q[answer_slot_i] <= StateOpen;
          cut_q[answer_slot_i]   <= 1'b0;
        end
      end
    end
  end
endmodule
