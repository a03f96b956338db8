// SPDX-License-Identifier: Apache-2.0
// In a proof the mask is any: registers without a reset, which keep whatever they start with.
`define MASK_LOAD(MEM, WORD, ROWS, COLUMNS, NAME, ID, EXT) always_ff @(posedge clk_i) MEM <= MEM;
