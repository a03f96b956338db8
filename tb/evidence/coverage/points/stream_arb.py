# SPDX-License-Identifier: Apache-2.0
"""At which speeds the arbiter ran, and which offers it chose from."""

from tb.evidence.coverage.functional import Group

STALLS = ("none", "some", "heavy")
RULES = ("priority", "turns")
_group = Group(
    "stream_arb",
    {"rule": RULES, "a": STALLS, "b": STALLS, "out": STALLS},
    {"speeds": ("rule", "a", "b", "out")},
)
_choice = Group(
    "stream_arb_choice",
    {"rule": RULES, "offered": ("a", "b", "ab"), "chosen": ("a", "b"), "because": ("new", "waits"), "taken": (0, 1)},
    {"choice": ("rule", "offered", "chosen", "because", "taken")},
    {
        "choice": [
            *(
                (rule, side, other, because, taken)
                for rule in RULES
                for side, other in ("ab", "ba")
                for because in ("new", "waits")
                for taken in (0, 1)
            ),
            *(("priority", "ab", "b", "new", taken) for taken in (0, 1)),
        ]
    },
)


def sample(turns: bool, a: str, b: str, out: str) -> None:
    """A run at three speeds."""
    _group(rule=RULES[turns], a=a, b=b, out=out)


def sample_choice(turns: bool, offered: str, chosen: str, waits: str, taken: bool) -> None:
    """A clock in which somebody offers: who, whose beat is passed on, whether it waited before, whether it is taken."""
    _choice(rule=RULES[turns], offered=offered, chosen=chosen, because="waits" if waits else "new", taken=int(taken))
