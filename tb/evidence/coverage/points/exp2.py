# SPDX-License-Identifier: Apache-2.0
"""Which distances exp2 was given: every octave, every table entry, the ends of the interpolation."""

from tb.evidence.coverage.functional import Group

LAST = 20  # octaves beyond leave nothing
_group = Group(
    "exp2",
    {
        "octave": [*range(LAST + 1), "beyond", "longest"],
        "entry": range(64),
        "between_entries": ("on the entry", "last step", "inside"),
        "result": ("one", "between", "smallest", "zero"),
    },
    {"entry_and_step": ("entry", "between_entries")},
)


def sample(d: int, e: int) -> None:
    """2^-d of ``d`` with 12 fraction bits gave ``e``."""
    octave, step = d >> 12, d & 63
    _group(
        octave="longest" if d == (1 << 25) - 1 else "beyond" if octave > LAST else octave,
        entry=d >> 6 & 63,
        between_entries={0: "on the entry", 63: "last step"}.get(step, "inside"),
        result={0: "zero", 1: "smallest", 1 << 20: "one"}.get(e, "between"),
    )
