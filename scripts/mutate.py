# SPDX-License-Identifier: Apache-2.0
"""``make mutate``: COUNT one-line mutants of hdl/, chosen by SEED over all modules, and what the benches say to each.

Each mutant is a folder of its own, build/mutate/NAME: the project by symbolic links, but a copy of hdl/ with a line
changed, and builds of its own. The benches of what uses the module run there, those that start quickly first, up to the
first that fails. MUTANT=NAME does one mutant again. SIDE=golden has mutants of the golden model and of the etcher
instead, in a copy of models/: their own tests run first, then the benches, in which RTL and golden model meet.
Each verdict is kept as it is given: with RESUME=1 a call that was stopped goes on.
"""

import random
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from distributed import Client, as_completed
from junitparser import Error, Failure
from rich.console import Console

from models.errors import InputError
from models.project import ROOT, build_of
from scripts.campaign import mutate_report, tally
from scripts.campaign.benches import collect_benches
from scripts.campaign.cluster import connected
from scripts.campaign.execute import result_of, submit, workers
from scripts.campaign.kept_mutants import KeptMutants
from scripts.campaign.mutate_report import MutantVerdict
from scripts.campaign.result import Run, RunResult
from scripts.campaign.tally import Tally
from scripts.cli.command import again, command
from scripts.cli.files import write
from scripts.cli.parameters import CLUSTER, COUNT, JOBS, MUTANT, ON, RESUME, SEED, SIDE
from tb.evidence.mutation import golden, harmless
from tb.evidence.mutation.mutants import Mutant, mutants, uses
from tb.rig import toolchain
from tb.rig.record import UNBUILT

BENCH = {"SEED": "1", "SIM": ""}  # the environment of the benches: one seed, both simulators
TEST_S = 300  # for a test, its build included: mutants can hang
LIMIT_S = 3600  # for all benches of a mutant
PYTEST = ("-x", f"--timeout={TEST_S}")
# Benches about benches: they plant faults of their own, or know nothing of the RTL.
OTHERS = (
    "tb/evidence/assertions/",
    "tb/evidence/coverage/",
    "tb/evidence/formal/",
    "tb/evidence/mutation/",
    "tb/evidence/plan/",
    "tb/evidence/waves/",
    "tb/apart/test_depth.py",
    "tb/chip/test_faults.py",
    "tb/evidence/reset/test_reset.py::test_a_missing_reset_is_seen",
    "tb/evidence/reset/test_reset.py::test_no_entry_is_stale",
)
GOLDEN = (  # of models/tests/, the quick ones first: what holds golden model and etcher without a simulator
    *(f"models/tests/test_golden_{part}.py" for part in ("chip", "lora", "sampler", "operators", "quality")),
    *(f"models/tests/test_{part}.py" for part in ("independence", "etch", "audit", "mask_diff", "layout")),
)
QUICK = re.compile(r"icarus|^tb/evidence/reset/")  # benches on Icarus: it builds at once
LARGE = {"layer", "chip"}


@dataclass(frozen=True)
class Campaign:
    """What all mutants of a call share: benches, what uses what, the arguments for harmless ones by name, verdicts."""

    root: Path
    folder: str  # of what is changed
    benches: list[str]
    uses: dict[str, set[str]]
    harmless: dict[str, str]
    kept: KeptMutants

    def of(self, module: str) -> list[str]:
        """The benches of all designs that use a module: quick ones first, large designs last, small ones before.

        A module of models/ is in every bench of the operator that has its name, and in every layer and chip; the tests
        of models/ come before.
        """
        designs = {node: self._design(node) for node in self.benches}
        if self.folder == "models":
            near = {module.partition(".")[2], *LARGE}
            tests = [node for node in self.benches if node.startswith("models/")]
            rest = [node for node in self.benches if designs[node] in near and node not in tests]
            return tests + sorted(rest, key=lambda node: (not QUICK.search(node), designs[node] in LARGE))
        relevant = [node for node in self.benches if module in self.uses[designs[node]]]

        def cost(node: str) -> tuple[bool, bool, int]:
            design = designs[node]
            return not QUICK.search(node), design in LARGE, len(self.uses[design])

        return sorted(relevant, key=cost)

    def _design(self, node: str) -> str:
        """The module that a bench is about, by its folder; the chip where no module has that name."""
        folder = node.split("/")[1]
        return folder if folder in self.uses else "chip"


