# SPDX-License-Identifier: Apache-2.0
"""Which benches a campaign runs, with which seeds, and in which order."""

import re

from models.project import ROOT
from scripts.campaign.benches import collect_benches, list_runs, take_turns
from scripts.campaign.result import Run


def test_runs():
    """All nodes with all seeds, the first seed first; one run of those that are not random."""
    runs = list_runs([("a", False), ("b", True), ("c", False)], range(5, 7))
    assert [(run.node, run.seed) for run in runs] == [("a", 5), ("b", 5), ("c", 5), ("a", 6), ("c", 6)]


def test_benches_take_turns():
    """Seed by seed, no bench twice in a row while another one waits."""
    runs = [Run(f"tb/{bench}/test.py::test_{n}", seed) for seed in (1, 2) for bench in "ab" for n in range(2)]
    assert "".join(run.bench for run in take_turns(runs)) == "abababab"
    assert [run.seed for run in take_turns(runs)] == [1] * 4 + [2] * 4


def test_benches_of_the_project(give):
    """A bench for every folder of tb/ that has tests, the same ones whether SIM names their simulator or not."""
    benches = dict(collect_benches("", ROOT))
    assert {Run(node, 1).bench for node in benches} == {file.parent.name for file in ROOT.glob("tb/**/test_*.py")} - {
        "rig",
        "oracle",
    }
    assert all(once for node, once in benches.items() if "test_faults" in node)
    assert not all(benches.values())
    for simulator, other in (("verilator", "icarus"), ("icarus", "verilator")):
        give(SIM=simulator)
        without = {node for node in benches if not re.search(rf"[\[-]{other}[\]-]", node)}
        assert {node for node, _ in collect_benches("", ROOT)} == without
