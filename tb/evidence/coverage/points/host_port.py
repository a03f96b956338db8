# SPDX-License-Identifier: Apache-2.0
"""What a host did at its port, legal and not, and what its slots and adapter banks went through."""

from models.die import host_map
from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import END_REASONS
from tb.rig.bundles import End

STALLS = ("none", "some", "heavy")
STATES = ("CLOSED", "OPEN", "PREFILL", "BUSY")
ENDS = (End.NONE.name.lower(), *END_REASONS, "error")
FRAMES = ("good", "header only", "short", "long", "far too long", "bank", "layer", "word", "spare bits")
_MAP = host_map.read()
_SETTINGS = [register.name for register in _MAP if register.name.startswith("SLOT.") and register.bits]
_WRITTEN = [register.name for register in _MAP if register.bits]

_registers = Group(
    "host_registers",
    {
        "read": [register.name for register in _MAP if not register.name.startswith("CYCLES.")],
        "write": [
            name
            for name in _WRITTEN
            if name not in ("ERRORS", "COUNTERS_CLEAR", "RESTART", "ADAPTER_BANK", "SLOT.CTRL")
        ],
        "refused_write": [register.name for register in _MAP if not register.bits],
        "bad_value": [name for name in _SETTINGS if name != "SLOT.SEED"],
        "nowhere": ("between registers", "behind the banks", "behind the slots", "odd", "the last"),
        "strobes": range(16),
        "flag": [field.name for register in _MAP if register.name == "ERRORS" for field in register.fields],
        "counter": host_map.counters(_MAP),
        "write_order": ("address first", "data first", "together"),
        "stall": STALLS,
    },
    {"write_order_at_speed": ("write_order", "stall")},
)
_slots = Group(
    "host_slots",
    {
        "command": ("OPEN", "CLOSE", "STOP"),
        "setting": [name for name in _SETTINGS if name != "SLOT.CTRL"],
        "state": STATES,
        "prompt": ("one token", "several"),
        "room": ("enough", "too little"),
        "end": END_REASONS,
        "dropped": ("closed", "not there", "busy", "busy, then open"),
        "bad_token": ("only", "first", "middle", "last"),
        "cut": ("held back", "nothing to cut"),
        "stalled": ("slot", "die"),
        "restarted": STATES,
        "traffic": (*STALLS, "reset"),
    },
    {
        "command_in_state": ("command", "state"),
        "setting_in_state": ("setting", "state"),
        "end_of_prompt": ("prompt", "end"),
        "room_for_prompt": ("prompt", "room"),
    },
)
_adapters = Group(
    "host_adapters",
    {
        "frame": (*FRAMES, "READY", "READY in the middle"),
        "array": ("qkv", "o", "gateup", "down"),
        "emptied": STATES,
    },
)


def read(name: str) -> None:
    """A register was read after reset."""
    _registers(read=name)


def write(name: str) -> None:
    """A register was given a legal value."""
    _registers(write=name)


def refused_write(name: str) -> None:
    """A register that only reads was written."""
    _registers(refused_write=name)


def bad_value(name: str) -> None:
    """A register was given a value that it has bits for and cannot take."""
    _registers(bad_value=name)


def nowhere(address: int, size: dict[str, int]) -> None:
    """An access where nothing is, on a die of this size."""
    slots, banks = 0x1000 + 0x20 * size["SLOTS"], 0x100 + 4 * size["ADAPTERS"]
    kinds = {"between registers"} if address < 0x100 and address % 4 == 0 else set()
    kinds |= {"odd"} if address % 4 else set()
    kinds |= {"behind the banks"} if address == banks else set()
    kinds |= {"behind the slots"} if address == slots else set()
    _registers(nowhere=kinds | ({"the last"} if address == 0xFFFC else set()))


def strobes(pattern: int) -> None:
    """A write with these bytes."""
    _registers(strobes=pattern)


def flag(name: str) -> None:
    """A flag was raised alone."""
    _registers(flag=name)


def counter(name: str) -> None:
    """A counter was held against its definition."""
    _registers(counter=name)


def order(which: str, stall: str) -> None:
    """In which order address and data of a write came, at this speed."""
    _registers(write_order=which, stall=stall)


def command(which: str, state: str) -> None:
    """A command to a slot in this state."""
    _slots(command=which, state=state)


def setting(name: str, state: str) -> None:
    """A setting was written in this state."""
    _slots(setting=name, state=state)


def prompt(count: int, over: bool, end: int) -> None:
    """A prompt of so many tokens, longer than the room that was left or not, and how its answer ended."""
    _slots(prompt="one token" if count == 1 else "several", room="too little" if over else "enough", end=ENDS[end])


def dropped(why: str) -> None:
    """A token was dropped: why."""
    _slots(dropped=why)


def bad_token(place: str) -> None:
    """Where in its prompt a token was bad."""
    _slots(bad_token=place)


def cut(how: str) -> None:
    """What became of a STOP."""
    _slots(cut=how)


def stalled(what: str) -> None:
    """What did not move."""
    _slots(stalled=what)


def restarted(state: str) -> None:
    """The chip was told to forget what is in it while a slot was in this state."""
    _slots(restarted=state)


def traffic(kind: str) -> None:
    """Users, adapters and nonsense together, at this speed or with a reset."""
    _slots(traffic=kind)


def frame(kind: str) -> None:
    """A frame: good, or what was wrong with it."""
    _adapters(frame=kind)


def word(array: int) -> None:
    """A good frame for an array."""
    _adapters(array=("qkv", "o", "gateup", "down")[array])


def bank(state: str) -> None:
    """A READY bank was told to be EMPTY while a slot in this state has or names it."""
    _adapters(emptied=state)
