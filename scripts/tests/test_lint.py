# SPDX-License-Identifier: Apache-2.0
"""Lint: the strict front end refuses what commercial simulators refuse, or read in another way."""

import pytest

from scripts import lint

CLEAN = """\
module m (
  input  logic       clk_i,
  input  logic [3:0] d_i,
  output logic [3:0] q_o
);
  logic [3:0] d_q;
  assign q_o = d_q;
  always_ff @(posedge clk_i) d_q <= d_i;
endmodule
"""
BROKEN = {
    "a name before its declaration": (
        "  logic [3:0] d_q;\n  assign q_o = d_q;",
        "  assign q_o = d_q;\n  logic [3:0] d_q;",
    ),
    "a value that is cut": ("q_o = d_q", "q_o = {d_q, 1'b0}"),
    "a bit that does not exist": ("q_o = d_q", "q_o = {d_q[4], d_q[2:0]}"),
    "a register of two processes": ("endmodule", "  always_ff @(posedge clk_i) d_q[0] <= 1'b0;\nendmodule"),
    "a signal that nobody reads": ("  assign", "  logic idle;\n  assign idle = d_q[0];\n  assign"),
    "a macro of another file": ("q_o = d_q", "q_o = d_q + `LANES"),
}


@pytest.fixture
def refused(tmp_path):
    """Whether slang refuses a module of this text."""

    def refuses(text: str) -> bool:
        (tmp_path / "other.sv").write_text("`define LANES 4'd4\n")
        (tmp_path / "m.sv").write_text(text)
        return lint.read_strictly("m", ["--top", "m", tmp_path / "other.sv", tmp_path / "m.sv"])

    return refuses


def test_clean_rtl_passes(refused, capfd):
    assert not refused(CLEAN)
    assert capfd.readouterr().out == "lint: slang, m: clean\n"


@pytest.mark.parametrize("what", BROKEN)
def test_what_others_refuse_is_refused(what, refused, capfd):
    old, new = BROKEN[what]
    assert old in CLEAN
    assert refused(CLEAN.replace(old, new, 1))
    out, err = capfd.readouterr()
    assert "m.sv:" in out + err
    assert out.endswith("lint: slang, m: FAILED\n")
