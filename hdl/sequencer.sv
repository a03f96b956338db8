// Keeps every slot's place: gives each token its position, feeds answers back as the next input, and ends a generation
// at a stop token, at the asked number of tokens, or at the end of the KV cache.
//
// Prompt tokens come one a beat; `first` opens a conversation at position 0, `last` asks for an answer of at most
// max_new tokens. Prompt tokens without room are swallowed; the last of them reports EndContext.
module sequencer #(
  parameter int SLOTS = 2,
  parameter int DEPTH = 32
) (
  input  logic                                      clk_i,
  input  logic                                      rst_i,
  input  logic       [4*cartridge_pkg::TOKEN_W-1:0] stop_ids_i,  // four stop tokens; repeat one to fill
  // prompt tokens from the host
  input  logic                                      host_valid_i,
  output logic                                      host_ready_o,
  input  logic                                [7:0] host_slot_i,
  input  logic         [cartridge_pkg::TOKEN_W-1:0] host_token_i,
  input  logic                                      host_first_i,
  input  logic                                      host_last_i,
  input  logic                               [15:0] host_max_new_i,
  // answers to the host
  output logic                                      out_valid_o,
  input  logic                                      out_ready_i,
  output logic                                [7:0] out_slot_o,
  output logic                               [15:0] out_pos_o,
  output logic         [cartridge_pkg::TOKEN_W-1:0] out_token_o,
  output cartridge_pkg::end_e                       out_end_o,
  // into the layers
  output logic                                      valid_o,
  input  logic                                      ready_i,
  output cartridge_pkg::tag_t                       tag_o,
  output logic         [cartridge_pkg::TOKEN_W-1:0] token_o,
  // from the argmax
  input  logic                                      res_valid_i,
  output logic                                      res_ready_o,
  input  cartridge_pkg::tag_t                       res_tag_i,
  input  logic         [cartridge_pkg::TOKEN_W-1:0] res_token_i
);
  import cartridge_pkg::*;

  logic [16:0] pos_q[SLOTS];  // the slot's next position; DEPTH: full
  logic [15:0] left_q[SLOTS];  // answer tokens still wanted

  // An answer on its way back into the layers.
  logic               fb_valid_q;
  tag_t               fb_tag_q;
  logic [TOKEN_W-1:0] fb_token_q;

  logic [16:0] host_pos, res_next;
  logic        host_room, host_fire, host_refuse, res_fire, stop;
  logic        use_fb, use_res;
  logic        host_hold_q, refuse_hold_q;  // an offer that was not accepted yet must stay

  assign host_pos  = host_first_i ? '0 : pos_q[host_slot_i];
  assign host_room = host_pos < 17'(DEPTH);
  assign res_next  = 17'(res_tag_i.pos) + 17'd1;

  // Into the layers: answers before prompts.
  assign use_fb       = fb_valid_q && !host_hold_q;
  assign valid_o      = use_fb || (host_valid_i && host_room);
  assign tag_o        = use_fb ? fb_tag_q : {host_last_i, host_slot_i, host_pos[15:0]};
  assign token_o      = use_fb ? fb_token_q : host_token_i;
  assign host_refuse  = host_valid_i && !host_room;
  assign host_ready_o = host_room ? (ready_i && !use_fb) : (!host_last_i || (out_ready_i && !use_res));
  assign host_fire    = host_valid_i && host_ready_o;

  // To the host: the argmax's answers before refusals.
  always_comb begin
    stop = 1'b0;
    for (int unsigned i = 0; i < 4; i++) if (res_token_i == stop_ids_i[i*TOKEN_W+:TOKEN_W]) stop = 1'b1;
  end
  assign use_res     = res_valid_i && !fb_valid_q && !refuse_hold_q;
  assign res_ready_o = out_ready_i && use_res;
  assign res_fire    = use_res && out_ready_i;
  assign out_valid_o = use_res || (host_refuse && host_last_i);
  assign out_slot_o  = use_res ? res_tag_i.slot : host_slot_i;
  assign out_pos_o   = use_res ? res_next[15:0] : host_pos[15:0];
  assign out_token_o = use_res ? res_token_i : host_token_i;
  always_comb begin
    out_end_o = EndNone;
    if (!use_res) out_end_o = EndContext;
    else if (stop) out_end_o = EndStop;
    else if (left_q[res_tag_i.slot] <= 16'd1) out_end_o = EndLimit;
    else if (res_next == 17'(DEPTH)) out_end_o = EndContext;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      host_hold_q   <= 1'b0;
      refuse_hold_q <= 1'b0;
      fb_valid_q    <= 1'b0;
      fb_tag_q      <= '0;
      fb_token_q    <= '0;
      for (int unsigned s = 0; s < SLOTS; s++) begin
        pos_q[s]  <= '0;
        left_q[s] <= '0;
      end
    end else begin
      host_hold_q   <= valid_o && !use_fb && !ready_i;
      refuse_hold_q <= out_valid_o && !use_res && !out_ready_i;
      if (host_fire && host_room) begin
        pos_q[host_slot_i] <= host_pos + 17'd1;
        if (host_last_i) left_q[host_slot_i] <= host_max_new_i;
      end
      if (use_fb && ready_i) begin
        fb_valid_q <= 1'b0;
      end
      if (res_fire && out_end_o == EndNone) begin
        fb_valid_q               <= 1'b1;
        fb_tag_q                 <= {1'b1, res_tag_i.slot, res_next[15:0]};
        fb_token_q               <= res_token_i;
        pos_q[res_tag_i.slot]    <= res_next + 17'd1;
        left_q[res_tag_i.slot]   <= left_q[res_tag_i.slot] - 16'd1;
      end
    end
  end
endmodule
