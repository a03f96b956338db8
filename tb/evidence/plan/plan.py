# SPDX-License-Identifier: Apache-2.0
"""The testplan: every feature of the chip as a testpoint of testplan.toml, and what makes a plan whole."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tb.rig import tables

PATH = Path(__file__).with_name("testplan.toml")
STAGES = ("V1", "V2", "V3")
PLACEHOLDER = re.compile(r"\b(TODO|TBD|FIXME|XXX|N/A)\b|\?\?\?|\.\.\.", re.IGNORECASE)
LEAST = 20  # characters of a description that says something


@dataclass(frozen=True)
class Testpoint:
    """A feature, and what shows that it works.

    Attributes:
        name: unique.
        feature: the group of features it belongs to.
        blocks: files of hdl/, without suffix.
        stage: V1, what must work before anything else can; V2, all that the design does; V3, corners and stress.
        description: what must hold.
        tests: pytest nodes (a file, or a test with all its parameters), or commands 'make TARGET ...'.
        coverage: functional coverage points that must be full.
    """

    __test__ = False  # pytest takes it for a test class

    name: str
    feature: str
    blocks: tuple[str, ...]
    stage: str
    description: str
    tests: tuple[str, ...]
    coverage: tuple[str, ...] = ()

    def names(self, node: str) -> bool:
        """Whether a pytest node is among the tests."""
        return any(node == test or node.startswith((f"{test}[", f"{test}::")) for test in self.tests)


@dataclass(frozen=True)
class Project:
    """What a plan is held against: pytest nodes, coverage points, files of hdl/, benches, targets of the Makefile."""

    nodes: list[str]
    points: list[str]
    blocks: list[str]
    benches: list[str]
    targets: list[str]


@dataclass(frozen=True)
class _File:
    testpoint: list[Testpoint] = field(default_factory=list)


def load(path: Path = PATH) -> list[Testpoint]:
    """Read the plan. InputError for what is no testpoint."""
    return tables.load(path, _File).testpoint


def problems(plan: list[Testpoint], project: Project) -> list[str]:
    """All that is wrong with a plan, a line each."""
    found = [f"{point.name}: {what}" for point in plan for what in _wrong(point, project)]
    names = [point.name for point in plan]
    found += [f"{name}: the name is given twice" for name in sorted({name for name in names if names.count(name) > 1})]
    covered = {name for point in plan for name in point.coverage}
    found += [f"coverage point {name} is in no testpoint" for name in project.points if name not in covered]
    blocks = {block for point in plan for block in point.blocks}
    found += [f"hdl/{block} has no testpoint" for block in project.blocks if block not in blocks]
    tested = {node for node in project.nodes for point in plan if point.names(node)}
    for bench in project.benches:
        if not any(node.startswith(f"{bench}/") for node in tested):
            found.append(f"bench {bench} is in no testpoint")
    return found


def nodes(plan: Iterable[Testpoint], collected: Iterable[str]) -> list[str]:
    """Those of the collected pytest nodes that reach the plan's coverage points."""
    measured = [point for point in plan if point.coverage]
    return [node for node in collected if any(point.names(node) for point in measured)]


def _wrong(point: Testpoint, project: Project) -> list[str]:
    found = []
    texts = [point.name, point.feature, point.description, *point.blocks, *point.tests, *point.coverage]
    if any(not text.strip() or PLACEHOLDER.search(text) for text in texts) or len(point.description) < LEAST:
        found.append("a text is empty or a placeholder")
    if point.stage not in STAGES:
        found.append(f"unknown stage {point.stage!r}")
    if not point.tests:
        found.append("no test shows it")
    if not point.blocks:
        found.append("no block has it")
    found += [f"unknown test {test}" for test in point.tests if not _exists(test, project)]
    found += [f"unknown coverage point {name}" for name in point.coverage if name not in project.points]
    return found + [f"unknown block {block}" for block in point.blocks if block not in project.blocks]


def _exists(test: str, project: Project) -> bool:
    if test.startswith("make "):
        return test.split()[1] in project.targets
    return any(node == test or node.startswith((f"{test}[", f"{test}::")) for node in project.nodes)
