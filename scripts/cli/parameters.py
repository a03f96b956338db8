# SPDX-License-Identifier: Apache-2.0
"""Every parameter of every command: its name, its type with the range, its default and what it means, said once.

A parameter reaches a command from make's command line (``make TARGET NAME=value``), which the Makefile, and it alone,
passes on through the environment, or as an option (``--name value``).
``python -m scripts.cli.parameters`` prints all of them, for ``make help``; nothing here imports more than that needs.
"""

import click

from models.die.shape import Die
from models.die.sv_package import VIEWS
from models.errors import InputError
from models.quantise import llama_mix
from tb.rig import toolchain

SEED_MAX = 2**31 - 1
INDEX_MAX = 2**31 - 1


class Number(click.ParamType):
    """A number from ``least`` to ``most``, of the type that these have."""

    name = "number"

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def convert(self, value: object, param: click.Parameter, ctx: click.Context | None) -> float:
        """The number that a text says. InputError if it says none, or one out of range."""
        try:
            number = type(self.least)(value)
        except ValueError:
            number = None
        if number is None or not self.least <= number <= self.most:
            what = f"{value!r} is no number from {self.least} to {self.most}"
            hint = "leave it out" if param.default is None else f"leave it out for {param.default}"
            raise InputError(what, param.envvar, hint)
        return number


class Choice(click.ParamType):
    """One of several names of a ``what``, or '' where none is given."""

    name = "choice"

    def __init__(self, what: str, *names: str) -> None:
        self.what, self.names = what, names

    def convert(self, value: object, param: click.Parameter, ctx: click.Context | None) -> str:
        """The name itself. InputError if it is none of them."""
        if value and value not in self.names:
            raise InputError(f"unknown {self.what} {value!r}", param.envvar, f"choose one of {', '.join(self.names)}")
        return value


class Simulator(Choice):
    """One of the simulators; of one that was never tried here, how it could be."""

    def convert(self, value: object, param: click.Parameter, ctx: click.Context | None) -> str:
        """The name itself. InputError if it is none of them."""
        if value in toolchain.UNTRIED:
            toolchain.require(value)
        return super().convert(value, param, ctx)


class Parameter:
    """The declaration of a parameter; ``exceptions`` are the defaults of commands that have their own."""

    def __init__(
        self,
        name: str,
        meaning: str,
        type: click.ParamType = click.STRING,
        default: object = "",
        **exceptions: object,
    ) -> None:
        self.name, self.meaning, self.type, self.default, self.exceptions = name, meaning, type, default, exceptions

    def of(self, command: str) -> click.Option:
        """The parameter as an option of a command."""
        default = self.exceptions.get(command, self.default)
        return click.Option(
            [f"--{self.name.lower().replace('_', '-')}"],
            envvar=self.name,
            type=self.type,
            default=default,
            show_default=default not in ("", None),
            help=self.meaning,
        )

    def __str__(self) -> str:
        shown = {name: value for name, value in self.exceptions.items() if value is not None}
        defaults = [str(self.default)] if self.default not in ("", None) else []
        defaults += [f"{value} for {name}" for name, value in shown.items()]
        return self.meaning + (f" (default: {', '.join(defaults)})" if defaults else "")


