# SPDX-License-Identifier: Apache-2.0
"""What the sequencer went through: prompts, ends, and what a slot did before."""

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import END_REASONS
from tb.rig.bundles import End

OPENS = ("first", "carried on")
MOMENTS = ("before the first token", "between tokens", "a token waits", "nothing to cut")
_group = Group(
    "sequencer",
    {
        "slot": (0, 1),
        "prompt": ("one token", "several", "fills the context", "too long"),
        "opens": OPENS,
        "end": END_REASONS,
        "stop_token": range(4),
        "limit": ("one", "several", "at the end of the context"),
        "beside": ("alone", "another slot"),
        "before": ("nothing", *END_REASONS),
        "adapter": ("none", "one"),
        "choice": ("greedy", "sampled"),
    },
    {
        "end_in_slot": ("slot", "end"),
        "transition": ("before", "opens"),
        "end_after": ("before", "end"),
        "adapter_of_turn": ("opens", "adapter"),
    },
    {"transition": [("nothing", "carried on")]},
)
_cut = Group("sequencer_cut", {"moment": MOMENTS})
_ring = Group(
    "sequencer_ring",
    {"answers": ("one", "several", "of all slots"), "turn": ("prompt after answer", "answer after prompt")},
)


def sample(talk, before: int | None, beside: int, stops: tuple[int, ...]) -> None:
    """A conversation of the bench (slot, depth, beats, answers) after one in its slot that ended with ``before``."""
    last = talk.answers[-1]
    pos, token, end = last.pos, last.token, last.reason
    first, limit = talk.beats[0].first, talk.beats[-1].max_new
    count, answers = len(talk.beats), len(talk.answers)
    kinds = {count == 1: "one token", count == talk.depth: "fills the context", count > talk.depth: "too long"}
    limits = {limit == 1: "one", pos == talk.depth and answers > 1: "at the end of the context"}
    more = {"stop_token": stops.index(token)} if end == End.STOP else {}
    if end == End.LIMIT:
        more["limit"] = limits.get(True, "several")
    _group(
        slot=talk.slot,
        prompt=kinds.get(True, "several"),
        opens=OPENS[0 if first else 1],
        end=End(end).name.lower(),
        beside="another slot" if beside else "alone",
        before="nothing" if before is None else End(before).name.lower(),
        adapter="one" if talk.adapter else "none",
        choice="sampled" if talk.sample.top_k > 1 else "greedy",
        **more,
    )


def sample_cut(offered: int, waits: bool, ended: bool) -> None:
    """A cut after so many tokens of the answer were offered, the last of them still waiting or not."""
    _cut(moment=MOMENTS[3 if ended else 2 if waits else 1 if offered else 0])


def sample_waiting(answers: int, slots: int) -> None:
    """So many answers wait on their way back into the layers."""
    _ring(answers={1: "one", slots: "of all slots"}.get(answers, "several"))


def sample_turn(prompt: bool) -> None:
    """A token went into the layers while one of the other kind waited, which follows: a prompt token or an answer."""
    _ring(turn="prompt after answer" if prompt else "answer after prompt")
