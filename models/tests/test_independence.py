# SPDX-License-Identifier: Apache-2.0
"""Mask, golden model and audit are written apart from each other: what they share is docs/formats.md and masks.md. The
golden model's process knows neither benches nor RTL.
"""

import ast
from pathlib import Path

import numpy as np
import pytest

from models.die.shape import Shape
from models.golden import rope
from models.mask import angles
from models.project import ROOT

APART = {  # room or module -> what it must not import, directly or through what it imports
    "models/mask": ("models.golden",),
    "models/golden": ("models.mask", "models.defects"),
    "models/defects": ("models.mask",),
    "models/defects/defect.py": ("models.golden",),
    "tb/oracle/golden_worker.py": ("models.mask", "tb.rig", "tb.chip", "tb.oracle.trace", "models.die.host_map"),
    "models/mask/decode.py": ("models.mask.etch", "models.mask.angles"),
    "models/mask/audit.py": ("models.mask.etch", "models.mask.angles"),
}
SMOLLM2 = Shape(30, 576, 9, 3, 64, 1536, 49152, 1e-5, 100000.0, 64)
SHAPES = {
    "SmolLM2": (SMOLLM2, 2048),
    "Llama 3.1 8B": (Shape(32, 4096, 32, 8, 128, 14336, 128256, 1e-5, 500000.0, 128), 1024),
    "half the head turns, with factors": (Shape(1, 64, 4, 2, 16, 96, 150, 1e-5, 1e4, 8, (1.0, 2.0, 4.0, 8.0)), 300),
    "base 1": (Shape(1, 64, 4, 2, 16, 96, 150, 1e-5, 1.0, 16), 65),
}


def imports(name: str, seen: set[str]) -> set[str]:
    """The modules of this tree that a module imports, and what those import."""
    file = ROOT / f"{name.replace('.', '/')}.py"
    if name in seen or not file.is_file():
        return seen
    seen.add(name)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            for found in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                imports(found, seen)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imports(alias.name, seen)
    return seen


@pytest.mark.parametrize("room", APART)
def test_nothing_is_shared(room):
    files = [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).glob("*.py"))
    assert files
    for file in files:
        name = ".".join(Path(file).relative_to(ROOT).with_suffix("").parts)
        found = imports(name, set())
        assert not [other for other in found for apart in APART[room] if f"{other}.".startswith(f"{apart}.")], name


@pytest.mark.parametrize("name", SHAPES)
def test_both_tables_of_rope_are_the_same(name):
    shape, depth = SHAPES[name]
    words = angles.table(shape, depth)
    cos, sin = rope.table(shape, depth)
    assert words.dtype == np.uint32
    np.testing.assert_array_equal((words & 0xFFFF).astype(np.uint16).view(np.int16), cos)
    np.testing.assert_array_equal((words >> 16).astype(np.uint16).view(np.int16), sin)
