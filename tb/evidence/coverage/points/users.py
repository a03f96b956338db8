# SPDX-License-Identifier: Apache-2.0
"""Many users on one die: whose conversation ended how, with what adapter and choice, and how many were beside it."""

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import END_REASONS
from tb.oracle.conversation import Conversation
from tb.rig.bundles import End

_talk = Group(
    "users",
    {
        "slot": ("first", "between", "last"),
        "adapter": ("none", "first", "second"),
        "choice": ("greedy", "drawn"),
        "opens": ("first", "carried on"),
        "end": END_REASONS,
        "beside": ("alone", "some", "all others"),
    },
    {
        "adapter_choice": ("adapter", "choice"),
        "adapter_opens": ("adapter", "opens"),
        "end_beside": ("end", "beside"),
    },
)


def sample(talk: Conversation, slots: int, end: int, beside: int) -> None:
    """A conversation on a die of so many slots that ended so, while ``beside`` others went on."""
    _talk(
        slot={0: "first", slots - 1: "last"}.get(talk.slot, "between"),
        adapter=("none", "first", "second")[min(talk.adapter, 2)],
        choice="drawn" if talk.top_k > 1 else "greedy",
        opens="first" if talk.first else "carried on",
        end=End(end).name.lower(),
        beside={0: "alone", slots - 1: "all others"}.get(beside, "some"),
    )
