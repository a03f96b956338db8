// SPDX-License-Identifier: Apache-2.0
// Plays the file that the plusarg FILE names into a stream: a line of hexadecimal is a beat of WIDTH bits. loaded_o says
// that all of them are taken.
module line_player #(
  parameter int WIDTH = 32,
  parameter     FILE  = "adapters"
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             play_i,
  output logic             loaded_o,
  output logic             valid_o,
  input  logic             ready_i,
  output logic [WIDTH-1:0] data_o
);
  int fd, got;
  string path;
  logic valid_q, loaded_q;
  logic [WIDTH-1:0] line, line_q;

  assign loaded_o = loaded_q;
  assign valid_o  = valid_q;
  assign data_o   = line_q;

  always @(posedge clk_i) begin
    if (rst_i) begin
      fd = 0;
      loaded_q <= 1'b0;
      valid_q  <= 1'b0;
    end else if (play_i && !loaded_q && (!valid_q || ready_i)) begin
      if (fd == 0) begin
        if ($value$plusargs({FILE, "=%s"}, path) == 0) $fatal(1, "there is no +%s=NAME", FILE);
        fd = $fopen(path, "r");
        if (fd == 0) $fatal(1, "cannot read %s", path);
      end
      got = $fscanf(fd, "%h", line);
      line_q   <= line;
      valid_q  <= got == 1;
      loaded_q <= got != 1;
    end
  end
endmodule
