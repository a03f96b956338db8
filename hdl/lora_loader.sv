// SPDX-License-Identifier: Apache-2.0
// Adapter words from the host into the banks of the layers: a frame a word, a header and RANK * LANES bytes. A frame that
// is too short, too long, or for a place that is not there or not EMPTY is dropped from where that shows; what it has
// written until then is in its own word, in a bank that nobody uses.
`include "require.svh"
module lora_loader #(
  parameter int LAYERS       = 1,
  parameter int RANK         = 8,
  parameter int ADAPTERS     = 2,
  parameter int WORDS_QKV    = 1,
  parameter int WORDS_O      = 1,
  parameter int WORDS_GATEUP = 1,
  parameter int WORDS_DOWN   = 1
) (
  input  logic                          clk_i,
  input  logic                          rst_i,
  input  logic [15:0]                   choosable_i,    // the adapters that slots may choose, a bit each
  input  logic                          valid_i,
  input  logic [31:0]                   data_i,
  input  logic                          last_i,
  output logic                          bad_frame_o,    // pulses once for a frame with which something is wrong
  output logic                          word_loaded_o,  // pulses with the last chunk of a good frame
  output logic                          write_valid_o,
  output cartridge_pkg::layer_t         write_layer_o,
  output cartridge_pkg::adapter_write_t write_o
);
  import cartridge_pkg::*;

  localparam int CHUNKS = RANK * LANES / 4;

  `REQUIRE(a_layer_has_8_bits, 1 <= LAYERS && LAYERS <= 255)
  `REQUIRE(an_adapter_has_4_bits, 0 <= ADAPTERS && ADAPTERS <= 15)
  `REQUIRE(a_chunk_has_16_bits, 0 <= CHUNKS && CHUNKS <= 65536)
  `REQUIRE(a_word_of_qkv_has_16_bits, 1 <= WORDS_QKV && WORDS_QKV <= 65535)
  `REQUIRE(a_word_of_o_has_16_bits, 1 <= WORDS_O && WORDS_O <= 65535)
  `REQUIRE(a_word_of_gateup_has_16_bits, 1 <= WORDS_GATEUP && WORDS_GATEUP <= 65535)
  `REQUIRE(a_word_of_down_has_16_bits, 1 <= WORDS_DOWN && WORDS_DOWN <= 65535)

  // The first beat of a frame: the place of its word.
  typedef struct packed {
    logic [3:0]  bank;
    logic [1:0]  spare;
    logic [1:0]  array;  // ARRAY_*
    layer_t      layer;
    logic [15:0] word;
  } header_t;

  logic in_frame_q, drop_q;
  header_t header_q;
  logic [15:0] chunk_q;

  header_t first, header;
  logic [15:0] words;
  logic place_exists, place_is_open, end_is_right, wrong, write;

  always_comb begin
    case (header.array)
      ARRAY_QKV:    words = 16'(WORDS_QKV);
      ARRAY_O:      words = 16'(WORDS_O);
      ARRAY_GATEUP: words = 16'(WORDS_GATEUP);
      ARRAY_DOWN:   words = 16'(WORDS_DOWN);
      default:      words = '0;
    endcase
  end

  assign first = data_i;
  assign header = in_frame_q ? header_q : first;
  assign place_exists  = int'(header.bank) < ADAPTERS && header.spare == '0 && int'(header.layer) < LAYERS &&
                         header.word < words;
  assign place_is_open = place_exists && !choosable_i[header.bank+4'd1];
  assign end_is_right = last_i == (chunk_q == 16'(CHUNKS - 1));
  assign wrong = in_frame_q ? !drop_q && (!place_is_open || !end_is_right) : !place_is_open || last_i;
  assign write = valid_i && in_frame_q && !drop_q && place_is_open;
  assign bad_frame_o = valid_i && wrong;
  assign word_loaded_o = write && last_i && end_is_right;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      in_frame_q <= 1'b0;
      drop_q     <= 1'b0;
      header_q   <= '0;
      chunk_q    <= '0;
    end else if (valid_i) begin
      in_frame_q <= !last_i;
      drop_q     <= !last_i && (drop_q || wrong);
      if (!in_frame_q) header_q <= first;
      chunk_q <= in_frame_q ? chunk_q + 16'd1 : '0;
    end
  end

  // A register on the way to all layers.
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      write_valid_o <= 1'b0;
      write_layer_o <= '0;
      write_o       <= '0;
    end else begin
      write_valid_o <= write;
      write_layer_o <= header.layer;
      write_o.array <= header.array;
      write_o.bank  <= header.bank;
      write_o.word  <= header.word;
      write_o.chunk <= chunk_q;
      write_o.data  <= data_i;
    end
  end
endmodule
