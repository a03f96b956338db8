"""What the sequencer went through: prompts, ends, and what a slot did before."""

from tb.coverage.functional import Group

ENDS = ("none", "stop", "limit", "context")  # end_e of hdl/cartridge_pkg.sv
OPENS = ("first", "carried on")
_group = Group(
    "sequencer",
    {
        "slot": (0, 1),
        "prompt": ("one token", "several", "fills the context", "too long"),
        "opens": OPENS,
        "end": ENDS[1:],
        "stop_token": range(4),
        "limit": ("one", "several", "at the end of the context"),
        "beside": ("alone", "another slot"),
        "before": ("nothing", *ENDS[1:]),
    },
    {"end_in_slot": ("slot", "end"), "transition": ("before", "opens"), "end_after": ("before", "end")},
    {"transition": [("nothing", "carried on")]},
)


def sample(talk, before: int | None, beside: int, stops: tuple[int, ...]) -> None:
    """A conversation of the bench (slot, depth, beats, answers) after one in its slot that ended with ``before``."""
    _, pos, token, end = talk.answers[-1]
    (_, _, first, _, _), limit = talk.beats[0], talk.beats[-1][-1]
    count, answers = len(talk.beats), len(talk.answers)
    kinds = {count == 1: "one token", count == talk.depth: "fills the context", count > talk.depth: "too long"}
    limits = {limit == 1: "one", pos == talk.depth and answers > 1: "at the end of the context"}
    more = {"stop_token": stops.index(token)} if ENDS[end] == "stop" else {}
    if ENDS[end] == "limit":
        more["limit"] = limits.get(True, "several")
    _group(
        slot=talk.slot,
        prompt=kinds.get(True, "several"),
        opens=OPENS[0 if first else 1],
        end=ENDS[end],
        beside="another slot" if beside else "alone",
        before="nothing" if before is None else ENDS[before],
        **more,
    )
