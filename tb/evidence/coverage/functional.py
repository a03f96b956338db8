# SPDX-License-Identifier: Apache-2.0
"""Functional coverage: groups of points that benches sample, kept by cocotb-coverage, a file a run, merged afterwards.

``tb/evidence/coverage/points/`` has a module a bench with its groups. A bench imports its own and samples in one line.
"""

import atexit
import contextlib
import importlib
import os
import pkgutil
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path

import yaml
from cocotb_coverage.coverage import CoverCross, CoverPoint, coverage_db, coverage_section, merge_coverage

import tb.evidence.coverage.points as definitions

KINDS = ("CoverPoint", "CoverCross")
if os.environ.get("FUNCTIONAL"):  # the file that tb/rig/runner.py asks a run for
    atexit.register(coverage_db.export_to_yaml, os.environ["FUNCTIONAL"])


class Group:
    """The points of a feature. A call samples them: ``group(shift=3, ends={"low", "high"})``.

    A value that is a set hits every bin in it, any other value its own; a value without a bin, or a point that is left
    out, hits none. A cross counts the pairs that one call has hit.

    Args:
        name: of the group; its points are called ``name.point``.
        points: point -> its bins.
        crosses: cross -> the points crossed.
        never: cross -> pairs of bins that cannot meet; None in a pair stands for any.
    """

    def __init__(
        self,
        name: str,
        points: dict[str, Iterable[Hashable]],
        crosses: dict[str, tuple[str, ...]] | None = None,
        never: dict[str, list[tuple]] | None = None,
    ) -> None:
        items = [
            CoverPoint(
                f"{name}.{point}",
                xf=lambda sample, point=point: sample.get(point, ()),
                bins=list(bins),
                rel=lambda value, bin: bin in value if isinstance(value, set | frozenset) else bin == value,
                inj=False,
            )
            for point, bins in points.items()
        ]
        items += [
            CoverCross(f"{name}.{cross}", [f"{name}.{point}" for point in crossed], (never or {}).get(cross, []))
            for cross, crossed in (crosses or {}).items()
        ]
        self._sample = coverage_section(*items)(lambda sample: None)

    def __call__(self, **sample: Hashable | set) -> None:
        self._sample(sample)


def names() -> list[str]:
    """All points and crosses there are, 'group.point'."""
    for module in pkgutil.iter_modules(definitions.__path__):
        importlib.import_module(f"{definitions.__name__}.{module.name}")
    return sorted(name for name, item in coverage_db.items() if type(item).__name__ in KINDS)


def merge(files: Iterable[Path], scratch: Path) -> dict[str, dict[str, int]]:
    """Hits of every bin of every point that there is, over all files: {point: {bin: hits}}.

    Args:
        files: what runs exported.
        scratch: a file that may be written: cocotb-coverage merges into one.
    """
    files = sorted(map(str, files))
    blank = scratch.with_name("blank.yml")  # every point, none hit: one that no bench imported must not be forgotten
    names()
    with contextlib.redirect_stdout(None):
        coverage_db.export_to_yaml(str(blank))
        merge_coverage(lambda _: None, str(scratch), str(blank), *files)
    return dict(_points(yaml.load(scratch.read_text(encoding="utf-8"), yaml.CSafeLoader)))


def _points(raw: dict) -> Iterator[tuple[str, dict[str, int]]]:
    for name, item in raw.items():
        if "bins:_hits" in item:
            yield name, {str(key): hits for key, hits in item["bins:_hits"].items()}
