# SPDX-License-Identifier: Apache-2.0
"""What is written from the register map is current, and what is no map is refused."""

import re

import pytest

from models.die import host_map
from models.errors import InputError
from models.project import HDL

AGAIN = "run: python -m models.die.host_map"


@pytest.fixture(scope="module")
def registers() -> list[host_map.Register]:
    return host_map.read()


def test_the_package_is_current(registers):
    assert host_map.PACKAGE.read_text(encoding="utf-8") == host_map.package(registers), AGAIN


def test_the_page_is_current(registers):
    text = host_map.PAGE.read_text(encoding="utf-8")
    assert host_map.table(registers) in text, AGAIN
    assert host_map.page(text, registers) == text


def test_a_counter_more_moves_no_other(registers, tmp_path):
    """Counters have names and indices by the map alone: one more, and every name still means its own addresses."""
    source = tmp_path / "more.rdl"
    text = host_map.SOURCE.read_text(encoding="utf-8")
    source.write_text(text.replace("counter CYCLES @ 0x080;", "counter MORE @ 0x078;\n  counter CYCLES @ 0x080;"))
    more = host_map.read(source)
    assert host_map.counters(more) == ["MORE", *host_map.counters(registers)]
    package = host_map.package(more)
    assert "localparam int COUNTERS = 8;" in package
    assert "localparam counter_t COUNTER_CYCLES = 3'd1;" in package
    assert "CYCLES_LO_ADDR, CYCLES_HI_ADDR: counter_of = COUNTER_CYCLES;" in package


def test_the_map_has_as_many_stop_tokens_as_the_core(registers):
    count = next(register.count for register in registers if register.name == "STOP_TOKEN")
    assert re.search(rf"localparam int STOP_TOKENS = {count};", (HDL / "cartridge_pkg.sv").read_text(encoding="utf-8"))


def test_a_register_more_is_seen(registers, tmp_path):
    """Neither file stays current when the map changes."""
    source = tmp_path / "more.rdl"
    text = host_map.SOURCE.read_text(encoding="utf-8")
    source.write_text(text.replace("constant LANES @", "constant MORE @ 0x02C;\n  constant LANES @"), encoding="utf-8")
    more = host_map.read(source)
    assert len(more) == len(registers) + 1
    assert host_map.package(more) != host_map.package(registers)
    assert "| `0x002C` | MORE | 31:0 |" in host_map.table(more)


def test_arrays_and_masks(registers):
    """Addresses of elements, bits that can be written, values after reset."""
    by_name = {register.name: register for register in registers}
    beta = by_name["SLOT.BETA"]
    assert (beta.address, beta.base, beta.count, beta.stride) == (0x1014, 0x1000, 256, 0x20)
    assert (beta.bits, beta.reset) == (0xFFFFFF, 94548)
    assert by_name["ID"].bits == 0
    assert by_name["ERRORS"].fields[0].access == "rw1c"
    assert by_name["SLOT.STATUS"].fields[0].values["BUSY"][0] == 3
    assert len({register.address for register in registers}) == len(registers)


@pytest.mark.parametrize("text", ["addrmap host { reg { field {} a[; } A; };", "addrmap host { nothing A; };", None])
def test_no_map(tmp_path, text):
    source = tmp_path / "bad.rdl"
    if text is not None:
        source.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="mend the SystemRDL"):
        host_map.read(source)
