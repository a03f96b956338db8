# SPDX-License-Identifier: Apache-2.0
"""Mutants of a small module: every rule, what is left alone, and the list of harmless ones."""

import ast
import shutil

import pytest

from models.errors import InputError
from models.project import HDL, ROOT
from tb.evidence.mutation import golden, harmless
from tb.evidence.mutation.mutants import mutants, squeeze, uses

pytestmark = pytest.mark.once

MODULE = """\
`include "mask_load.svh"
// A comment: a + b.
module little #(
  parameter int W = 4
) (
  input logic clk_i, rst_i, valid_i, ready_i,
  input logic [W-1:0] a_i,
  output logic [W+1:0] b_o
);
  logic [W+1:0] b_q;  // a width, left alone
  logic [3:0] a[4];
  assign b_o = b_q;
`ifndef SYNTHESIS
  assign a[0] = a_i + 4'd1;
`endif
  function automatic logic [W-1:0] any();
    any = '0;
    for (int i = 0; i < W; i++) any = any | (a_i >> i);
  endfunction
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      b_q <= '0;
    end else if (valid_i && ready_i) begin
      b_q <= 6'(a_i[W-1]) - (valid_i ? ~b_q : 6'h3f);  // a comment
    end
  end
endmodule
"""
LOOP = "for (int i = 0; i < W; i++) any = any | (a_i >> i);"
EXPECTED = {
    ("constant", "any = '0;", "any = '1;"),
    ("constant", LOOP, "for (int i = 1; i < W; i++) any = any | (a_i >> i);"),
    ("operator", LOOP, "for (int i = 0; i < W; i++) any = any & (a_i >> i);"),
    ("operator", LOOP, "for (int i = 0; i < W; i++) any = any | (a_i << i);"),
    ("condition", "if (rst_i) begin", "if (!(rst_i)) begin"),
    ("reset", "b_q <= '0;", ";"),
    ("constant", "b_q <= '0;", "b_q <= '1;"),
    ("condition", "end else if (valid_i && ready_i) begin", "end else if (!(valid_i && ready_i)) begin"),
    ("term", "end else if (valid_i && ready_i) begin", "end else if (valid_i) begin"),
    ("term", "end else if (valid_i && ready_i) begin", "end else if (ready_i) begin"),
    ("operator", "end else if (valid_i && ready_i) begin", "end else if (valid_i || ready_i) begin"),
}  # fmt: skip
WIRED = """\
module wired;
  typedef enum logic [1:0] {StA, StB, StC} state_e;
  logic signed [3:0] a;
  assign b = {a, c} >>> f(a, $signed(c));
  other u_other (.clk_i, .rst_i(rst), .a_i(a), .b_i({c}), .d_o(d));
  assign e = state_q == StC;
endmodule
"""
SHIFT = "assign b = {a, c} >>> f(a, $signed(c));"
PORTS = "other u_other (.clk_i, .rst_i(rst), .a_i(a), .b_i({c}), .d_o(d));"
WIRED_EXPECTED = {
    ("sign", "logic signed [3:0] a;", "logic [3:0] a;"),
    ("swap", SHIFT, SHIFT.replace("{a, c}", "{c, a}")),
    ("operator", SHIFT, SHIFT.replace(">>>", "<<<")),
    ("sign", SHIFT, SHIFT.replace(">>>", ">>")),
    ("swap", SHIFT, SHIFT.replace("f(a, $signed(c))", "f($signed(c), a)")),
    ("sign", SHIFT, SHIFT.replace("$signed", "$unsigned")),
    ("wire", PORTS, PORTS.replace(".a_i(a)", ".a_i({c})")),
    ("operator", "assign e = state_q == StC;", "assign e = state_q != StC;"),
    ("state", "assign e = state_q == StC;", "assign e = state_q == StA;"),
}
PYTHON = '''\
"""A docstring, 1 + 2."""
import numpy as np


def choose(a: int, b: int = 2) -> int:
    if a < b:
        raise ValueError(f"{a + b}")
    return f(a, -b) if a and b else 3
'''
RETURN = "return f(a, -b) if a and b else 3"
PYTHON_EXPECTED = {
    ("condition", "if a < b:", "if not (a < b):"),
    ("operator", "if a < b:", "if a <= b:"),
    ("condition", RETURN, "return 3 if a and b else f(a, -b)"),
    ("operator", RETURN, RETURN.replace("and", "or")),
    ("swap", RETURN, RETURN.replace("a, -b", "-b, a")),
    ("not", RETURN, RETURN.replace("-b", "b")),
    ("constant", RETURN, RETURN.replace("3", "4")),
    ("less", RETURN, RETURN.replace("3", "2")),
}
LAST = {  # what the last assignment becomes
    "update": [";"],
    "operator": ["b_q <= 6'(a_i[W-1]) + (valid_i ? ~b_q : 6'h3f);", "b_q <= 6'(a_i[W+1]) - (valid_i ? ~b_q : 6'h3f);"],
    "index": ["b_q <= 6'(a_i[W-1 + 1]) - (valid_i ? ~b_q : 6'h3f);"],
    "less": ["b_q <= 6'(a_i[W-1]) - (valid_i ? ~b_q : 6'h3e);"],
    "constant": ["b_q <= 6'(a_i[W-2]) - (valid_i ? ~b_q : 6'h3f);", "b_q <= 6'(a_i[W-1]) - (valid_i ? ~b_q : 6'h0);"],
    "handshake": ["b_q <= 6'(a_i[W-1]) - (1'b1 ? ~b_q : 6'h3f);"],
    "condition": ["b_q <= 6'(a_i[W-1]) - (valid_i ? 6'h3f : ~b_q);"],
    "not": ["b_q <= 6'(a_i[W-1]) - (valid_i ? b_q : 6'h3f);"],
}
ENTRY = """\
[[mutant]]
module = "little"
line = "any = '0;"
mutated = "any = '1;"
because = "{because}"
"""
ARGUMENT = "all ones are as good as none where nothing looks"


