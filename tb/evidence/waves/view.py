# SPDX-License-Identifier: Apache-2.0
"""Lays out a trace for GTKWave: a save file, signals grouped and readable, the cursor at the first mismatch."""

import re
from dataclasses import dataclass
from pathlib import Path

from models.die.shape import LANES
from models.golden.stage import CHIP, Stage
from tb.evidence.waves import mismatch, places, surfer
from tb.evidence.waves.mismatch import FirstWrong
from tb.evidence.waves.names import Names
from tb.evidence.waves.save_file import BIT, DECIMAL, HEX, INTEGER, Format, SaveFile, fixed_point, named
from tb.evidence.waves.signals import Signals, Tap
from tb.rig.record import Record
from tb.rig.rtl import Field, Package

LANES_SHOWN = 4
FX_W = 32
AROUND = 24  # clocks that the window shows around a mismatch, most of them before it
PERIOD = 10  # ns: the clock of every bench
# Signals that are rows of values: the last part of the name, bits of a value, its format (docs/formats.md).
ROWS = {
    "data": (32, fixed_point(16, signed=True)),
    "score": (24, fixed_point(12, signed=True)),
    "weight": (21, fixed_point(20, signed=False)),
}
SINGLE = {"g_i": fixed_point(16, signed=True)}  # FX values that travel alone
DECIMALS = re.compile(r"(.*_)?(pos|beat|idx|slot|token|id|left|cnt|pass|turn|layer|group|cycles|cycle)(_[ioqd])?")
# Signals that are structs of the package: the last part of the name, the type.
STRUCTS = {
    "tag": "tag_t",
    **dict.fromkeys(("beat", "in", "out", "skip", "last", "embedded", "normed", "logits"), "beat_t"),
    "sample": "sample_t",
    "prompt": "prompt_t",
    **dict.fromkeys(("answer", "refusal"), "answer_t"),
}
DECIMAL_TYPES = ("slot_t", "pos_t", "token_t", "layer_t")
PORT = re.compile(r"(\w*?)(valid|ready)_([io])")


@dataclass(frozen=True)
class View:
    """A save file (None: the trace cannot be read, for this ``reason``) and what its cursor is just before: the clock
    edge that took the first wrong beat, in simulated ns, or None.
    """

    path: Path | None
    cursor: float | None
    reason: str = ""

    def show(self) -> None:
        """Say where the waves are."""
        print(f"waves: {self.path or f'none: {self.reason}'}", flush=True)
        if self.cursor is not None:
            print(f"cursor: at the first mismatch, just before {self.cursor:.0f} ns", flush=True)


def leave(record: Record) -> View:
    """Write the save file of a run's trace beside it, and the filter files that it needs; the record names it too."""
    fst = Path(record.trace)
    try:
        signals = Signals(fst)
    except (OSError, RuntimeError):  # the simulator stopped before it opened the file, or closed it
        why = record.problem or f"the run is {record.verdict}"
        return View(None, None, f"{why}; an FST can be read only when the simulator has closed it")
    shape = Path(record.shape_pkg).read_text(encoding="utf-8") if record.shape_pkg else ""
    heads = re.search(r"\bHEADS = (\d+);", shape)
    wrong = mismatch.find(record, signals, int(heads[1]) if heads else 1)
    view = _View(signals, Names(Path(record.hdl), fst.parent, tuple(map(Path, record.sources))), fst, wrong)
    view.stages() if view.producers() else view.unit()
    path = fst.with_suffix(".gtkw")
    view.file.write(path)
    surfer.write(view.file, fst.with_suffix(".sucl"))
    record.waves = str(path)
    record.write()
    return View(path, wrong.time / signals.ns if wrong else None)


