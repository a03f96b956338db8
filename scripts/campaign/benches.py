# SPDX-License-Identifier: Apache-2.0
"""Which benches a campaign runs, with which seeds, and in which order."""

import itertools
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from scripts.campaign import collect
from scripts.campaign.result import Run
from scripts.cli import benches


def collect_benches(test: str, root: Path, **env: str) -> list[tuple[str, bool]]:
    """(pytest node, whether one seed is enough) of the benches that TEST names. InputError if there are none.

    All benches are tb/ without its rig and oracle, whose tests are about the benches' parts. ``env`` is added to the
    environment, where SIM narrows the choice.
    """
    arguments = [*benches.choose(test, root), *(f"--ignore={room}" for room in benches.NO_BENCHES)]
    done = subprocess.run(
        [sys.executable, "-P", collect.__file__, *arguments],
        cwd=root,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | env,
        capture_output=True,
        text=True,
    )
    if done.returncode in (4, 5):  # pytest: usage error, nothing collected
        raise benches.no_bench(test)
    assert done.returncode == 0, f"the benches cannot be collected\n{done.stderr}"
    return [(node, once) for node, once in json.loads(done.stdout)]


def list_runs(nodes: list[tuple[str, bool]], seeds: range) -> list[Run]:
    """All runs, those of the first seed, which build the models, before the others."""
    return [Run(node, seed) for seed in seeds for node, once in nodes if not once or seed == seeds.start]


def take_turns(runs: list[Run]) -> list[Run]:
    """The order to start them in: benches take turns, so that neighbours seldom wait for one and the same build."""
    turns = defaultdict(itertools.count)
    return sorted(runs, key=lambda run: (run.seed, next(turns[run.bench, run.seed])))