@pytest.fixture
def small(tmp_path):
    """The mutants of a folder with one module."""
    (tmp_path / "little.sv").write_text(MODULE, encoding="utf-8")
    return mutants(tmp_path)["little"]


def test_rules(small):
    last = "b_q <= 6'(a_i[W-1]) - (valid_i ? ~b_q : 6'h3f);"
    wanted = EXPECTED | {(rule, last, text) for rule, texts in LAST.items() for text in texts}
    assert {(mutant.rule, mutant.line, mutant.mutated) for mutant in small} == wanted
    assert len(small) == len(wanted)
    assert [mutant.name for mutant in small] == [f"little-{n}" for n in range(1, len(small) + 1)]


def test_a_mutant_differs_in_its_line(small, tmp_path):
    for mutant in small:
        (tmp_path / "little.sv").write_text(MODULE, encoding="utf-8")
        mutant.apply(tmp_path)
        after = (tmp_path / "little.sv").read_text(encoding="utf-8").splitlines()
        pairs = zip(MODULE.splitlines(), after, strict=True)
        different = [n for n, (a, b) in enumerate(pairs, 1) if a != b]
        assert different == [mutant.number]
        assert squeeze(after[mutant.number - 1]) == mutant.mutated


def test_every_module_has_mutants():
    """But those of which synthesis sees nothing."""
    found = mutants(HDL)
    assert {file.stem for file in HDL.glob("*.sv")} - found.keys() == {"stage_tap", "stream_tap", "trace_pkg"}
    rules = {rule for rule, *_ in EXPECTED | WIRED_EXPECTED} | LAST.keys()
    assert {mutant.rule for those in found.values() for mutant in those} == rules


def test_rules_of_wires_signs_and_states(tmp_path):
    (tmp_path / "wired.sv").write_text(WIRED, encoding="utf-8")
    found = mutants(tmp_path)["wired"]
    assert {(mutant.rule, mutant.line, mutant.mutated) for mutant in found} == WIRED_EXPECTED
    assert len(found) == len(WIRED_EXPECTED)


def test_rules_of_python(tmp_path):
    """Each changes its line only; docstrings, annotations, defaults and errors stay."""
    file = tmp_path / "golden" / "choice.py"
    file.parent.mkdir()
    file.write_text(PYTHON, encoding="utf-8")
    found = golden.mutants(tmp_path)["golden.choice"]
    assert {(mutant.rule, mutant.line, mutant.mutated) for mutant in found} == PYTHON_EXPECTED
    for mutant in found:
        file.write_text(PYTHON, encoding="utf-8")
        mutant.apply(tmp_path)
        after = file.read_text(encoding="utf-8").splitlines()
        assert [n for n, pair in enumerate(zip(PYTHON.splitlines(), after, strict=True), 1) if len({*pair}) > 1] == [
            mutant.number
        ]
        assert after[mutant.number - 1].strip() == mutant.mutated


def test_every_mutant_of_python_can_be_parsed():
    found = golden.mutants(ROOT / "models")
    assert {"golden.softmax", "golden.chip", "mask.etch"} <= found.keys()
    for mutant in (mutant for those in found.values() for mutant in those):
        source = (ROOT / "models" / mutant.file).read_bytes()
        ast.parse(source[: mutant.start] + mutant.text.encode() + source[mutant.end :])


def test_who_uses_what():
    found = uses(HDL)
    assert found["softmax"] == {"softmax", "divider", "cartridge_pkg"}
    assert found["cartridge"] == {file.stem for file in HDL.glob("*.sv")}


def test_the_list_of_harmless_mutants_is_current():
    for side, found in {"rtl": mutants(HDL), "golden": golden.mutants(ROOT / "models")}.items():
        harmless.load([mutant for those in found.values() for mutant in those], harmless.PATHS[side])


def test_a_harmless_mutant(small, tmp_path):
    file = tmp_path / "harmless.toml"
    file.write_text(ENTRY.format(because=ARGUMENT), encoding="utf-8")
    (number,) = [mutant.name for mutant in small if mutant.mutated == "any = '1;"]
    assert harmless.load(small, file) == {number: ARGUMENT}
    file.write_text(ENTRY.format(because=ARGUMENT).replace("any = ", "any     = "), encoding="utf-8")
    assert harmless.load(small, file) == {number: ARGUMENT}, "alignment is no difference"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.format(because=ARGUMENT).replace("'1", "'2"), "the RTL has no such mutant any more"),
        (ENTRY.format(because=ARGUMENT) + "occurrence = 2\n", "the RTL has no such mutant any more"),
        (ENTRY.format(because="so"), "no argument"),
        (ENTRY.format(because=ARGUMENT) + "colour = 1\n", "field 'colour' is unknown"),
        ('[[mutant]]\nmodule = "little"\n', "field 'because' is missing"),
        ("mutant", "Expected"),
    ],
)
def test_a_list_that_is_wrong(small, tmp_path, text, message):
    file = tmp_path / "harmless.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        harmless.load(small, file)


def test_rtl_that_cannot_be_read(tmp_path):
    hdl = shutil.copytree(HDL, tmp_path / "hdl")
    (hdl / "divider.sv").write_text("module ;", encoding="utf-8")
    with pytest.raises(AssertionError, match="cannot parse"):
        mutants(hdl)
