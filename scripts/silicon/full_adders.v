// SPDX-License-Identifier: Apache-2.0
// Technology map of scripts/synthesis.py: sums become rows of full adders, which a transistor count knows as one cell;
// with a constant input they become the gates that are left.

(* techmap_celltype = "$alu" *)
module map_alu (A, B, CI, BI, X, Y, CO);
	parameter A_SIGNED = 0;
	parameter B_SIGNED = 0;
	parameter A_WIDTH = 1;
	parameter B_WIDTH = 1;
	parameter Y_WIDTH = 1;
	(* force_downto *) input [A_WIDTH-1:0] A;
	(* force_downto *) input [B_WIDTH-1:0] B;
	input CI, BI;
	(* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;
	(* force_downto *) wire [Y_WIDTH-1:0] AA, BX, BB;
	wire [Y_WIDTH:0] C;
	\$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) a_conv (.A(A), .Y(AA));
	\$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) b_conv (.A(B), .Y(BX));
	assign BB = BI ? ~BX : BX;
	assign X = AA ^ BB;
	assign C[0] = CI;
	assign CO = C[Y_WIDTH:1];
	genvar i;
	generate for (i = 0; i < Y_WIDTH; i = i + 1) begin : bits
		FULL_ADDER u (.A(AA[i]), .B(BB[i]), .C(C[i]), .S(Y[i]), .CO(C[i+1]));
	end endgenerate
endmodule

(* techmap_celltype = "$fa" *)
module map_fa (A, B, C, X, Y);
	parameter WIDTH = 1;
	(* force_downto *) input [WIDTH-1:0] A, B, C;
	(* force_downto *) output [WIDTH-1:0] X, Y;
	genvar i;
	generate for (i = 0; i < WIDTH; i = i + 1) begin : bits
		FULL_ADDER u (.A(A[i]), .B(B[i]), .C(C[i]), .S(Y[i]), .CO(X[i]));
	end endgenerate
endmodule

(* techmap_celltype = "FULL_ADDER" *)
module map_constant (A, B, C, S, CO);
	input A, B, C;
	output S, CO;
	parameter _TECHMAP_CONSTMSK_A_ = 0;
	parameter _TECHMAP_CONSTMSK_B_ = 0;
	parameter _TECHMAP_CONSTMSK_C_ = 0;
	wire _TECHMAP_FAIL_ = !(_TECHMAP_CONSTMSK_A_ | _TECHMAP_CONSTMSK_B_ | _TECHMAP_CONSTMSK_C_);
	assign S = A ^ B ^ C;
	assign CO = (A & B) | (C & (A ^ B));
endmodule
