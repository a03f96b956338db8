// SPDX-License-Identifier: Apache-2.0
// The arithmetic and the stream conventions that every module shares. docs/formats.md is the specification.
// A die with wider streams defines LANES before this file, a multiple of 32.
`ifndef LANES
`define LANES 32
`endif
package cartridge_pkg;

  localparam int LANES = `LANES;  // FX values a stream beat carries
  localparam int GROUP = 32;  // inputs that share one activation exponent
  localparam int BEAT_GROUPS = LANES / GROUP;
  localparam int FX_W = 32;  // FX: signed, 16 fraction bits
  localparam int BEAT_W = LANES * FX_W;
  localparam int OCTET = 8;  // positions whose attention weights have one frame
  localparam int WEIGHT_W = 21;  // such a weight: unsigned, 20 fraction bits, 1.0 included
  localparam int TOKEN_W = 24;
  localparam int STOP_TOKENS = 4;  // tokens that end an answer; a host repeats one to fill them

  // How the cell arrays of a matrix are modelled; see block_array.sv.
  localparam int VIEW_ROM = 0;
  localparam int VIEW_GATE = 1;
  localparam int VIEW_SWITCH = 2;

  typedef logic [7:0] slot_t;  // a conversation
  typedef logic [15:0] pos_t;  // a position in its context, or a number of tokens
  typedef logic [TOKEN_W-1:0] token_t;
  typedef logic [3:0] adapter_t;  // 0: none; n: the adapter in bank n - 1
  typedef logic [7:0] layer_t;

  // Travels with every beat: whose it is, and whether the token wants an answer. A tag is whole if its bits have even
  // parity: whole_tag makes one, and ^tag says that an upset has broken it.
  typedef struct packed {
    logic     parity;
    adapter_t adapter;
    logic     gen;
    slot_t    slot;
    pos_t     pos;
  } tag_t;

  function automatic tag_t whole_tag(input adapter_t adapter, input logic gen, input slot_t slot, input pos_t pos);
    whole_tag = {^{adapter, gen, slot, pos}, adapter, gen, slot, pos};
  endfunction

  // The tag of what is made of beats: of those so far under `so_far`, and of one under `tag`. A broken one if they are not of
  // one token, because an upset has put a beat too many or too few into the stream.
  function automatic tag_t shared_tag(input tag_t so_far, input tag_t tag);
    shared_tag = tag;
    if (so_far != tag)
      shared_tag = {~^{tag.adapter, tag.gen, tag.slot, tag.pos}, tag.adapter, tag.gen, tag.slot, tag.pos};
  endfunction

  // A beat of a stream: LANES values, lane 0 lowest.
  typedef struct packed {
    tag_t              tag;
    logic [BEAT_W-1:0] data;
  } beat_t;

  // How a slot chooses its tokens (docs/formats.md, sampler); top_k of 0 and 1 are greedy.
  typedef struct packed {
    logic [4:0]  top_k;
    logic [23:0] beta;
    logic [31:0] seed;
  } sample_t;

  // Why a generation ended (EndNone: it goes on).
  typedef enum logic [1:0] {
    EndNone    = 2'd0,
    EndStop    = 2'd1,
    EndLimit   = 2'd2,
    EndContext = 2'd3
  } end_e;

  // A token of a prompt on its way from the host. The first one says which adapter the slot uses and at which position
  // it goes on (0: a new conversation; else what a restart has left of one), the last one how many tokens of answer are
  // wanted and how they are chosen.
  typedef struct packed {
    slot_t    slot;
    token_t   token;
    logic     first;
    pos_t     pos;
    logic     last;
    pos_t     max_new;
    adapter_t adapter;
    sample_t  sample;
  } prompt_t;

  // A token of an answer on its way to the host, its position, and whether the answer ends with it.
  typedef struct packed {
    slot_t  slot;
    pos_t   pos;
    token_t token;
    end_e   reason;
  } answer_t;

  // 32 bits of an adapter word on their way into the SRAM of one layer.
  typedef struct packed {
    logic [1:0]  array;  // ARRAY_*
    logic [3:0]  bank;
    logic [15:0] word;
    logic [15:0] chunk;
    logic [31:0] data;
  } adapter_write_t;

  // The cell arrays that take adapters.
  localparam logic [1:0] ARRAY_QKV = 2'd0;
  localparam logic [1:0] ARRAY_O = 2'd1;
  localparam logic [1:0] ARRAY_GATEUP = 2'd2;
  localparam logic [1:0] ARRAY_DOWN = 2'd3;

  // Stages in dataflow order: the ids of docs/formats.md.
  localparam logic [7:0] STAGE_EMBEDDING = 8'd0;
  localparam logic [7:0] STAGE_ATTN_NORM = 8'd1;
  localparam logic [7:0] STAGE_Q = 8'd2;
  localparam logic [7:0] STAGE_K = 8'd3;
  localparam logic [7:0] STAGE_V = 8'd4;
  localparam logic [7:0] STAGE_Q_ROPE = 8'd5;
  localparam logic [7:0] STAGE_K_ROPE = 8'd6;
  localparam logic [7:0] STAGE_ATTN_WEIGHT = 8'd7;
  localparam logic [7:0] STAGE_ATTN_OUT = 8'd8;
  localparam logic [7:0] STAGE_O_PROJ = 8'd9;
  localparam logic [7:0] STAGE_ATTN_RESIDUAL = 8'd10;
  localparam logic [7:0] STAGE_FFN_NORM = 8'd11;
  localparam logic [7:0] STAGE_GATE = 8'd12;
  localparam logic [7:0] STAGE_UP = 8'd13;
  localparam logic [7:0] STAGE_SILU_MUL = 8'd14;
  localparam logic [7:0] STAGE_DOWN = 8'd15;
  localparam logic [7:0] STAGE_FFN_RESIDUAL = 8'd16;
  localparam logic [7:0] STAGE_FINAL_NORM = 8'd17;
  localparam logic [7:0] STAGE_LOGITS = 8'd18;
  localparam logic [7:0] STAGE_TOKEN = 8'd19;
  localparam logic [7:0] NO_LAYER = 8'hFF;  // layer number of the stages a chip has once

  // Clocks from the last bits of a pass to what its drain changes: through the counters of a column, then through
  // selection and scaling unit and, where weights have integers, the multipliers ahead of it.
  localparam int COUNT_CLKS = 1;
  function automatic int scale_clks(input int superblock, input int offset);
    scale_clks = ((offset == 0) ? 7 : 5) + ((superblock == 0) ? 0 : 2);
  endfunction

  // Bits of an index that chooses among so many.
  function automatic int idx_w(input int choices);
    idx_w = (choices > 1) ? $clog2(choices) : 1;
  endfunction

  // Stages in which so many numbers become one, three at a time (sum_tree); one at least.
  function automatic int threes(input int count);
    threes = 1;
    while (3 ** threes < count) threes = threes + 1;
  endfunction

  // Rounding shift right, half up.
  function automatic logic signed [63:0] rsr(input logic signed [63:0] v, input logic [5:0] r);
    rsr = (v + ((64'sd1 <<< r) >>> 1)) >>> r;
  endfunction

  function automatic logic signed [31:0] sat32(input logic signed [63:0] v);
    if (v > 64'sh0000_0000_7fff_ffff) sat32 = 32'sh7fff_ffff;
    else if (v < -64'sh0000_0000_8000_0000) sat32 = 32'sh8000_0000;
    else sat32 = v[31:0];
  endfunction

  // Ones' complement magnitude: its bit length says how many bits a value needs beside the sign.
  function automatic logic [31:0] magnitude(input logic signed [31:0] v);
    magnitude = v ^ {32{v[31]}};
  endfunction

  function automatic logic [5:0] bit_length(input logic [31:0] v);
    bit_length = '0;
    for (int unsigned i = 0; i < 32; i++) if (v[i]) bit_length = 6'(i + 1);
  endfunction

  // exp2's table: entry j is round(2^16 * 2^(-j/64)); the list runs from entry 64 down to entry 0.
  // verilog_format: off
  localparam logic [65*17-1:0] EXP2 = {
    17'd32768, 17'd33125, 17'd33486, 17'd33850, 17'd34219, 17'd34591, 17'd34968, 17'd35349,
    17'd35734, 17'd36123, 17'd36516, 17'd36914, 17'd37316, 17'd37722, 17'd38133, 17'd38548,
    17'd38968, 17'd39392, 17'd39821, 17'd40255, 17'd40693, 17'd41136, 17'd41584, 17'd42037,
    17'd42495, 17'd42958, 17'd43425, 17'd43898, 17'd44376, 17'd44859, 17'd45348, 17'd45842,
    17'd46341, 17'd46846, 17'd47356, 17'd47871, 17'd48393, 17'd48920, 17'd49452, 17'd49991,
    17'd50535, 17'd51085, 17'd51642, 17'd52204, 17'd52773, 17'd53347, 17'd53928, 17'd54515,
    17'd55109, 17'd55709, 17'd56316, 17'd56929, 17'd57549, 17'd58176, 17'd58809, 17'd59449,
    17'd60097, 17'd60751, 17'd61413, 17'd62081, 17'd62757, 17'd63441, 17'd64132, 17'd64830,
    17'd65536
  };
  // verilog_format: on

  function automatic logic [16:0] exp2_entry(input logic [6:0] j);
    exp2_entry = EXP2[11'(j)*17+:17];
  endfunction

  // Check bits of a Hamming code for so many data bits.
  function automatic int check_bits(input int width);
    check_bits = 2;
    while ((1 << check_bits) - check_bits - 1 < width) check_bits = check_bits + 1;
  endfunction

  // Words of a bank of adapters of an array: A of each module, B, scales (docs/formats.md, Adapters).
  function automatic int bank_words(input int modules, input int inputs, input int outputs);
    bank_words = (modules * inputs + outputs) / LANES + 1;
  endfunction

  // binary16 as an integer multiple of 2^-24. 32 bits hold every scale that a die accepts (below 128).
  function automatic logic signed [31:0] half_to_int(input logic [15:0] h);
    logic [31:0] mag;
    mag = {21'd0, |h[14:10], h[9:0]} << ((h[14:10] == 0) ? 5'd0 : h[14:10] - 5'd1);
    half_to_int = h[15] ? -$signed(mag) : $signed(mag);
  endfunction

  // A binary16 without its sign is its significand, moved to the left by the places of its exponent: those of subnormals are the
  // ones of the smallest normal numbers.
  localparam int SIGNIFICAND_W = 11;
  function automatic logic [SIGNIFICAND_W-1:0] significand(input logic [14:0] half);
    significand = {|half[14:10], half[9:0]};
  endfunction
  function automatic logic [4:0] exponent_places(input logic [4:0] exponent);
    exponent_places = (exponent == 0) ? 5'd0 : exponent - 5'd1;
  endfunction

  // A span's part of a matrix output: rsr(D*sum + M*xsum, places), with scale = {m, d} in binary16.
  function automatic logic signed [63:0] scaled(input logic [31:0] scale, input logic signed [31:0] sum,
                                                input logic signed [31:0] xsum, input logic [5:0] places);
    scaled = rsr(64'(half_to_int(scale[15:0])) * 64'(sum) + 64'(half_to_int(scale[31:16])) * 64'(xsum), places);
  endfunction

  // The same where a span has integers {n, s} of its own: rsr(D*(s*sum) + M*(n*xsum), places).
  function automatic logic signed [63:0] sub_scaled(input logic [31:0] scale, input logic [15:0] integers,
                                                    input logic signed [31:0] sum, input logic signed [31:0] xsum,
                                                    input logic [5:0] places);
    sub_scaled = rsr(
        64'(half_to_int(
            scale[15:0]
        )) * (64'($signed(
            integers[7:0]
        )) * 64'(sum)) + 64'(half_to_int(
            scale[31:16]
        )) * (64'($signed(
            integers[15:8]
        )) * 64'(xsum)),
        places
    );
  endfunction

endpackage
