# SPDX-License-Identifier: Apache-2.0
"""Which words of the KV SRAM were written and read, and how."""

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import PLACES, place

_group = Group(
    "kv_sram",
    {
        "access": ("write", "read", "both"),
        "slot": PLACES,
        "position": PLACES,
        "other": ("lower", "higher"),
        "slots": (1, 2, 3),
        "positions_a_clock": (1, 2, 4),
    },
    {"access_slot": ("access", "slot"), "access_position": ("access", "position"), "address": ("slot", "position")},
)


def sample(dut, slot: int, written: int | None = None, read: int | None = None) -> None:
    """An access to ``slot``: the position that is written, the one that is read, or both in the same clock."""
    at = read if written is None else written
    more = {"other": "lower" if read < written else "higher"} if None not in (written, read) else {}
    slots = int(dut.SLOTS.value)
    _group(
        access="both" if more else "write" if read is None else "read",
        slot=place(slot, slots),
        position=place(at, int(dut.DEPTH.value)),
        slots=slots,
        positions_a_clock=int(dut.POSITIONS.value),
        **more,
    )
