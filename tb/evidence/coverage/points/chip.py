# SPDX-License-Identifier: Apache-2.0
"""What the chip went through: conversations of its slots, stages at their places, dies."""

from collections.abc import Iterable

from models.die.shape import Die, Shape
from models.golden.stage import CHIP, Stage
from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import END_REASONS, PLACES, place
from tb.oracle.conversation import Conversation
from tb.oracle.trace import Observed
from tb.rig.bundles import End

_talk = Group(
    "chip",
    {
        "slot": (0, 1),
        "prompt": ("one token", "several", "fills the context"),
        "opens": ("first", "carried on"),
        "end": END_REASONS,
        "before": ("nothing", *END_REASONS),
        "beside": ("alone", "another slot"),
    },
    {"end_in_slot": ("slot", "end"), "transition": ("before", "opens"), "end_beside": ("end", "beside")},
    # A conversation that filled the context cannot be carried on: the sequencer's bench holds the refusal.
    {"transition": [("nothing", "carried on"), ("context", "carried on")]},
)
_stage = Group(
    "chip_stage",
    {
        "in_layer": [
            (stage.name.lower(), at) for stage in Stage for at in ("first", "last") if 0 < stage < Stage.FINAL_NORM
        ],
        "of_chip": [stage.name.lower() for stage in Stage if stage == 0 or stage >= Stage.FINAL_NORM],
        "slot": (0, 1),
        "position": PLACES,
    },
    {"slot_position": ("slot", "position")},
)
_die = Group(
    "chip_die",
    {
        "lanes": (32, 64),
        "block": (32, 64),
        "blocks": ("of one size", "by array"),
        "bit_lines": ("one", "several"),
        "columns_a_scaling_unit": ("one", "several"),
        "slices": (1, 2),
        "layers": ("one", "several"),
        "heads_a_kv_head": ("one", "several"),
        "head": ("tied", "its own"),
    },
)


def sample(talk: Conversation, depth: int, end: int, before: int | None, beside: int) -> None:
    """A conversation that ended so, after one that ended with ``before`` in its slot, ``beside`` others that go on."""
    count = len(talk.tokens)
    _talk(
        slot=talk.slot,
        prompt={1: "one token", depth: "fills the context"}.get(count, "several"),
        opens="first" if talk.first else "carried on",
        end=End(end).name.lower(),
        before="nothing" if before is None else End(before).name.lower(),
        beside="another slot" if beside else "alone",
    )


def sample_stages(observed: Iterable[Observed], layers: int, depth: int) -> None:
    """Stages that were compared. Those that are alike to the points count once: most are of layers in the middle."""
    points = set()
    for at in (one.place for one in observed):
        ends = (name for there, name in ((0, "first"), (layers - 1, "last")) if at.layer == there)
        where = at.stage.name.lower() if at.layer == CHIP else frozenset((at.stage.name.lower(), name) for name in ends)
        points.add((at.slot, place(at.pos, depth), at.layer == CHIP, where))
    for slot, position, of_chip, where in points:
        _stage(slot=slot, position=position, **{"of_chip" if of_chip else "in_layer": where})


def sample_die(shape: Shape, die: Die, tied: bool) -> None:
    """A die and the shape on it."""

    def few(count: int) -> str:
        return "one" if count == 1 else "several"

    _die(
        lanes=die.lanes,
        block=set(die.block.values()),
        blocks="of one size" if len(set(die.block.values())) == 1 else "by array",
        bit_lines=few(die.bit_lines),
        columns_a_scaling_unit={few(share) for share in die.share.values()},
        slices=set(die.slices.values()),
        layers=few(shape.layers),
        heads_a_kv_head=few(shape.heads // shape.kv_heads),
        head="tied" if tied else "its own",
    )
