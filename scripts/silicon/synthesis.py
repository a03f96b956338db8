# SPDX-License-Identifier: Apache-2.0
"""Synthesis of hdl/ with yosys: what a module consists of, in gates, flip-flops and memory bits, and in transistors.

Masks are cut: whatever they hold is an input of the logic, which therefore cannot be simplified by knowing it.
"""

import hashlib
import json
import math
import re
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.errors import InputError
from models.project import BUILD, HDL
from scripts.cli.files import write
from scripts.silicon import yosys

CACHE = BUILD / "synthesis"
MAP = Path(__file__).with_name("full_adders.v")

# Static CMOS, as `stat -tech cmos` of yosys counts gates. A full adder is the 28-transistor mirror adder, a multiplexer
# two transmission gates and an inverter, a flip-flop two transmission-gate latches with their clock inverters. Weste
# and Harris, CMOS VLSI Design, chapters 1, 10 and 11.
GATES = {
    "$_NOT_": 2,
    "$_NAND_": 4,
    "$_NOR_": 4,
    "$_AND_": 6,
    "$_OR_": 6,
    "$_ANDNOT_": 6,
    "$_ORNOT_": 6,
    "$_XOR_": 12,
    "$_XNOR_": 12,
    "$_MUX_": 6,
    "FULL_ADDER": 28,
    "CLOCK_GATE": 40,  # a latch and a gate, for all flip-flops of a module that share an enable
}
FLOP = 24
RAM_BIT = 8  # of a two-port memory with one write and one read port
USES = re.compile(r'(?m)^ +(\w+) (?:#\(|u_)|\b(\w+)::|`include "(\w+)')  # an instance, a package, a file
READ = """
read_slang -j 1 --single-unit --unroll-limit 10000000 {empty} --top {top} {parameters} -D SYNTHESIS -D LANES={lanes} \
-I {die}/hdl -y {die}/hdl --libext .sv {die}/hdl/cartridge_pkg.sv {die}/hdl/{top}.sv
hierarchy -top {top}
proc; memory_collect; cutpoint t:$mem_v2 r:WR_PORTS=0 %i; setundef -undriven -anyseq
opt; memory -nomap; opt_clean; wreduce; peepopt; opt_clean
alumacc; opt; maccmap; opt_clean
"""
COUNTED = """
techmap -map {die}/{map}; opt
techmap -map {die}/{map}; opt
techmap; opt; simplemap; extract_fa -fa
techmap -map {die}/{map}; opt; simplemap; dfflegalize -cell $_DFF_P_ 01; opt; clean
write_json {die}/netlist.json
"""


@dataclass(frozen=True)
class Parts:
    """What a module and everything in it consists of."""

    gates: Counter  # cells of GATES
    flops: int
    ram_bits: int  # of memories
    boxes: Counter  # instances of modules left out

    @property
    def transistors(self) -> int:
        """Transistors without those of masks and of what was left out."""
        logic = sum(GATES[cell] * count for cell, count in self.gates.items())
        return logic + FLOP * self.flops + RAM_BIT * self.ram_bits


def count_parts(top: str, parameters: dict[str, int], *, without: tuple[str, ...] = (), lanes: int = 32) -> Parts:
    """Synthesise module ``top`` of hdl/, the modules ``without`` left as boxes, and count. Kept in build/synthesis.

    InputError if yosys is missing or refuses the module.
    """
    kept = CACHE / f"{top}-{key(top, READ, COUNTED, parameters, without, lanes)}.json"
    if not kept.is_file():
        found = _count(netlist(top, parameters, without, lanes, COUNTED), top)
        write(kept, vars(found))
    return Parts(**{name: Counter(n) if isinstance(n, dict) else n for name, n in json.loads(kept.read_text()).items()})


def key(top: str, *what: object) -> str:
    """Of what is made from ``what`` and a module ``top`` of the RTL: another one as soon as either changes."""
    sources = hashlib.sha256(b"".join(file.read_bytes() for file in [*_sources(top), MAP]))
    sources.update(json.dumps([top, *what], sort_keys=True).encode())
    return sources.hexdigest()[:16]


@cache
def _sources(top: str) -> list[Path]:
    """The files of a module, of all that it may consist of, and of what they include; none of one that is not there."""
    files = {file.stem: file for file in HDL.glob("*.sv*")}
    found, left = {}, [top] if top in files else []
    while left:
        if (name := left.pop()) not in found:
            found[name] = files[name]
            left += {word for words in USES.findall(files[name].read_text()) for word in words} & files.keys()
    return [found[name] for name in sorted(found)]


def netlist(top: str, parameters: dict[str, int], without: tuple[str, ...], lanes: int, gates: str) -> dict:
    """A module in yosys' JSON, words turned into gates by the script ``gates``. InputError as of count_parts."""
    script = (READ + gates).format(
        die=yosys.ROOT,
        top=top,
        map=MAP.name,
        empty=" ".join(f"--blackboxed-module {name}" for name in without),
        parameters=" ".join(f"-G {name}={value}" for name, value in parameters.items()),
        lanes=lanes,
    )
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HDL, Path(folder, "hdl"))
        shutil.copy(MAP, folder)
        yosys.run(script, Path(folder), top)
        return json.loads(Path(folder, "netlist.json").read_text())


def root(netlist: dict, top: str) -> str:
    """What yosys calls the top level of a netlist."""
    modules = netlist["modules"]
    return top if top in modules else next(name for name in modules if modules[name]["attributes"].get("top"))


def _count(netlist: dict, top: str) -> Parts:
    """Count what is in a netlist in yosys' JSON, over its whole hierarchy."""
    modules, seen = netlist["modules"], {}

    def count(name: str) -> Parts:
        if name in seen:
            return seen[name]
        gates, boxes, flops, ram, enables = Counter(), Counter(), 0, 0, set()
        for cell in modules[name]["cells"].values():
            kind = cell["type"]
            if kind in GATES:
                gates[kind] += 1
            elif kind.startswith("$_") and "DFF" in kind:
                flops += 1
                enables.update(map(str, cell["connections"].get("E", [])))
                gates["$_AND_"] += "SDFF" in kind  # a synchronous reset
            elif kind == "$mem_v2":
                ram += math.prod(int(cell["parameters"][key], 2) for key in ("SIZE", "WIDTH"))
            elif kind in modules and modules[kind]["cells"]:
                inner = count(kind)
                gates.update(inner.gates)
                boxes.update(inner.boxes)
                flops, ram = flops + inner.flops, ram + inner.ram_bits
            elif not kind.startswith("$"):
                boxes[kind] += 1
            elif kind not in ("$scopeinfo", "$anyseq"):
                raise InputError(f"a cell {kind} is left in {name}", top, "teach synthesis.py what it costs")
        gates["CLOCK_GATE"] += len(enables)
        seen[name] = Parts(gates, flops, ram, boxes)
        return seen[name]

    return count(root(netlist, top))