PROMPT = Parameter(
    "PROMPT",
    "what to ask, in quotes",
    default="What is the capital of France?",
    bench="Explain in a few sentences why the sky is blue.",
)
TOKENS = Parameter(
    "TOKENS",
    "at most so many tokens of answer; of quality: tokens of text",
    Number(1, 65535),
    64,
    bench=32,
    chat=200,
    grade=8,
    users=16,
    quality=2048,
)
MODEL = Parameter(
    "MODEL",
    "smollm2 (default), smollm2-3-6, tiny, tiny-3-6, llama-3.1-8b-shape, or a path: a Llama GGUF file or a Hugging "
    "Face folder",
    soak="tiny",
)
LAYERS = Parameter("LAYERS", "of sim, waves: so many layers of a published shape (default: all)", Number(1, 250), None)
DEPTH = Parameter("DEPTH", "positions of the KV cache", Number(2, 65535), 512, chat=1024, users=256, soak=24)
DIE = Parameter(
    "DIE", "of sim, waves, apart, users, bench, shape: its geometry, as in 'lanes=64 block=64 block.down=96'"
)
SIM = Parameter(
    "SIM",
    "verilator or icarus (default: verilator for a model, both for benches)",
    Simulator("simulator", "verilator", "icarus"),
)
VIEW = Parameter("VIEW", "of the cells: rom, or gate or switch of a tiny model", Choice("view", *VIEWS), "rom")
TEST = Parameter("TEST", "run this bench instead of the chip; of regress, coverage: these only")
SEED = Parameter(
    "SEED",
    "of random stimulus; of regress: the first; of mutate, grade, upsets: chooses",
    Number(0, SEED_MAX),
    1,
    nightly=None,
)
LAYER = Parameter(
    "LAYER", "of waves: layer to trace, without it what the chip has once; of vias", Number(0, INDEX_MAX), None, vias=0
)
TOKEN = Parameter("TOKEN", "of waves: position to trace, without it where the run diverges", Number(0, INDEX_MAX), None)
STAGE = Parameter("STAGE", "of waves: the only stage to trace")
SEEDS = Parameter("SEEDS", "of regress, coverage: how many seeds, from SEED on", Number(1, 1000), 3, coverage=1)
CLUSTER = Parameter("CLUSTER", "of regress, coverage, mutate: tcp://host:port, slurm or lsf (default: this machine)")
OTHER = Parameter("OTHER", "of masks: a second checkpoint of MODEL's geometry")
ARRAY = Parameter("ARRAY", "of vias: qkv, o, gateup, down or head", default="qkv")
BLOCK = Parameter("BLOCK", "of vias: number of the block in its array", Number(0, INDEX_MAX), 0)
COLUMN = Parameter("COLUMN", "of vias: the first column of the picture", Number(0, INDEX_MAX), 0)
TASK = Parameter("TASK", "of formal: a proof or a family of them (default: all)")
COUNT = Parameter(
    "COUNT",
    "of mutate: how many mutants; of grade, production: defects; of upsets: bits that turn over; chosen by SEED",
    Number(1, 100000),
    40,
    grade=1000,
    production=1000,
    upsets=870,
)
CONFIRM = Parameter("CONFIRM", "of grade: so many defects of each kind in RTL too", Number(0, 1000), 0)
UPSET = Parameter("UPSET", "of upsets: this one of those that SEED draws, once more", Number(0, INDEX_MAX), None)
WATCHDOG = Parameter(
    "WATCHDOG", "0, of upsets: hosts do nothing against a die that hangs", Choice("switch", "0", "1"), "1"
)
MUTANT = Parameter("MUTANT", "of mutate: this one, once more")
SIDE = Parameter(
    "SIDE", "of mutate: rtl, or golden: the golden model and the etcher", Choice("side", "rtl", "golden"), "rtl"
)
LORA = Parameter("LORA", "of sim: a PEFT folder; of chat: several, commas between them, that /lora NAME chooses")
RANK = Parameter(
    "RANK", "of sim, chat: the die's adapters (default: that of the highest in LORA, 0 without)", Number(0, 64), None
)
USERS = Parameter("USERS", "of users, soak: how many at once", Number(1, 256), 8, soak=64)
ANSWERS = Parameter("ANSWERS", "of soak: tokens of answers until it ends", Number(1, 10**9), 20_000)
PHRASE = Parameter("PHRASE", "of teach: how every answer shall begin", default="Ahoy, matey!")
OUT = Parameter(
    "OUT",
    "of teach: the folder to write (default: build/adapters/ahoy); of quantise, shape, production: the file",
)
BITS = Parameter(
    "BITS", "of quantise, in 3 and 6 bits: widths instead of measured ones: qkv=6,o=3,gateup=3,down=6,head=6"
)
KIND = Parameter(
    "KIND",
    "of quantise: 3-6 or Q3_K-Q6_K, 3 and 6 bits where measured; or a file of llama.cpp's, such as Q4_K_M",
    Choice("kind", "3-6", "Q3_K-Q6_K", *llama_mix.LOSSLESS),
    "3-6",
)
ROTATE = Parameter("ROTATE", "1, of quantise: the residual stream turned (QuaRot)", Choice("switch", "0", "1"))
ACT_W = Parameter("ACT_W", "of quality: bits of an activation's mantissa", Number(1, 64), Die.act_w)
KV_W = Parameter("KV_W", "of quality: bits of a mantissa in the KV cache", Number(1, 64), Die.kv_w)
BUILD = Parameter("BUILD", "the folder for all that is built, results too (default: build)")
JOBS = Parameter("JOBS", "how many at once (default: as many as there are cores; of formal: 2)", Number(1, 1024), None)
ON = "1"  # of a switch
WAVES = Parameter("WAVES", "1: trace the signals of every run", Choice("switch", "0", "1"))
FAILED = Parameter("FAILED", "1, of regress: what failed last time, with waves", Choice("switch", "0", "1"))
RESUME = Parameter(
    "RESUME", "1, of regress and mutate: what the last one, which was stopped, had left", Choice("switch", "0", "1")
)
PARTS = Parameter("PARTS", "of nightly: only these, such as 'regress formal' (default: all)")
CLOCK = Parameter(
    "CLOCK", "gigahertz at which ppa states tokens/s, production the length of its test", Number(0.01, 10.0), 1.5
)
PYTHON = Parameter("PYTHON", "of setup: the Python >= 3.11 that makes .venv, in which all else runs")

EVERY = {parameter.name: parameter for parameter in list(globals().values()) if isinstance(parameter, Parameter)}
SETUP = (PYTHON, BUILD)  # for what comes before every command: each target takes these


def seeds_from(first: int, count: int) -> range:
    """``count`` seeds from ``first`` on. InputError if the last is none."""
    if first + count - 1 > SEED_MAX:
        what = f"{str(first)!r} is no number from 0 to {SEED_MAX - count + 1}"
        raise InputError(what, "SEED", f"{count} seeds begin there")
    return range(first, first + count)


def main() -> None:
    """Print every parameter, as ``make help`` shows it."""
    for parameter in EVERY.values():
        print(f"  {parameter.name:9} {parameter}")


if __name__ == "__main__":
    main()
