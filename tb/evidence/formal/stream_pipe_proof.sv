// SPDX-License-Identifier: Apache-2.0
// A stream_pipe against a unit that adds one in every stage: what goes in comes out, once, in order, with a one for each
// stage and its data beside it; a stage takes a beat only where there is one, gaps close, nothing that is offered changes.
module stream_pipe_proof #(
  parameter int STAGES = 2,
  parameter int WIDTH  = 8
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             valid_i,
  input logic             ready_i,
  input logic [WIDTH-1:0] data_i
);
  logic ready, valid, busy;
  logic [STAGES-1:0] en;
  logic [WIDTH-1:0] data;

  stream_pipe #(
    .STAGES(STAGES),
    .WIDTH (WIDTH)
  ) u_pipe (
    .clk_i,
    .rst_i,
    .busy_o (busy),
    .valid_i,
    .ready_o(ready),
    .data_i,
    .en_o   (en),
    .valid_o(valid),
    .ready_i,
    .data_o (data)
  );

  logic [STAGES-1:0][WIDTH-1:0] sum_q;
  for (genvar s = 0; s < STAGES; s++) begin : gen_unit
    always_ff @(posedge clk_i) if (en[s]) sum_q[s] <= ((s == 0) ? data_i : sum_q[(s==0)?0 : s-1]) + 1'b1;
    always_comb begin
      if (!init_q && u_pipe.full_q[s]) beside : assert (sum_q[s] == u_pipe.data_q[s*WIDTH+:WIDTH] + WIDTH'(s + 1));
      if (!init_q && en[s]) there : assert ((s == 0) ? valid_i : u_pipe.full_q[(s==0)?0 : s-1]);
      if (!init_q && s != 0 && u_pipe.full_q[(s==0)?0 : s-1] && !u_pipe.full_q[s]) gap : assert (en[s]);
    end
  end

  logic init_q = 1'b1;
  always_ff @(posedge clk_i) init_q <= 1'b0;
  always_comb if (init_q) assume (rst_i);

  // One beat, whichever, is watched: where it is, and how many are ahead of it.
  logic watch_q, seen_q, offered_q;
  logic [WIDTH-1:0] beat_q, offer_q;
  logic [15:0] ahead_q, held;
  logic chosen;
  assign chosen = valid_i && ready && data_i == WIDTH'(7) && !watch_q && !seen_q;
  always_comb begin
    held = '0;
    for (int unsigned s = 0; s < STAGES; s++) held = held + 16'(u_pipe.full_q[s]);
  end
  always_ff @(posedge clk_i) begin
    offered_q <= valid && !ready_i && !rst_i && !init_q;
    offer_q   <= data;
    if (rst_i) begin
      watch_q <= 1'b0;
      seen_q  <= 1'b0;
    end else begin
      if (chosen) begin
        watch_q <= 1'b1;
        beat_q  <= data_i;
        ahead_q <= held - 16'(valid && ready_i);
      end else if (watch_q && valid && ready_i) begin
        ahead_q <= ahead_q - 16'd1;
        if (ahead_q == 0) begin
          watch_q <= 1'b0;
          seen_q  <= 1'b1;
        end
      end
    end
  end

  // The watched beat is the one that so many full stages are behind.
  logic [STAGES-1:0] is_it;
  for (genvar s = 0; s < STAGES; s++) begin : gen_place
    logic [15:0] behind;
    always_comb begin
      behind = '0;
      for (int unsigned t = s + 1; t < STAGES; t++) behind = behind + 16'(u_pipe.full_q[t]);
    end
    assign is_it[s] = u_pipe.full_q[s] && behind == ahead_q && u_pipe.data_q[s*WIDTH+:WIDTH] == beat_q;
  end
  always_comb begin
    if (!init_q) begin
      works : assert (busy == (held != 0));
      takes : assert (ready == (ready_i || held != 16'(STAGES)));
      kept : assert (!watch_q || |is_it);
      if (watch_q && valid && ready_i && ahead_q == 0) arrives : assert (data == beat_q);
      if (offered_q) stable : assert (valid && data == offer_q);
      cover (seen_q && held == 16'(STAGES) && !ready_i);
    end
  end
endmodule
