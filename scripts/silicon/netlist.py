# SPDX-License-Identifier: Apache-2.0
"""The netlist of a base die: what yosys makes of hdl/ and a shape package, with every mask left open.

A die is the same module many times over, so it is synthesised in units: each elaborated once, with its own parameters,
the units inside it left as boxes. All are netlists of words; a block of the first array and what feeds and drains it
are netlists of gates too. Yosys sees one folder (yosys.py), with hdl/ and the package in it and nothing else:
what it cannot read cannot be in the netlist. Masks are inputs of it, or memories nobody writes.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from models.die import sv_package
from models.die.shape import EMBED, GROUP, MATRICES, Die, Shape
from models.die.widths import array_widths, sum_widths
from models.project import HDL
from scripts.silicon import yosys

PACKAGE = "shape_pkg.sv"
WHOLE = 40_000  # cells of an array up to which all its columns are synthesised; of a larger one a beat of them is
BOXES = ("layer", "embedding", "matrix", "block")  # modules that are units of their own
GATE_BOXES = (*BOXES, "sub_scale", "scaling_unit", "act_quantiser")  # where units are gates
# What nothing but a mask drives is exposed as an input, before anything is simplified for want of a driver.
SCRIPT = """
read_slang -j 1 --single-unit --unroll-limit 10000000 {options} --top {top} \
-I {die}/hdl -y {die}/boxes -y {die}/hdl --libext .sv {die}/{package} {die}/hdl/cartridge_pkg.sv {die}/hdl/{top}.sv
expose -input w:*.gen_block*.via w:*.u_drain.scales w:*.u_drain.gen_integers.integers
{gates}
delete */t:$scopeinfo
setattr -unset src; setattr -mod -unset src; setattr -unset hdlname
write_rtlil {die}/{out}
"""


@dataclass(frozen=True)
class Unit:
    """A module of hdl/ to be synthesised, its parameters, and whether down to gates."""

    top: str
    parameters: dict[str, int] = field(default_factory=dict)
    gates: bool = False

    @property
    def name(self) -> str:
        """Names the unit among those of a die."""
        values = [f"{name}={value}" for name, value in self.parameters.items()]
        return "-".join([self.top, *values, "gates" if self.gates else "words"])


@dataclass(frozen=True)
class Netlist:
    """A base die: the text of each unit in yosys' RTLIL, by the unit's name."""

    units: dict[str, str]

    @property
    def sha256(self) -> str:
        """Of all units."""
        return hashlib.sha256("".join(f"{name}\n{text}" for name, text in self.units.items()).encode()).hexdigest()

    @property
    def cells(self) -> Counter:
        """Cells by type, of all units."""
        return Counter(kind for text in self.units.values() for kind in re.findall(r"(?m)^  cell (\S+)", text))


def units(shape: Shape, die: Die) -> list[Unit]:
    """The units of a die."""
    common = {"W_BITS": die.cell_bits, "ACT_W": die.act_w, "BIT_LINES": die.bit_lines}
    embedding = {"D_MODEL": shape.d_model, "VOCAB": shape.vocab, "SLICES": die.embed_slices, "W_BITS": die.cell_bits}
    embedding |= {"SPAN": die.span[EMBED], "SUPER": die.superblock[EMBED]}
    found = [Unit("chip"), Unit("layer"), Unit("embedding", embedding)]
    for number, array in enumerate(MATRICES):
        rows, columns = shape.matrix_size(array, die.lanes)
        own = {"BLOCK": die.block[array], "SLICES": die.slices[array], "SPAN": die.span[array]}
        widths = sum_widths(die.act_w, die.cell_bits, die.slices[array], die.span[array], die.offset[array])
        drained = {name.upper(): width for name, width in array_widths(die, array)._asdict().items()}
        matrix = common | own | {"VIEW": sv_package.VIEWS["gate"], "SHARE": die.share[array]}
        matrix |= {"SUPER": die.superblock[array], "OFFSET": die.offset[array]}
        block = common | own
        if rows * columns * die.slices[array] > WHOLE:
            columns = die.lanes
        adapted = array != "head"  # here and in what follows, as in hdl/projection.sv
        beside = {
            "MODULES": len(shape.modules(array)) if adapted else 0,
            "ARRAY": number if adapted else 0,
            "FROM_1": shape.d_q // die.lanes,
            "FROM_2": (shape.d_q + shape.d_kv) // die.lanes,
            "RANK": die.rank,
            "BANKS": die.adapters,
        }
        whole = matrix | beside | {"K": rows, "N": columns}
        found += [Unit("matrix", whole), Unit("block", block | {"N": columns})]
        if array == MATRICES[0]:
            step = max(die.lanes, die.superblock[array])
            one = {"K": -(-die.block[array] // step) * step, "N": die.lanes}  # at least a block, and a beat of columns
            found += [
                Unit("matrix", matrix | one, gates=True),
                Unit("block", block | {"N": die.lanes}, gates=True),
                Unit("scaling_unit", drained, gates=True),
                Unit("act_quantiser", {"N": GROUP, "W": die.act_w}, gates=True),
            ]
            if die.superblock[array]:
                sums = {"SUM_W": widths.sum_w, "XSUM_W": widths.xsum_w, "PAIR": widths.pair}
                found.append(Unit("sub_scale", sums, gates=True))
    return list({unit.name: unit for unit in found}.values())


def synthesise(shape: Shape, die: Die, hdl: Path = HDL) -> Netlist:
    """The netlist of the die, gate view, from the RTL in the folder ``hdl``. InputError if yosys refuses it."""
    todo = units(shape, die)
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = Path(scratch)
        shutil.copytree(hdl, folder / "hdl")
        _make_boxes(folder)
        sv_package.write(shape, die, folder / PACKAGE, view="gate")
        work = pool.map(lambda job: _run(*job, folder), enumerate(todo))
        texts = list(tqdm(work, desc="synthesis", unit="unit", total=len(todo), disable=None))
    return Netlist({unit.name: text for unit, text in zip(todo, texts, strict=True)})


def sources(shape: Shape, die: Die, hdl: Path = HDL) -> str:
    """SHA-256 over the RTL and the shape package: every file's name and content."""
    with tempfile.TemporaryDirectory() as scratch:
        package = sv_package.write(shape, die, Path(scratch, PACKAGE), view="gate")
        digest = hashlib.sha256()
        for file in [package, *sorted(hdl.glob("*.sv*"))]:
            digest.update(f"{file.name} {file.stat().st_size}\n".encode() + file.read_bytes())
        return digest.hexdigest()


def _make_boxes(folder: Path) -> None:
    """Modules without their bodies: the reader would elaborate even those of a box, and the head has many columns."""
    (folder / "boxes").mkdir()
    for box in BOXES:
        header, end, _ = (folder / "hdl" / f"{box}.sv").read_text().partition("\n);\n")
        (folder / "boxes" / f"{box}.sv").write_text(f"{header}{end}endmodule\n")


def _run(number: int, unit: Unit, folder: Path) -> str:
    """A unit's netlist."""
    out = f"unit{number}.il"
    options, gates = " ".join(_options(unit)), "synth -noabc" if unit.gates else ""
    script = SCRIPT.format(die=yosys.ROOT, package=PACKAGE, top=unit.top, out=out, options=options, gates=gates)
    yosys.run(script, folder, unit.name)
    return (folder / out).read_text()


def _options(unit: Unit) -> Iterator[str]:
    """Of read_slang: parameters, boxes, and in gates no memories, which would be masks that cannot be cut open."""
    yield from (f"-G {name}={value}" for name, value in unit.parameters.items())
    yield from (f"--blackboxed-module {box}" for box in (GATE_BOXES if unit.gates else BOXES) if box != unit.top)
    if unit.gates:
        yield "--no-implicit-memories"