@command("mutate", COUNT, SEED, MUTANT, SIDE, CLUSTER, JOBS, RESUME)
def main(
    root: Path = ROOT,
    *,
    count: int,
    seed: int,
    mutant: str,
    side: str,
    cluster: str,
    jobs: int | None,
    resume: str,
) -> int:
    """Try mutants of a side of ``root``, print, and leave mutate.json, or mutate_golden.json, with the results.

    Returns:
        0 if fewer than one in twenty of the mutants that are not harmless are missed, and each was judged, else 1.
    """
    path, every = ("models", golden.mutants(root / "models")) if side == "golden" else ("hdl", mutants(root / "hdl"))
    arguments = harmless.load([one for those in every.values() for one in those], harmless.PATHS[side])
    if mutant:
        order, arguments = [find_mutant(every, mutant)], {}
    else:
        order = draw(every, seed)
    for simulator in ("verilator", "icarus"):
        toolchain.require(simulator)
    benches = [node for node, _ in collect_benches("", root, SIM="") if not node.startswith(OTHERS)]
    if side == "golden":
        benches = [*GOLDEN, *benches]
    kept = KeptMutants.of(root, build_of(root) / "mutate" / f"{'one' if mutant else path}.jsonl")
    before = kept.verdicts() if resume == ON else []
    campaign = Campaign(root, path, benches, uses(root / "hdl"), arguments, kept)
    file = build_of(root) / "results" / ("mutate_golden.json" if side == "golden" else "mutate.json")
    console = Console()
    total = sum(map(len, every.values()))
    what = str(order[0]) if mutant else f"{min(count, total)} of {total} mutants of {len(every)} modules, seed {seed}"
    console.print(what, markup=False, highlight=False, soft_wrap=True)
    with connected(cluster, jobs) as client:
        file.unlink(missing_ok=True)
        if not before:
            kept.begin()
        try:
            verdicts = try_mutants(client, order, count, campaign, before, console)
        except KeyboardInterrupt:
            line = again() if resume == ON else f"{again()} {RESUME.name}={ON}"
            console.print(f"`{line}` goes on with the mutants that are left", highlight=False, soft_wrap=True)
            raise
        red = red_benches(client, {verdict.by for verdict in verdicts if verdict.status == "killed"}, root)
        verdicts = [verdict.by_a_red_bench(red[verdict.by]) if verdict.by in red else verdict for verdict in verdicts]
    figures = mutate_report.figures(verdicts, seed)
    write(file, figures)
    mutate_report.show(console, verdicts, figures)
    return int(not figures["enough"])


def find_mutant(every: dict[str, list[Mutant]], name: str) -> Mutant:
    """The mutant of this name. InputError if there is none."""
    module = name.rpartition("-")[0]
    for mutant in every.get(module, []):
        if mutant.name == name:
            return mutant
    known = f"{module}-1 to {module}-{len(every[module])}" if module in every else f"MODULE-n of {', '.join(every)}"
    raise InputError(f"no mutant is named {name!r}", "MUTANT", f"there are {known}")


def draw(every: dict[str, list[Mutant]], seed: int) -> list[Mutant]:
    """All mutants in the order in which they are taken: one of each module, then any.

    A mutant's place comes from the seed and its own text: it stays nearly where it was when other lines change.
    """

    seen = Counter()
    places = {}
    for mutant in (mutant for those in every.values() for mutant in those):
        text = f"{mutant.module} {mutant.line} {mutant.mutated}"
        places[mutant.name] = random.Random(f"{seed} {text} {seen[text]}").random()
        seen[text] += 1

    def place(mutant: Mutant) -> float:
        return places[mutant.name]

    shuffled = [sorted(those, key=place) for those in every.values()]
    rest = [mutant for those in shuffled for mutant in those[1:]]
    return sorted((those[0] for those in shuffled), key=place) + sorted(rest, key=place)


