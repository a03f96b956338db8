# SPDX-License-Identifier: Apache-2.0
"""Prepares a chip for simulation: mask, shape package and build, then runs conversations on it."""

import dataclasses
import fcntl
import hashlib
import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.adapter import Adapter
from models.checkpoint.checkpoint import Checkpoint
from models.die import sv_package
from models.die.cycles import Cycles
from models.die.shape import MATRICES, Die, check_tokens
from models.errors import InputError
from models.mask.etch import die_for, etch
from models.project import BUILD, HDL, ROOT
from tb.chip import adapter_file
from tb.evidence.waves.window import SOURCE as WINDOW
from tb.evidence.waves.window import Window
from tb.oracle.conversation import Conversation, Job
from tb.rig import clock, folders, runner
from tb.rig.build import PACKAGES
from tb.rig.record import Record

BENCHES = ROOT / "tb"
PLAYER = BENCHES / "chip" / "line_player.sv"  # of adapters, into either bench
SMALL = 1_000_000  # weights of a layer: below, a chip is simulated sooner than the compiler could make it fast
HIERARCHY = 2  # layers; from so many on Verilator compiles the layer once, on its own
ALONE = ("layer", "layer_bench", "head_bench")  # tops with one layer at most


@dataclass(frozen=True)
class BuiltChip:
    """A checkpoint on a die, etched and described for the RTL."""

    ckpt: Checkpoint
    die: Die
    mask: Path
    shape_pkg: Path
    cycles: Cycles
    name: str  # of its geometry: the same for all checkpoints of one shape and die
    view: str
    hdl: Path = HDL

    @classmethod
    def of(cls, ckpt: Checkpoint, *, view: str = "rom", turn_clks: int = 1, **die) -> "BuiltChip":
        """Etch ``ckpt`` for a die (fields of Die as keywords). InputError if no die holds it."""
        made = die_for(ckpt, **die)
        geometry = repr((ckpt.shape, made, view, turn_clks))
        name = f"chip-{hashlib.sha256(geometry.encode()).hexdigest()[:12]}"
        mask = BUILD / "masks" / f"{name}-{ckpt.sha256[:12]}"
        mask.parent.mkdir(parents=True, exist_ok=True)
        with mask.with_suffix(".lock").open("w") as lock:  # tests run side by side
            fcntl.flock(lock, fcntl.LOCK_EX)
            etch(ckpt, made, mask)
        package = BUILD / "shapes" / name / "shape_pkg.sv"
        sv_package.write(ckpt.shape, made, package, view=view, turn_clks=turn_clks)
        return cls(ckpt, made, mask, package, Cycles.of(ckpt.shape, made, view, turn_clks), name, view)

    def simulate(
        self,
        top: str,
        tests: str,
        *,
        simulator: str,
        trace: Path,
        sources: tuple[Path, ...] = (),
        plusargs: tuple[str, ...] = (),
        waves: bool = False,
        exposed: Path | None = None,
        **settings,
    ) -> Record:
        """Run cocotb tests on a top level that has the chip, or a layer of it, inside.

        Args:
            top: 'chip', 'layer', or a module of ``sources``.
            tests: dotted path of the module with the cocotb tests.
            simulator: 'verilator' or 'icarus'.
            trace: the folder for what the stage taps write.
            sources: files beside the RTL: SystemVerilog, or Verilator's .vlt.
            plusargs: beside those of mask and trace.
            waves: whether to trace signals.
            exposed: the .vlt file that names registers and memories for tests to write.
            settings: further ones of ``tb.rig.runner.run``, whose record this gives, and whose errors it raises.
        """
        verilator = simulator == "verilator"
        sources = (*sources, exposed) if exposed and verilator else sources
        config = [file for file in sources if file.suffix == ".vlt"]  # which Verilator wants before what it is about
        modules = [file for file in sorted(self.hdl.glob("*.sv")) if file.name not in (*PACKAGES, f"{top}.sv")]
        deep = top not in ALONE and self.ckpt.shape.layers >= HIERARCHY
        hierarchy = (
            verilator and deep and not runner.coverage() and not exposed
        )  # which is neither counted nor seen inside
        return runner.run(
            top,
            tests,
            simulator=simulator,
            shape_pkg=self.shape_pkg,
            plusargs=(f"+mask={self.mask}", f"+trace={trace}", *plusargs),
            waves=waves,
            sources=(*config, *modules, *(file for file in sources if file not in config)),
            build_args=("--hierarchical",) if hierarchy else (),
            hdl=self.hdl,
            **settings,
        )

    @contextmanager
    def folder(self, what: str) -> Iterator[Path]:
        """An empty folder for the files of one run, gone after it: runs of one kind may overlap."""
        with folders.scratch(BUILD / "runs" / f"{what}-{self.name}") as work:
            yield work

    def run(
        self,
        conversations: list[Conversation],
        stop: list[int],
        *,
        simulator: str,
        test: str,
        hold_cycles: bool = False,
        echo: str | None = None,
        poll: int = 1000,
        seed: int | None = None,
        replay: str | None = None,
        window: Window | None = None,
        adapters: list[str] | None = None,
        bench: str = "chip",
        plusargs: tuple[str, ...] = (),
        settings: dict | None = None,
        exposed: Path | None = None,
    ) -> dict:
        """Simulate conversations, every stage checked; gives the report of tb/chip/driver.py, and the run's record.

        ``bench`` is 'chip' or 'cartridge', the chip behind its host port; ``test`` is one of its cocotb tests.
        ``hold_cycles`` holds every answer token against the cycle model: for a test in which each user is alone.
        ``settings`` are what the test takes from its environment, as JSON; with them, conversations may come later.
        ``exposed`` lets the test write registers and memories (``simulate``).
        ``adapters`` are paths for ``models.adapter.Adapter.load``, the first for bank 1.
        ``echo`` is a headline: with it, answers and progress appear on the terminal. With a ``window`` there is a
        trace, which Verilator limits to it.

        InputError for a prompt that the die cannot take; RunError, the first divergence in it, if RTL and golden model
        differ; AssertionError for a token that took other clocks than those of the cycle model.
        """
        adapters = [str(Path(path).resolve()) for path in adapters or []]
        loaded = [Adapter.load(path, self.ckpt.shape, self.die) for path in adapters]
        for adapter in loaded:
            if adapter.caution:
                print(f"{adapter.caution}", file=sys.stderr)
        self.check(conversations, len(loaded), settings is not None)
        job = Job(str(Path(self.ckpt.path).resolve()), self.die, conversations, stop, adapters)
        waves = window is not None or runner.traced()
        with self.folder(f"{bench}-{simulator}-{test}") as work:
            trace, report = work / "trace", work / "report.json"
            trace.mkdir()
            (work / "adapters.hex").write_text("".join(adapter_file.LINES[bench](loaded)))
            job_file, headline = work / "job.json", work / "headline.txt"  # the environment holds 128 KiB a variable
            job_file.write_text(json.dumps(dataclasses.asdict(job)))
            headline.write_text(echo or "", errors="surrogateescape")
            level = "ERROR" if echo is not None else "INFO"
            env = {
                "JOB": str(job_file),
                "TRACE": str(trace),
                "REPORT": str(report),
                "POLL": str(poll),
                "ECHO": str(headline) if echo else "",
                "COCOTB_TEST_FILTER": f"{test}$",
                "COCOTB_LOG_LEVEL": level,
                "GPI_LOG_LEVEL": level,
                **(window.env() if window else {}),
                **{name: json.dumps(value) for name, value in (settings or {}).items()},
            }
            own = window.plusargs() if window else ()
            record = self.simulate(
                f"{bench}_bench",
                f"tb.{bench}.{bench}_tests",
                simulator=simulator,
                trace=trace,
                sources=_bench_sources(bench, simulator, waves),
                plusargs=(f"+adapters={work / 'adapters.hex'}", *own, *clock.arguments(simulator, waves), *plusargs),
                waves=waves,
                env=env,
                seed=seed,
                profile=self.profile,
                replay=replay,
                exposed=exposed,
            )
            figures = json.loads(report.read_text())
        if hold_cycles:
            self.hold_cycles(figures["arrivals"], conversations, loaded)
        return figures | {"record": record}

    def check(self, conversations: list[Conversation], adapters: int = 0, later: bool = False) -> None:
        """InputError unless the die can take these conversations, so many adapters being resident.

        None at all are an error too, unless they come ``later``.
        """
        if adapters > (self.die.adapters if self.die.rank else 0):
            what = f"{adapters} adapters, the die has {self.die.adapters if self.die.rank else 0} banks"
            raise InputError(what, "adapters", "load fewer")
        if not conversations and not later:
            raise InputError("there is nothing to run", "prompt", "give at least one prompt")
        for talk in conversations:
            check_tokens(self.ckpt.shape, self.die, talk.tokens, f"slot {talk.slot}")
            if not 0 <= talk.slot < self.die.slots:
                raise InputError(f"slot {talk.slot} of {self.die.slots}", "conversation", "use a slot that the die has")
            if not 1 <= talk.max_new <= 65535:
                raise InputError(f"{talk.max_new} tokens of answer", "TOKENS", "choose 1 to 65535")
            if not 0 <= talk.adapter <= adapters:
                raise InputError(f"adapter {talk.adapter} of {adapters}", f"slot {talk.slot}", "choose a loaded one")
            if not 0 <= talk.top_k <= self.die.top_k:
                what = f"a choice among {talk.top_k} logits, the die has {self.die.top_k}"
                raise InputError(what, f"slot {talk.slot}", "choose among fewer")

    def hold_cycles(
        self, arrivals: list[tuple[float, int, int, int, int]], talks: list[Conversation], adapters: list[Adapter]
    ) -> None:
        """AssertionError unless every answer token took the clocks of the cycle model, each user being alone.

        Args:
            arrivals: of answer tokens, as the report of tb/chip/driver.py has them.
            talks: the conversations.
            adapters: that are resident, bank 1 first.
        """
        arrays = [None, *([adapter.arrays(layer) for layer in range(self.ckpt.shape.layers)] for adapter in adapters)]
        for (_, before, pos, index, _), (_, after, _, then, scanned) in itertools.pairwise(arrivals):
            talk = talks[index]
            expected = self.cycles.token(pos, arrays[talk.adapter]) + self.cycles.sampling(talk.top_k, scanned)
            if then == index and after - before != expected:
                what = f"the token at position {pos} took {after - before} clocks"
                raise AssertionError(f"{what}, not the {expected} of the cycle model")

    @property
    def profile(self) -> str:
        """How the simulator's compiler is to optimise: see ``tb.rig.runner.run``."""
        if self.view != "rom":
            return "gates"
        sizes = (self.ckpt.shape.matrix_size(name) for name in MATRICES if name != "head")
        return "small" if sum(rows * columns for rows, columns in sizes) < SMALL else "chip"


def _bench_sources(bench: str, simulator: str, waves: bool) -> tuple[Path, ...]:
    """What a bench of the chip has beside the RTL."""
    files = (PLAYER, BENCHES / bench / f"{bench}_bench.sv")
    if simulator == "verilator":
        files = (BENCHES / bench / f"{bench}_bench.vlt", *((WINDOW,) if waves else ()), *files)
    return files
