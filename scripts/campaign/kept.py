# SPDX-License-Identifier: Apache-2.0
"""What a regression keeps of each run as soon as it has ended, so that it can be stopped, and gone on with."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError
from scripts.campaign.result import Run, RunResult, judge, lose
from scripts.cli.files import write, write_text

PLAN = "plan.json"


def log_name(run: Run) -> str:
    """The name of a run's log."""
    return re.sub(r"[^\w.-]+", "_", run.node) + f"-{run.seed}.log"


@dataclass(frozen=True)
class Plan:
    """The runs of a regression, in their order; ``sim`` is the only simulator, or ''."""

    runs: list[Run]
    first_seed: int
    seeds: int
    sim: str


@dataclass(frozen=True)
class Kept:
    """The folder of a regression: its plan, and of each run that has ended the log and what the worker told of it."""

    folder: Path

    def begin(self, plan: Plan) -> None:
        """Forget the last regression; this is the plan of a new one."""
        shutil.rmtree(self.folder, ignore_errors=True)
        runs = [[run.node, run.seed] for run in plan.runs]
        write(self.folder / PLAN, {"runs": runs, "first_seed": plan.first_seed, "seeds": plan.seeds, "sim": plan.sim})

    def plan(self) -> Plan:
        """The plan of the last regression. InputError if there was none."""
        if not (file := self.folder / PLAN).is_file():
            raise InputError("there is no regression to go on from", str(file), "run `make regress` first")
        fields = json.loads(file.read_text(encoding="utf-8"))
        return Plan(**fields | {"runs": [Run(node, seed) for node, seed in fields["runs"]]})

    def add(self, result: RunResult) -> None:
        """Keep a run that has ended."""
        write_text(self._log(result.run), result.output)
        fields = {"told": result.told, "lost": result.problem, "repeated": result.repeated, "waves": result.waves}
        write(self._log(result.run).with_suffix(".json"), fields)

    def results(self) -> list[RunResult]:
        """All that ended, in the order of the plan."""
        return [self._result(run) for run in self.plan().runs if self._log(run).with_suffix(".json").is_file()]

    def _result(self, run: Run) -> RunResult:
        log = self._log(run)
        fields = json.loads(log.with_suffix(".json").read_text(encoding="utf-8"))
        if not fields["told"]:
            return lose(run, fields["lost"])
        result = judge(run, **fields["told"], output=log.read_text(encoding="utf-8"))
        result.repeated, result.waves = fields["repeated"], fields["waves"]
        return result

    def _log(self, run: Run) -> Path:
        return self.folder / log_name(run)
