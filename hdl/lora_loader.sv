// Adapter words from the host into the banks of the layers: a frame a word, a header and RANK * LANES bytes. A frame that
// is too short, too long, or for a place that is not there or not EMPTY is dropped from where that shows; what it has
// written until then is in its own word, in a bank that nobody uses.
module lora_loader #(
  parameter int LAYERS       = 1,
  parameter int RANK         = 8,
  parameter int ADAPTERS     = 2,
  parameter int WORDS_QKV    = 1,
  parameter int WORDS_O      = 1,
  parameter int WORDS_GATEUP = 1,
  parameter int WORDS_DOWN   = 1
) (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [15:0] chosen_i,  // adapters that slots may choose: bank b is adapter b + 1
  input  logic        valid_i,
  input  logic [31:0] data_i,
  input  logic        last_i,
  output logic        bad_o,     // something is wrong with a frame, once
  output logic        whole_o,   // a word is loaded
  output logic        we_o,
  output logic  [7:0] layer_o,
  output logic  [1:0] array_o,
  output logic  [3:0] bank_o,
  output logic [15:0] word_o,
  output logic [15:0] chunk_o,
  output logic [31:0] data_o
);
  import cartridge_pkg::*;

  localparam int CHUNKS = RANK * LANES / 4;

  // {bank, 0, array, layer, word}
  logic        in_frame_q, drop_q;
  logic [31:0] header_q;
  logic [15:0] chunk_q;

  logic [31:0] header;
  logic [31:0] words;
  logic        there, takes, end_is_right, wrong, write;

  always_comb begin
    case (header[25:24])
      2'd0: words = WORDS_QKV;
      2'd1: words = WORDS_O;
      2'd2: words = WORDS_GATEUP;
      default: words = WORDS_DOWN;
    endcase
  end

  assign header = in_frame_q ? header_q : data_i;
  assign there  = int'(header[31:28]) < ADAPTERS && header[27:26] == '0 && int'(header[23:16]) < LAYERS &&
                  32'(header[15:0]) < words;
  assign takes        = there && !chosen_i[header[31:28]+4'd1];
  assign end_is_right = last_i == (chunk_q == 16'(CHUNKS - 1));
  assign wrong        = in_frame_q ? !drop_q && (!takes || !end_is_right) : !takes || last_i;
  assign write        = valid_i && in_frame_q && !drop_q && takes;
  assign bad_o        = valid_i && wrong;
  assign whole_o      = write && last_i && end_is_right;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      in_frame_q <= 1'b0;
      drop_q     <= 1'b0;
      header_q   <= '0;
      chunk_q    <= '0;
    end else if (valid_i) begin
      in_frame_q <= !last_i;
      drop_q     <= !last_i && (drop_q || wrong);
      if (!in_frame_q) header_q <= data_i;
      chunk_q    <= in_frame_q ? chunk_q + 16'd1 : '0;
    end
  end

  // A register on the way to all layers.
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      we_o    <= 1'b0;
      layer_o <= '0;
      array_o <= '0;
      bank_o  <= '0;
      word_o  <= '0;
      chunk_o <= '0;
      data_o  <= '0;
    end else begin
      we_o    <= write;
      layer_o <= header[23:16];
      array_o <= header[25:24];
      bank_o  <= header[31:28];
      word_o  <= header[15:0];
      chunk_o <= chunk_q;
      data_o  <= data_i;
    end
  end
endmodule
