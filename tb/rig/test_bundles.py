# SPDX-License-Identifier: Apache-2.0
"""The bundles beside the package as a simulator has it, and beside a package that has changed."""

import subprocess

import pytest

from models.project import HDL
from tb.oracle import conversation
from tb.rig import bundles
from tb.rig.beats import random_tag
from tb.rig.bundles import PACKAGE, AdapterWrite, Answer, Beat, End, Prompt, Sample, Tag, bundle
from tb.rig.rtl import Package

STRUCTS = {
    "tag_t": Tag,
    "beat_t": Beat,
    "sample_t": Sample,
    "prompt_t": Prompt,
    "answer_t": Answer,
    "adapter_write_t": AdapterWrite,
}


def simulated(folder, struct: str) -> dict[str, tuple[int, int]]:
    """(lowest bit, bits) of each field as Icarus has them: a field is filled with ones, all others with zeros."""
    names = [field.name for field in PACKAGE.fields(struct)]
    show = [f'value = 0; value.{name} = ~value.{name}; $display("{name} %b", value);' for name in names]
    bench = folder / f"{struct}.sv"
    text = f"module top; import cartridge_pkg::*; {struct} value; initial begin {' '.join(show)} end endmodule\n"
    bench.write_text(text, encoding="utf-8")
    compiled = folder / f"{struct}.vvp"
    command = ["iverilog", "-g2012", "-s", "top", "-o", compiled, HDL / "cartridge_pkg.sv", bench]
    subprocess.run(command, check=True, capture_output=True)
    lines = subprocess.run(["vvp", compiled], check=True, capture_output=True, text=True).stdout.split()
    return {
        name: (len(bits) - bits.rindex("1") - 1, bits.count("1"))
        for name, bits in zip(lines[::2], lines[1::2], strict=True)
    }


@pytest.mark.parametrize("struct", STRUCTS)
def test_every_field_is_where_a_simulator_has_it(struct, tmp_path):
    places = {field.name: (field.first, field.width) for field in PACKAGE.fields(struct)}
    assert places == simulated(tmp_path, struct)
    kind = STRUCTS[struct]
    assert sum(width for _, width in places.values()) == kind.WIDTH
    for _ in range(20):
        value = kind.random()
        assert kind.unpack(value.pack()) == value
        for name, (first, width) in places.items():
            field = getattr(value, name)
            number = field.pack() if isinstance(field, tuple) else int(field)
            assert number == value.pack() >> first & (1 << width) - 1


def test_answers_end_as_the_golden_model_numbers_it():
    """Two enumerations, one from the RTL and one from docs/host.md."""
    assert {end.name: end.value for end in End} == {end.name: end.value for end in conversation.End}


def test_a_package_that_changes(tmp_path):
    """Wider slots and another field: the bundles follow."""
    text = (HDL / "cartridge_pkg.sv").read_text(encoding="utf-8")
    for old, new in (
        ("typedef logic [7:0] slot_t;", "typedef logic [2*5-1:0] slot_t;"),
        ("    pos_t     pos;\n  } tag_t;", "    pos_t     pos;\n    logic [1:0] more;\n  } tag_t;"),
        ("EndContext = 2'd3", "EndContext = 2'h3"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "cartridge_pkg.sv").write_text(text, encoding="utf-8")
    package = Package(tmp_path / "cartridge_pkg.sv", LANES=64)
    changed = bundle("tag_t", package)
    assert changed.WIDTH == Tag.WIDTH + 4
    assert changed(slot=1, more=2).pack() == 1 << 18 | 2
    assert package.width("beat_t") == 64 * 32 + changed.WIDTH
    assert package.enum("end_e") == {f"End{end.name.title()}": end for end in End}


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"tag_t\.slot has 8 bits, too few for 256"):
        Tag(slot=256).pack()
    with pytest.raises(ValueError, match=r"tag_t\.pos has 16 bits, too few for -1"):
        Tag(pos=-1).pack()
    with pytest.raises(TypeError, match="tag_t has no field 'place'"):
        Tag(place=1)


def test_tags_are_whole():
    """Those that are made of fields, and no others; one with a bit turned over is not."""
    for _ in range(20):
        tag = random_tag()
        assert tag.pack().bit_count() % 2 == 0
        assert Tag.unpack(tag.pack()) == tag != tag.broken() != tag
        assert tag.broken().pack().bit_count() % 2 == 1
    assert Tag(slot=1) != Tag(slot=1, parity=0) and Tag(slot=1) == Tag(slot=1, parity=1)


def test_reasons_have_names():
    assert [end.name for end in End] == ["NONE", "STOP", "LIMIT", "CONTEXT"]
    assert Answer().reason is End.NONE and isinstance(Answer.unpack(3).reason, End)
    assert bundles.NO_TOKEN == 0xFFFFFF
