# SPDX-License-Identifier: Apache-2.0
"""The host port's registers as the bench knows them: hdl/host_registers.rdl, cut to a die's slots and banks."""

from collections.abc import Iterator
from enum import IntEnum

from models.die import host_map

_READ = host_map.read()
_MAP = {register.name: register for register in _READ}


def _enum(name: str, register: str, field: str) -> type[IntEnum]:
    values = next(f.values for f in _MAP[register].fields if f.name == field)
    return IntEnum(name, {key: value for key, (value, _) in values.items()})


State = _enum("State", "SLOT.STATUS", "state")
Command = _enum("Command", "SLOT.CTRL", "command")
Bank = _enum("Bank", "ADAPTER_BANK", "state")
FLAGS = tuple(field.name for field in _MAP["ERRORS"].fields)  # lowest bit first
COUNTERS = tuple(host_map.counters(_READ))
SETTINGS = ("SLOT.ADAPTER", "SLOT.MAX_NEW", "SLOT.TOP_K", "SLOT.BETA", "SLOT.SEED")


def flags(bits: int) -> set[str]:
    """The names of the flags in a value of ERRORS."""
    return {name for bit, name in enumerate(FLAGS) if bits >> bit & 1}


def position(status: int) -> tuple[State, int]:
    """State and position in a value of SLOT.STATUS."""
    return State(field(status, "SLOT.STATUS", "state")), field(status, "SLOT.STATUS", "position")


def field(value: int, register: str, name: str) -> int:
    """A field of a register's value."""
    found = next(one for one in _MAP[register].fields if one.name == name)
    return value >> found.low & (2 << found.high - found.low) - 1


class Registers:
    """The registers of a die; ``geometry`` has the values of those that it sets: 'LAYERS' and so on."""

    def __init__(self, geometry: dict[str, int]) -> None:
        self._counts = {"SLOT": geometry["SLOTS"], "ADAPTER_BANK": geometry["ADAPTERS"]}
        self._geometry = geometry

    def address(self, name: str, index: int = 0) -> int:
        """Byte address of a register, of an array's element ``index``."""
        return _MAP[name].address + index * _MAP[name].stride

    def bits(self, name: str) -> int:
        """The bits that a write may set: none if the register only reads."""
        return _MAP[name].bits

    def reset(self, name: str) -> int:
        """The value after reset."""
        return self._geometry.get(name, _MAP[name].reset)

    def all(self) -> Iterator[tuple[str, int]]:
        """Every register that there is: its name and index."""
        for register in _MAP.values():
            count = self._counts.get(register.name.partition(".")[0], register.count)
            yield from ((register.name, index) for index in range(count))
