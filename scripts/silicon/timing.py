# SPDX-License-Identifier: Apache-2.0
"""Times hdl/: yosys makes gates of a module, abc maps them to the cells of cells.toml, sizes these and finds the
slowest path between flip-flops, memories, inputs and outputs, masks among the inputs."""

import json
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError
from scripts.cli.files import write
from scripts.silicon import cells
from scripts.silicon.cells import LIBRARY
from scripts.silicon.synthesis import CACHE, RAM_BIT, READ, key, netlist, root

# Adders are Brent and Kung's, yosys' own; resets are gates, enables those of the clock.
GATES = """
flatten; opt; techmap; opt; simplemap
dfflegalize -cell $_DFF_P_ 01 -cell $_DFFE_PP_ 01; opt -nodffe -nosdff; clean
write_json {die}/netlist.json
"""
# Sizing once, along the longest path alone, ends early where many paths are nearly as long.
MAPPING = """
read_lib slow.lib; read_constr constraints; read_blif logic.blif
strash; &get -n; &dch; &nf; &put; topo; buffer -p
upsize -J 200 -W 5; dnsize; topo; upsize -J 200; dnsize; topo; stime -p; write_blif mapped.blif
read_lib typical.lib; read_constr constraints; read_blif mapped.blif; topo; stime
"""
LOGIC = {  # of yosys' gates: inputs, and when the output is 1
    "$_BUF_": ("A", "1 1"),
    "$_NOT_": ("A", "0 1"),
    "$_AND_": ("AB", "11 1"),
    "$_NAND_": ("AB", "0- 1\n-0 1"),
    "$_OR_": ("AB", "1- 1\n-1 1"),
    "$_NOR_": ("AB", "00 1"),
    "$_ANDNOT_": ("AB", "10 1"),
    "$_ORNOT_": ("AB", "1- 1\n-0 1"),
    "$_XOR_": ("AB", "10 1\n01 1"),
    "$_XNOR_": ("AB", "11 1\n00 1"),
    "$_MUX_": ("ABS", "1-0 1\n-11 1"),
}
CLOCK_GATE = LIBRARY["clock_gate"]
Bit = int | str


@dataclass(frozen=True)
class Timed:
    """A module in cells, with its slowest path."""

    cells: Counter  # by name with size, as NAND2x4
    flops: int
    clock_gates: int
    ram_bits: int
    logic_ps: dict[str, float]  # of the path between its flip-flops, by corner
    start: str
    end: str

    @property
    def path_ps(self) -> dict[str, float]:
        """Of the slowest path with clock to output and setup of its flip-flops, by corner."""
        return {corner: ps + LIBRARY["flop"][corner] for corner, ps in self.logic_ps.items()}

    @property
    def transistors(self) -> int:
        """All of them, memories with two ports."""
        logic = sum(cells.cost(name)[0] * count for name, count in self.cells.items())
        flops = LIBRARY["flop"]["transistors"] * self.flops + CLOCK_GATE["transistors"] * self.clock_gates
        return logic + flops + RAM_BIT * self.ram_bits

    @property
    def input_ff(self) -> float:
        """Capacitance of all inputs of the logic, with their wires."""
        return sum(cells.inputs_ff(name) * count for name, count in self.cells.items())

    @property
    def area_um2(self) -> float:
        """Of all cells, side by side."""
        logic = sum(cells.cost(name)[1] * count for name, count in self.cells.items())
        flops = LIBRARY["flop"]["area_um2"] * self.flops + CLOCK_GATE["area_um2"] * self.clock_gates
        return logic + flops + LIBRARY["memory"]["area_um2"] * self.ram_bits


def time_module(
    top: str, parameters: dict[str, int], *, without: tuple[str, ...] = (), lanes: int = 32, behind: str = ""
) -> Timed:
    """Map and time module ``top`` of hdl/, the modules ``without`` left as boxes; with ``behind`` only what the input
    of that name reaches before a register. Kept in build/synthesis.

    InputError if yosys or abc is missing or refuses the module.
    """
    kept = CACHE / f"{top}-timed-{key(top, READ, GATES, MAPPING, LIBRARY, parameters, without, lanes, behind)}.json"
    if not kept.is_file():
        write(kept, vars(time_netlist(netlist(top, parameters, without, lanes, GATES), top, behind)))
    found = json.loads(kept.read_text())
    return Timed(**found | {"cells": Counter(found["cells"])})


def time_netlist(flat: dict, top: str, behind: str = "") -> Timed:
    """Map and time a flat netlist in yosys' JSON, or what one of its inputs reaches."""
    module = flat["modules"][root(flat, top)]
    found = list(module["cells"].values())
    rest = [cell for cell in found if cell["type"] not in LOGIC]
    flops = [cell for cell in rest if "DFF" in cell["type"]]
    blif, starts, ends = _logic(module, behind)
    with tempfile.TemporaryDirectory() as folder:
        for corner in cells.CORNERS:
            Path(folder, f"{corner}.lib").write_text(cells.liberty(corner))
        Path(folder, "constraints").write_text(cells.constraints())
        Path(folder, "logic.blif").write_text(blif)
        report = _map(Path(folder), top)
        mapped = Path(folder, "mapped.blif").read_text()
    delays = [float(ps) for ps in re.findall(r"Delay =\s*([\d.]+) ps", report)]
    start, end = map(int, re.findall(r"Start-point = pi(\d+).*End-point = po(\d+)", report)[-1])
    return Timed(
        cells=Counter(re.findall(r"(?m)^\.gate ([A-Z0-9]+x\d+)", mapped)),
        flops=len(flops),
        clock_gates=len({cell["connections"]["E"][0] for cell in flops if "E" in cell["connections"]}),
        ram_bits=sum(_ram_bits(cell) for cell in rest if cell["type"] == "$mem_v2"),
        logic_ps=dict(zip(cells.CORNERS, delays[-2:], strict=True)),
        start=starts[start],
        end=ends[end],
    )


