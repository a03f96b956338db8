# SPDX-License-Identifier: Apache-2.0
"""The testplan for readers: ``python -m tb.evidence.plan.view`` writes docs/testplan.md."""

import sys
from collections import defaultdict

from models.project import ROOT
from tb.evidence.plan.plan import STAGES, Testpoint, load

PAGE = ROOT / "docs" / "testplan.md"
HEAD = """# Testplan

Every feature of the chip, what must hold, and what shows it. Written from `tb/evidence/plan/testplan.toml` by
`python -m tb.evidence.plan.view`; a test holds the plan against the benches, the coverage points and `hdl/`.
V1: nothing works without it. V2: all that the design does. V3: corners and stress. `make coverage` says how much of the
coverage is reached.
"""


def page(plan: list[Testpoint]) -> str:
    """The plan as Markdown, a section a feature."""
    features = defaultdict(list)
    for point in plan:
        features[point.feature].append(point)
    counts = ", ".join(f"{sum(point.stage == stage for point in plan)} of stage {stage}" for stage in STAGES)
    parts = [HEAD, f"{len(plan)} testpoints: {counts}.\n"]
    for feature, points in features.items():
        parts.append(f"## {feature}\n\n| testpoint | what must hold | tests | coverage |\n|---|---|---|---|\n")
        parts[-1] += "".join(map(_row, points))
    return "\n".join(parts)


def _row(point: Testpoint) -> str:
    blocks = ", ".join(point.blocks)
    cells = (
        f"**{point.name}** {point.stage}<br>{blocks}",
        point.description,
        _list(point.tests),
        _list(point.coverage),
    )
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def _list(names: tuple[str, ...]) -> str:
    return "<br>".join(f"`{name}`" for name in names)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(load()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