def try_mutants(
    client: Client, order: list[Mutant], count: int, campaign: Campaign, before: list[MutantVerdict], console: Console
) -> list[MutantVerdict]:
    """Try the first ``count`` mutants of ``order`` that the simulators build; gives and tells what became of them,
    and of those judged ``before`` what was said then.

    AssertionError if there are none, or the cluster loses one.
    """
    waiting = iter(order)
    known = {verdict.mutant: verdict for verdict in before}
    found: dict[Mutant, MutantVerdict] = {}
    futures: dict = {}
    done = as_completed([])

    def take(mutant: Mutant) -> None:
        if mutant in known:
            settle(known[mutant])
        elif mutant.name in campaign.harmless:
            found[mutant] = MutantVerdict(mutant, "harmless", said=campaign.harmless[mutant.name])
        elif not (benches := campaign.of(mutant.module)):
            found[mutant] = MutantVerdict(mutant, "missed", said="no bench has this module")
        else:
            folder = plant(mutant, campaign.root, campaign.folder)
            future = submit(client, [*benches, *PYTEST], folder, len(futures), LIMIT_S, **BENCH)
            futures[future] = mutant, folder
            done.add(future)

    def settle(verdict: MutantVerdict) -> None:
        if verdict.status == "unbuilt":
            for other in islice(waiting, 1):
                take(other)
        else:
            found[verdict.mutant] = verdict

    so_far = Tally(min(count, len(order)), workers(client), good="judged", bad="missed")
    with tally.shown(so_far, console) as step:
        for mutant in islice(waiting, count):
            take(mutant)
        for future in done:
            mutant, folder = futures[future]
            verdict = judge_mutant(mutant, result_of(future, Run(mutant.name, int(BENCH["SEED"]))))
            shutil.rmtree(folder)
            campaign.kept.add(verdict)
            settle(verdict)
            if verdict.status == "missed":
                line = f"MISSED {mutant}; again: {verdict.replay}"
                console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
            so_far.failed = sum(verdict.status == "missed" for verdict in found.values())
            so_far.passed = len(found) - so_far.failed
            step()
    assert found, "no simulator builds the mutant"
    return [found[mutant] for mutant in order if mutant in found]


def plant(mutant: Mutant, root: Path, side: str = "hdl") -> Path:
    """Write a project with the mutant in it, in the folder ``side``, and no builds; gives its folder."""
    folder = build_of(root) / "mutate" / mutant.name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "build").mkdir(parents=True)
    for entry in root.iterdir():
        if entry.name not in (side, "build") and not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    (folder / "build" / "checkpoints").symlink_to(build_of(root) / "checkpoints")
    shutil.copytree(root / side, folder / side)
    mutant.apply(folder / side)
    return folder


def judge_mutant(mutant: Mutant, result: RunResult) -> MutantVerdict:
    """What the benches say to a mutant. AssertionError if the cluster lost the run."""
    assert not result.lost, f"{mutant.name}: {result.problem}"
    if not result.problem:
        return MutantVerdict(mutant, "missed", seconds=result.seconds)
    if result.cause and result.cause.verdict == UNBUILT:
        return MutantVerdict(mutant, "unbuilt", seconds=result.seconds)
    failed = [case for case in result.cases if any(isinstance(entry, Failure | Error) for entry in case.result)]
    if failed:
        by, said = f"{failed[0].classname.replace('.', '/')}.py::{failed[0].name}", result.said
        hung = (failed[0].time or 0) >= TEST_S
    else:
        running = result.cause  # the simulation in which the process was killed
        by, said, hung = running.test if running else "", f"no end, {result.problem}", True
    return MutantVerdict(mutant, "killed", by, said, result.seconds, hung)


def red_benches(client: Client, nodes: set[str], root: Path) -> dict[str, str]:
    """Of the benches that killed mutants those that fail on the RTL as it is, in the same time, and what they say."""
    futures = {submit(client, [node, *PYTEST], root, 0, **BENCH): node for node in sorted(nodes)}
    results = {futures[done]: result_of(done, Run(futures[done], int(BENCH["SEED"]))) for done in as_completed(futures)}
    return {node: result.said for node, result in results.items() if result.problem}


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