class _View:
    def __init__(self, signals: Signals, names: Names, fst: Path, wrong: FirstWrong | None) -> None:
        self.signals, self.names, self.top, self.wrong = signals, names, fst.stem, wrong
        clock = PERIOD * signals.ns
        end = signals.end(self.top)
        if wrong:
            width = min(AROUND * clock, max(8 * clock, 3 * (end - wrong.time)))
            begin = wrong.time - 2 * width // 3
        else:
            width = 5 * AROUND * clock
            begin = self.first() - clock
        begin = max(0, min(begin, end - 6 * width // 5))  # GTKWave starts at time 0 where its window is not filled
        # Just before the edge: there the values are those that the edge takes, after it they are the next beat's.
        self.file = SaveFile(fst, (begin, begin + width), max(0, wrong.time - 1) if wrong else None)
        if wrong:
            self.file.comment(wrong.message.splitlines()[0] if wrong.message else "failed")

    def first(self) -> int:
        """Where there is something to see: of a single stage its first beat, else the first change of the top level."""
        taps = self.signals.taps()
        beats = self.signals.beats(taps[0]) if len({tap.stage for tap in taps}) == 1 else iter(())
        return next((time for time, *_ in beats), self.signals.begin(self.top))

    # ---- one module

    def unit(self) -> None:
        """Clock and reset, each stream, state machines, other ports, registers of the module and of its parts."""
        left = self.signals.within(self.top)
        self.clock(left)
        for port in sorted(filter(None, (PORT.fullmatch(_last(name)) for name in left)), key=lambda port: port[3]):
            if port[2] == "valid":
                self.stream(left, port[1], port[3])
        with self.file.group("state"):
            for name in [name for name in left if _last(name).endswith("state_q")]:
                self.show(name, left.pop(name))
        with self.file.group("other ports"):
            for name in [name for name in left if name.endswith(("_i", "_o"))]:
                self.show(name, left.pop(name))
        self.registers(self.top, "registers", closed=False)
        for scope in self.signals.scopes(self.top):
            self.registers(scope, f"registers of {_last(scope)}", closed=True)

    def clock(self, left: dict[str, int]) -> None:
        """Clocks and resets."""
        with self.file.group("clock and reset"):
            for name in [name for name in left if _last(name) in ("clk_i", "rst_i")]:
                self.show(name, left.pop(name))

    def stream(self, left: dict[str, int], prefix: str, way: str, closed: bool = False) -> None:
        """A stream of the ports in ``left``: into the module (way i) or out of it (o); takes it out of them."""
        back = "o" if way == "i" else "i"
        scope = next(iter(left)).rpartition(".")[0]
        own = [f"{scope}.{prefix}valid_{way}", f"{scope}.{prefix}ready_{back}"]
        others = {m[1] for m in map(PORT.fullmatch, map(_last, left)) if m and m[1] != prefix}
        fields = [
            name
            for name in left
            if _last(name).startswith(prefix)
            and name.endswith(f"_{way}")
            and not any(_last(name).startswith(other) for other in others if other.startswith(prefix))
            and not PORT.fullmatch(_last(name))
            and _last(name) not in ("id_i", "layer_i", "busy_o", "idle_o")
        ]
        with self.file.group(f"{prefix.replace('_', ' ')}stream {'in' if way == 'i' else 'out'}", closed):
            for name in [*own, *fields]:
                if name in left:
                    self.show(name, left.pop(name))

    def registers(self, scope: str, title: str, closed: bool) -> None:
        """State machine and registers of a scope."""
        with self.file.group(title, closed):
            for name, width in self.signals.within(scope).items():
                if name.endswith("_q") and not (scope == self.top and _last(name).endswith("state_q")):
                    self.show(name, width)

    # ---- a chip, or a layer

    def producers(self) -> list[str]:
        """The instances that put out the stages that are tapped here: none in the bench of a module inside a layer."""
        scopes = (f"{tap.owner}.{places.find(tap.stage).producer}" for tap in self.signals.taps())
        return [scope for scope in scopes if f"{scope}.valid_o" in self.signals]

    def stages(self) -> None:
        """A group a stage in dataflow order, of one layer; before them what the chip has once, if it is there."""
        once = [tap for tap in self.signals.taps() if tap.layer == CHIP]
        inside = [tap for tap in self.signals.taps() if tap.layer != CHIP]
        layer = self.wrong.tap.layer if self.wrong and self.wrong.tap else CHIP
        if layer == CHIP and inside:
            layer = inside[0].layer
        chip = (once or inside)[0].owner.partition(".gen_layer[")[0].removesuffix(".u_head")
        self.clock(self.signals.within(self.top))
        ports = self.signals.within(chip)
        for prefix, way in (("tok_", "i"), ("out_", "o")):
            if f"{chip}.{prefix}valid_{way}" in ports:
                self.stream(ports, prefix, way, closed=bool(self.wrong))
        self.sequencer(chip)
        for tap in once:
            if tap.stage is Stage.EMBEDDING:
                self.stage(tap)
        self.layer_input(f"{chip}.gen_layer[{layer}]", layer)
        for tap in inside:
            if tap.layer == layer:
                self.stage(tap)
        for tap in once:
            if tap.stage is not Stage.EMBEDDING:
                self.stage(tap)

    def sequencer(self, chip: str) -> None:
        """The sequencer's stream into the layers, and its registers."""
        with self.file.group("sequencer", closed=bool(self.wrong)):
            for name in ("valid_o", "ready_i", "tag_o", "token_o"):
                if (full := f"{chip}.u_sequencer.{name}") in self.signals:
                    self.show(full, self.signals.width(full))
            for name, width in self.signals.within(f"{chip}.u_sequencer").items():
                if name.endswith("_q"):
                    self.show(name, width)

    def layer_input(self, scope: str, layer: int) -> None:
        """What comes to a layer, and its gated clock."""
        with self.file.group(f"into layer {layer}", closed=bool(self.wrong)):
            for name in ("clk", "working", "in_valid", "in_ready", "in"):
                if (full := f"{scope}.{name}") in self.signals:
                    self.show(full, self.signals.width(full))

    def stage(self, tap: Tap) -> None:
        """The producer's state and handshake, and what the stage tap sees."""
        stage = tap.stage.name.lower()
        title = stage if tap.layer == CHIP else f"{stage}, layer {tap.layer}"
        here = bool(self.wrong) and self.wrong.tap == tap
        producer = f"{tap.owner}.{places.find(tap.stage).producer}"
        with self.file.group(title, closed=bool(self.wrong) and bool(self.wrong.tap) and not here):
            for name in ("state_q", "valid_o", "ready_i"):
                if (full := f"{producer}.{name}") in self.signals:
                    self.show(full, self.signals.width(full), name.rsplit("_", 1)[0])
            for name in ("fire_i", "tag_i", "beat_i", "data_i"):
                full = f"{tap.scope}.{name}"
                if full not in self.signals:
                    continue
                width, label, lane = self.signals.width(full), name[:-2], self.wrong.lane if here else None
                if name == "data_i":
                    self.values(full, width, tap.stage, label, lane)
                else:
                    self.show(full, width, label)

    # ---- one signal

    def values(self, name: str, width: int, stage: Stage, label: str, lane: int | None) -> None:
        """The first values of a stage's beat, and the wrong one in ``lane``, that one as an integer too."""
        form = fixed_point(stage.fraction, signed=stage is not Stage.ATTN_WEIGHT) if stage.fraction else DECIMAL
        lanes = (
            [0]
            if stage is Stage.TOKEN
            else sorted({*range(min(LANES_SHOWN, width // FX_W)), *([] if lane is None else [lane])})
        )
        for at in lanes:
            self.file.part(name, width, at * FX_W, FX_W, form, f"{label}[{at}]")
        if lane is not None:
            self.file.part(name, width, lane * FX_W, FX_W, INTEGER, f"{label}[{lane}] as an integer")

    def show(self, name: str, width: int, label: str | None = None) -> None:
        """A signal as its name says: a tag in fields, a row of values as its first ones, a number."""
        local, label = _last(name), label or _last(name)
        stem = re.sub(r"_[ioqd]$", "", local).rsplit("_", 1)[-1]
        bits, form = ROWS.get(stem, (0, HEX))
        if (kind := STRUCTS.get(stem)) and (package := self.package(kind, width)):
            for field in package.fields(kind):
                self.field(name, width, package, field, label)
        elif bits and width % bits == 0:
            self.row(name, width, 0, width, (bits, form), label)
        elif (form := self.format(name, width)).names:
            # Bit by bit: GTKWave takes no filter file for a signal of which the dump has names of its own.
            self.file.part(name, width, 0, width, form, label)
        else:
            self.file.signal(name, width, form, label if label != local else None)

    def package(self, kind: str, width: int) -> Package | None:
        """The package of a die whose struct has this width, with beats as wide as this one; None if there is none."""
        lanes = (width - self.names.package().width("tag_t")) // FX_W if kind == "beat_t" else LANES
        package = self.names.package(lanes)
        return package if package.width(kind) == width else None

    def field(self, name: str, width: int, package: Package, field: Field, label: str, above: int = 0) -> None:
        """A field of a signal, ``above`` the bits that are below its struct; one that is a struct in its own fields."""
        label, first = f"{label}/{field.name}", above + field.first
        if field.kind and (inner := package.fields(field.kind)):
            for one in inner:
                self.field(name, width, package, one, label, first)
        elif field.name in ROWS:
            self.row(name, width, first, field.width, ROWS[field.name], label)
        else:
            form = DECIMAL if field.kind in DECIMAL_TYPES else BIT if field.width == 1 else HEX
            form = named(self.names.ends()) if field.kind == "end_e" else form
            self.file.part(name, width, first, field.width, form, label)

    def row(self, name: str, width: int, first: int, count: int, row: tuple, label: str) -> None:
        """The first values of ``count`` bits that are a row of values (bits of one, its format)."""
        bits, form = row
        for at in range(min(LANES_SHOWN, count // bits)):
            self.file.part(name, width, first + at * bits, bits, form, f"{label}[{at}]")

    def format(self, name: str, width: int) -> Format:
        """How a signal that is one value is shown."""
        local = _last(name)
        if width == 1:
            return BIT
        if local in SINGLE and width == 32:
            return SINGLE[local]
        if local.endswith("state_q") and (states := self.names.states(name.rpartition(".")[0])):
            return named(states)
        if re.fullmatch(r"(\w+_)?end(_[io])?", local) and width == 2:
            return named(self.names.ends())
        if local == "stage_i" and width == 8:
            return named(self.names.stages())
        return DECIMAL if DECIMALS.fullmatch(local) else HEX


def _last(name: str) -> str:
    return name.rpartition(".")[2]
