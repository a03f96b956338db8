# SPDX-License-Identifier: Apache-2.0
"""Runs the X and reset benches, and holds what they find unknown after reset against unreset.toml."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest

from models.checkpoint import checkpoint, tiny
from tb.chip.job import BuiltChip
from tb.evidence.reset.state import HANDSHAKES, REGISTER, modules, with_reset
from tb.rig import masks, tables
from tb.rig.faults import Fault, write_broken
from tb.rig.runner import default_seed, run

TESTS = "tb.evidence.reset.reset_tests"


@dataclass(frozen=True)
class Unreset:
    """unreset.toml: module -> name -> reason."""

    registers: dict[str, dict[str, str]]
    outputs: dict[str, dict[str, str]]


ALLOWED = asdict(tables.load(Path(__file__).with_name("unreset.toml"), Unreset))
LISTED = {(module, name) for kind in ALLOWED.values() for module, names in kind.items() for name in names}


@dataclass(frozen=True)
class UnresetFound:
    """What the benches saw, all designs together: modules, and signals that are unknown after reset."""

    modules: set[str]
    unknown: set[tuple[str, str]]


def chip(folder: Path) -> dict:
    """The whole chip, ROM view."""
    made = BuiltChip.of(checkpoint.load(tiny.write(folder / "tiny.gguf", **tiny.LEAST)), kv_depth=4)
    return {"top": "chip", "shape_pkg": made.shape_pkg, "plusargs": (f"+mask={made.mask}",)}


def cartridge(folder: Path) -> dict:
    """The chip behind its host port, which is reset and looked at."""
    return chip(folder) | {"top": "cartridge"}


def matrix(folder: Path) -> dict:
    """A matrix as hardware, with integers ahead of its scaling units."""
    masks.matrix(folder, np.random.default_rng(default_seed()), "qkv", 0, 32, 32, 1, span=16, superblock=32)
    sizes = {"VIEW": 1, "K": 32, "N": 32, "SPAN": 16, "SUPER": 32}
    return {"top": "matrix", "parameters": sizes, "plusargs": (f"+mask={folder}",)}


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> UnresetFound:
    """The benches' findings; they fail by themselves if a reset in operation is not as good as the first."""
    designs = (chip, cartridge, matrix)
    return UnresetFound(*map(set.union, *(simulated(design, tmp_path_factory.mktemp("reset")) for design in designs)))


def simulated(design: Callable[[Path], dict], folder: Path, **changed) -> tuple[set, set]:
    """Run the bench on a design, settings of the run ``changed``: modules, unknown signals."""
    report, trace = folder / "found.json", folder / "trace"
    trace.mkdir()
    settings = design(folder) | changed
    settings["plusargs"] += (f"+trace={trace}",)
    env = {"FOUND": str(report), "TRACE": str(trace), "COCOTB_TEST_FILTER": settings.pop("only", "")}
    run(settings.pop("top"), TESTS, simulator="icarus", env=env, **settings)
    seen = json.loads(report.read_text())
    return set(seen["modules"]), {tuple(pair) for pair in seen["unknown"]}


def test_a_missing_reset_is_seen(tmp_path):
    """A register of the product generator that is not reset is unknown, and on no list."""
    missing = Fault("missing", "product_lines.sv", "x_q <= '0;", "")
    hdl = write_broken("reset", [missing])
    _, unknown = simulated(matrix, tmp_path, hdl=hdl, only="at_power_on$")
    assert unknown - LISTED >= {("product_lines", "x_q")}


def test_known_after_reset(found):
    """No output and no register is unknown after reset, but those of unreset.toml; no handshake is, ever."""
    assert not set(with_reset()) - found.modules, "no bench has these modules"
    assert not [(module, name) for module, name in sorted(found.unknown) if HANDSHAKES.fullmatch(name)]
    assert not sorted(found.unknown - LISTED)


def test_no_entry_is_stale(found):
    """Everything that is listed is unknown in some design, and has a reason."""
    assert LISTED <= found.unknown
    assert {module for module, _ in LISTED} <= set(modules())
    assert all(reason for kind in ALLOWED.values() for names in kind.values() for reason in names.values())
    assert all(REGISTER.fullmatch(name) for names in ALLOWED["registers"].values() for name in names)