def _ram_bits(cell: dict) -> int:
    return int(cell["parameters"]["SIZE"], 2) * int(cell["parameters"]["WIDTH"], 2)


def mapper() -> str:
    """Where abc is. InputError if it is missing."""
    abc = shutil.which("berkeley-abc")
    if abc is None:
        raise InputError("berkeley-abc is missing", "PATH", "as root: `apt-get install berkeley-abc`, or `make setup`")
    return abc


def _map(folder: Path, top: str) -> str:
    """Runs abc in a folder and gives what it says."""
    script = "; ".join(MAPPING.split("\n")[1:-1])
    done = subprocess.run([mapper(), "-c", script], cwd=folder, capture_output=True, text=True)
    if done.returncode or not (folder / "mapped.blif").is_file() or "Start-point" not in done.stdout:
        raise InputError(f"berkeley-abc does not time {top}", "hdl/", "see scripts/silicon/timing.py for its commands")
    return done.stdout


def _logic(module: dict, behind: str = "") -> tuple[str, list[str], list[str]]:
    """The logic between a module's flip-flops, memories, boxes and ports in BLIF, with names for its inputs and
    outputs."""
    names = _names(module)
    gates = [cell for cell in module["cells"].values() if cell["type"] in LOGIC]
    driven = {cell["connections"]["Y"][0] for cell in gates}
    read = (cell["connections"][pin][0] for cell in gates for pin in LOGIC[cell["type"]][0])
    inputs = [bit for bit in dict.fromkeys(read) if bit not in driven and isinstance(bit, int)]
    outputs = {bit: end for bit, end in _ends(module, names) if bit in driven}
    if behind:
        reached = _reached(gates, set(module["ports"][behind]["bits"]))
        outputs = {bit: end for bit, end in outputs.items() if bit in reached}
    lines = [
        ".model logic",
        ".inputs " + " ".join(map(_net, inputs)),
        ".outputs " + " ".join(map(_net, outputs)),
        ".names c0\n.names c1\n1",
    ]
    for cell in gates:
        pins, cover = LOGIC[cell["type"]]
        nets = " ".join(_net(cell["connections"][pin][0]) for pin in (*pins, "Y"))
        lines.append(f".names {nets}\n{cover}")
    return "\n".join([*lines, ".end\n"]), [names.get(bit, "a mask") for bit in inputs], list(outputs.values())


def _reached(gates: list[dict], bits: set[Bit]) -> set[Bit]:
    """What gates make of ``bits``, with these."""
    readers: dict[Bit, list[Bit]] = {}
    for cell in gates:
        for pin in LOGIC[cell["type"]][0]:
            readers.setdefault(cell["connections"][pin][0], []).append(cell["connections"]["Y"][0])
    found, left = set(bits), list(bits)
    while left:
        new = [bit for bit in readers.get(left.pop(), []) if bit not in found]
        found.update(new)
        left += new
    return found


def _net(bit: Bit) -> str:
    """A net's name in BLIF; what is undefined is 0."""
    return f"n{bit}" if isinstance(bit, int) else "c1" if bit == "1" else "c0"


def _names(module: dict) -> dict[Bit, str]:
    """A name for each bit: the shortest that the RTL has, else of the cell that drives it, else yosys' own."""
    nets = sorted(module["netnames"].items(), key=lambda item: (item[1]["hide_name"], len(item[0])))
    known = [(name, net["bits"]) for name, net in nets if not net["hide_name"]]
    for name, cell in module["cells"].items():
        if cell["type"] not in LOGIC:
            driven = [pin for pin, direction in cell["port_directions"].items() if direction == "output"]
            known += [(f"{name}.{pin}", cell["connections"][pin]) for pin in driven]
    found = {}
    for name, bits in [*known, *((name, net["bits"]) for name, net in nets)]:
        for place, bit in enumerate(bits):
            found.setdefault(bit, name if len(bits) == 1 else f"{name}[{place}]")
    return found


def _ends(module: dict, names: dict[Bit, str]) -> Iterator[tuple[Bit, str]]:
    """Each bit that something other than a gate reads, with a name for what that is."""
    for name, port in module["ports"].items():
        if port["direction"] == "output":
            yield from ((bit, f"{name}[{place}]") for place, bit in enumerate(port["bits"]))
    for name, cell in module["cells"].items():
        if cell["type"] not in LOGIC:
            pins = [pin for pin, direction in cell["port_directions"].items() if direction == "input"]
            flop = "Q" in cell["connections"]
            what = names[cell["connections"]["Q"][0]] if flop else name
            for pin in pins:
                yield from ((bit, what if pin == "D" else f"{what}.{pin}") for bit in cell["connections"][pin])
