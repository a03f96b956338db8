# SPDX-License-Identifier: Apache-2.0
"""Coverage files are merged, exclusions are applied and never stale, coverage points count what they should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import InputError
from models.project import HDL, ROOT
from tb.evidence.coverage import code, exclusions, functional

pytestmark = pytest.mark.once
SOURCE = "module m;\n  if (a) b;\n  else c;\nendmodule\n"


def record(count: int, page: str = "v_line/m", file: str = "m.sv", **fields: object) -> str:
    """A line of a coverage file: fields f, l, n, t, o, S as Verilator names them."""
    given = {"l": 2, "n": 1, "t": "line", "o": "block"} | fields
    parts = [("f", file if "/" in file else f"/hdl/{file}"), *given.items(), ("page", page), ("h", f"top.{page}")]
    return "C '" + "".join(f"\x01{name}\x02{value}" for name, value in parts) + f"' {count}\n"


@pytest.fixture
def merged(tmp_path):
    """Merges coverage files of these records, given a list a file."""

    def merge(*files: list[str]) -> dict[code.Point, int]:
        for number, records in enumerate(files):
            (tmp_path / f"{number}.dat").write_text("# SystemC::Coverage-3\n" + "".join(records), encoding="utf-8")
        return code.merge(sorted(tmp_path.glob("*.dat")), Path("/hdl"))

    return merge


def test_counts_add_up_over_runs_and_instances(merged):
    counts = merged([record(2), record(0, page="v_line/m__pi1")], [record(5, page="v_line/m__pi7")])
    assert counts == {code.Point("m.sv", 2, 1, "line", "block"): 7}


def test_generated_copies_are_one(merged):
    toggles = [record(n, t="toggle", o=f"gen_lane[{n}].gen_x[0].x[3]:0->1") for n in range(3)]
    assert merged(toggles) == {code.Point("m.sv", 2, 1, "toggle", "gen_lane.gen_x.x[3]:0->1"): 3}


def test_branches_and_expressions_are_kept(merged):
    what = "((x == 32'sh0)==1 && b==0) => 0"
    points = merged([record(1, t="branch", o="if"), record(0, t="branch", o="else"), record(3, t="expr", o=what)])
    assert sorted((point.kind, point.what, count) for point, count in points.items()) == [
        ("branch", "else", 0),
        ("branch", "if", 1),
        ("expr", what, 3),
    ]


def test_only_the_rtl_counts(merged):
    counts = merged([record(1, file="/other/std.sv"), record(1, file="/hdl/deep/n.sv"), record(4)])
    assert [*counts.values()] == [4]


def test_a_file_without_points_is_an_error(tmp_path):
    (tmp_path / "code.dat").write_text("# SystemC::Coverage-3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no coverage points"):
        code.merge([tmp_path / "code.dat"], HDL)


def test_lines_of_blocks(merged):
    blocks = [record(3, S="2,4-5"), record(0, l=5, S="5-6"), record(0, l=7, t="branch", o="if", S="7")]
    found = code.Code(merged(blocks))
    assert found.lines("m.sv") == {2: 3, 4: 3, 5: 3, 6: 0, 7: 0}
    assert found.figures("m.sv")["line"] == {"points": 5, "covered": 3, "excluded": 0}
    assert found.figures("m.sv")["branch"] == {"points": 1, "covered": 0, "excluded": 0}


def test_bits_that_are_missing_are_told_in_one(merged):
    toggles = [record(int(bit == 3), t="toggle", o=f"x[{bit}]:{edge}") for bit in range(6) for edge in ("0->1", "1->0")]
    assert code.Code(merged(toggles)).gaps("m.sv") == [(2, "toggle", "x[0-2,4-5]")]


@pytest.fixture
def applied(tmp_path, merged):
    """Applies the text of an exclusions file to the points of records: (excluded points, complaints)."""

    def apply(text: str, *records: str):
        (tmp_path / "m.sv").write_text(SOURCE, encoding="utf-8")
        (tmp_path / "exclusions.toml").write_text(text, encoding="utf-8")
        counts = merged(list(records))
        return exclusions.apply(exclusions.load(tmp_path / "exclusions.toml"), counts, tmp_path)

    return apply


def entry(**fields: str) -> str:
    points = ", ".join(f"{name} = {value}" for name, value in fields.items())
    return f'[[reason]]\ntext = "it cannot be"\npoints = [{{{points}}}]\n'


def test_bits_are_left_out(applied):
    records = [record(int(bit < 2), t="toggle", o=f"x[{bit}]:0->1") for bit in range(4)]
    excluded, stale = applied(entry(file='"m.sv"', kind='"toggle"', signals='["x"]', bits='"2,3-9"'), *records)
    assert [point.bit for point in excluded] == [2, 3]
    assert set(excluded.values()) == {"it cannot be"}
    assert stale == []


def test_lines_that_are_left_out_do_not_count(applied, merged):
    records = [record(1, S="2"), record(0, l=3, t="branch", o="else", S="3")]
    excluded, stale = applied(entry(file='"m.sv"', kind='"branch"', source='"else c"', what='"e.*"'), *records)
    found = code.Code(merged(records), excluded)
    assert stale == []
    assert found.figures("m.sv")["line"] == {"points": 1, "covered": 1, "excluded": 1}
    assert found.figures("m.sv")["branch"] == {"points": 0, "covered": 0, "excluded": 1}
    assert found.reasons("m.sv") == [(3, "branch", "else", "it cannot be")]
    assert found.gaps("m.sv") == []


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"kind": '"toggle"', "signals": '["y"]'}, "stale exclusion, it matches nothing: m.sv toggle y"),
        ({"kind": '"toggle"', "signals": '["y", "x"]', "bits": '"1"'}, "stale exclusion, y matches nothing: m.sv"),
        ({"kind": '"branch"', "source": '"endmodule"'}, "stale exclusion, it matches nothing: m.sv branch endmodule"),
        ({"kind": '"toggle"', "signals": '["x"]'}, "2 of its 4 points are reached, such as x[0]:0->1 in line 2"),
        ({"kind": '"branch"', "source": '"if (a)"'}, "1 of its 1 points are reached, such as if in line 2"),
    ],
)
def test_a_stale_exclusion_is_told(applied, fields, complaint):
    edges = [("x[0]:0->1", 1), ("x[0]:1->0", 1), ("x[1]:0->1", 1), ("x[1]:1->0", 0)]
    toggles = [record(count, t="toggle", o=edge) for edge, count in edges]
    _, stale = applied(entry(file='"m.sv"', **fields), *toggles, record(7, t="branch", o="if"))
    assert len(stale) == 1
    assert complaint in stale[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[reason]]\npoints = []", "field 'text' is missing"),
        ('[[reason]]\ntext = " "\npoints = []', "it has no text"),
        ('[[reason]]\ntext = "so"\npoints = []', "it has no points"),
        (entry(file='"m.sv"', kind='"line"'), "it does not say what it is about"),
        (entry(file='"m.sv"', kind='"lines"', source='"a"'), "unknown kind 'lines'"),
        (entry(file='"m.sv"', kind='"line"', signals='["x"]'), "field 'signals' is not for a line"),
        ("[[reason", "mend the TOML"),
    ],
)
def test_an_incomplete_exclusion_is_refused(tmp_path, text, says):
    path = tmp_path / "exclusions.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        exclusions.load(path)


def test_a_shortfall_has_a_reason(tmp_path):
    path = tmp_path / "exclusions.toml"
    path.write_text('[shortfall]\nline = " "\n', encoding="utf-8")
    with pytest.raises(InputError, match="give a reason"):
        exclusions.shortfalls(path)


def test_exclusions_of_the_project_are_about_its_files():
    files = {file.name for file in HDL.glob("*.sv*")}
    assert {exclusion.file for reason in exclusions.load() for exclusion in reason.points} <= files


SAMPLES = """
from tb.evidence.coverage.functional import Group
group = Group("g", {"a": (1, 2), "b": ("x", "y")}, {"both": ("a", "b")}, {"both": [(2, "y")]})
group(a=1, b={"x", "y"})
group(a=1)
group(a=3, b="x")
"""


def test_samples_hit_their_bins(tmp_path):
    """A value hits its bin, a set all of its; a cross what one sample hits; runs add up."""
    files = [tmp_path / f"{run}.yml" for run in range(2)]
    for file in files:
        env = os.environ | {"FUNCTIONAL": str(file), "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", SAMPLES], env=env, check=True)
    hits = functional.merge(files, tmp_path / "merged.yml")
    assert hits["g.a"] == {"1": 4, "2": 0}
    assert hits["g.b"] == {"x": 4, "y": 2}
    assert hits["g.both"] == {"(1, 'x')": 2, "(1, 'y')": 2, "(2, 'x')": 0}


def test_points_that_no_run_knew_are_not_forgotten(tmp_path):
    hits = functional.merge([], tmp_path / "merged.yml")
    assert set(hits) == set(functional.names())
    assert not any(count for bins in hits.values() for count in bins.values())
