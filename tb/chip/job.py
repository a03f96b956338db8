"""Prepares a chip for simulation: mask, shape package and build, then runs conversations on it."""

import dataclasses
import fcntl
import hashlib
import itertools
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from models import sv_package
from models.checkpoint import Checkpoint
from models.cycles import Cycles
from models.errors import InputError
from models.etch import die_for, etch
from models.shape import MATRICES, Die
from tb import runner
from tb.conversation import Conversation, Job
from tb.waves.window import SOURCE as WINDOW
from tb.waves.window import Window

BUILD = runner.ROOT / "build"
BENCH = runner.ROOT / "tb" / "chip"
SMALL = 1_000_000  # weights of a layer: below, a chip is simulated sooner than the compiler could make it fast
ALONE = "one_after_another"  # the test in which each user has the chip alone
HIERARCHY = 2  # from so many layers on Verilator compiles the layer once, on its own


@dataclass(frozen=True)
class Chip:
    """A checkpoint on a die, etched and described for the RTL."""

    ckpt: Checkpoint
    die: Die
    mask: Path
    shape_pkg: Path
    cycles: Cycles
    name: str  # of its build: the same for all checkpoints of one shape and die
    hdl: Path = runner.HDL

    @classmethod
    def of(cls, ckpt: Checkpoint, *, view: str = "rom", turn_clks: int = 1, **die) -> "Chip":
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
        return cls(ckpt, made, mask, package, Cycles.of(ckpt.shape, made, view, turn_clks), name)

    def run(
        self,
        conversations: list[Conversation],
        stop: list[int],
        *,
        simulator: str,
        test: str,
        echo: str | None = None,
        poll: int = 1000,
        seed: int | None = None,
        replay: str | None = None,
        window: Window | None = None,
    ) -> dict:
        """Simulate conversations, every stage checked; gives the report of tb/chip/chip_tests.py.

        ``echo`` is a headline: with it, answers and progress appear on the terminal. With a ``window`` there are waves,
        which Verilator limits to it.

        InputError for a prompt that the die cannot take; AssertionError, the first divergence in it, if RTL and golden
        model differ.
        """
        self.check(conversations)
        job = Job(str(Path(self.ckpt.path).resolve()), self.die, conversations, stop)
        work = BUILD / "runs" / f"{self.name}-{simulator}-{test}-{os.getpid()}"
        shutil.rmtree(work, ignore_errors=True)
        (work / "trace").mkdir(parents=True)
        report = work / "report.json"
        env = {
            "JOB": json.dumps(dataclasses.asdict(job)),
            "TRACE": str(work / "trace"),
            "REPORT": str(report),
            "POLL": str(poll),
            "ECHO": echo or "",
            "COCOTB_TEST_FILTER": f"{test}$",
            "COCOTB_LOG_LEVEL": "ERROR" if echo is not None else "INFO",
            "GPI_LOG_LEVEL": "ERROR" if echo is not None else "INFO",
            **(window.env() if window else {}),
        }
        modules = [file for file in sorted(self.hdl.glob("*.sv")) if file.name not in runner.PACKAGES]
        public = [BENCH / "chip_bench.vlt"] if simulator == "verilator" else []
        waves = window is not None or runner.traced()
        if simulator == "verilator" and waves:
            modules.append(WINDOW)
        deep = self.ckpt.shape.layers >= HIERARCHY
        hierarchy = simulator == "verilator" and deep and not runner.coverage()  # which is not counted inside
        try:
            runner.run(
                "chip_bench",
                "tb.chip.chip_tests",
                simulator=simulator,
                name=self.name,
                shape_pkg=self.shape_pkg,
                plusargs=(f"+mask={self.mask}", f"+trace={work / 'trace'}", *(window.plusargs() if window else ())),
                env=env,
                seed=seed,
                waves=waves,
                sources=(*public, *modules, BENCH / "chip_bench.sv"),
                build_args=("--hierarchical",) if hierarchy else (),
                profile=self._profile(),
                replay=replay,
                hdl=self.hdl,
            )
        except AssertionError as failure:
            found = json.loads(report.read_text()).get("mismatch") if report.is_file() else None
            raise AssertionError(f"{found}\n{failure}" if found else str(failure)) from None
        else:
            figures = json.loads(report.read_text())
            if test == ALONE:
                self._check_cycles(figures["arrivals"])
            return figures
        finally:
            shutil.rmtree(work)

    def check(self, conversations: list[Conversation]) -> None:
        """InputError unless the die can take these conversations."""
        if not conversations:
            raise InputError("there is nothing to run", "prompt", "give at least one prompt")
        for talk in conversations:
            if not talk.tokens:
                raise InputError("the prompt is empty", f"slot {talk.slot}", "give at least one token")
            if len(talk.tokens) > self.die.kv_depth:
                what = f"the prompt has {len(talk.tokens)} tokens, the KV cache holds {self.die.kv_depth}"
                raise InputError(what, f"slot {talk.slot}", "shorten the prompt or set DEPTH higher")
            if wrong := [token for token in talk.tokens if not 0 <= token < self.ckpt.shape.vocab]:
                hint = f"use tokens from 0 to {self.ckpt.shape.vocab - 1}"
                raise InputError(f"token {wrong[0]} is not in the vocabulary", f"slot {talk.slot}", hint)
            if not 0 <= talk.slot < self.die.slots:
                raise InputError(f"slot {talk.slot} of {self.die.slots}", "conversation", "use a slot that the die has")
            if not 1 <= talk.max_new <= 65535:
                raise InputError(f"{talk.max_new} tokens of answer", "TOKENS", "choose 1 to 65535")

    def _check_cycles(self, arrivals: list[tuple[float, int, int]]) -> None:
        """AssertionError unless every answer token of a lone user took the clocks of the cycle model."""
        for (_, before, pos), (_, after, then) in itertools.pairwise(arrivals):
            if then == pos + 1 and after - before != self.cycles.token(pos):
                what = f"the token at position {pos} took {after - before} clocks"
                raise AssertionError(f"{what}, not the {self.cycles.token(pos)} of the cycle model")

    def _profile(self) -> str:
        if self.cycles.serial:
            return "gates"
        sizes = (self.ckpt.shape.matrix_size(name) for name in MATRICES if name != "head")
        return "small" if sum(rows * columns for rows, columns in sizes) < SMALL else "chip"
