# SPDX-License-Identifier: Apache-2.0
"""The registers and outputs of every module in a simulated design, found by walking its hierarchy, and their X."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.project import HDL

REGISTER, OUTPUT = re.compile(r"\w+_q"), re.compile(r"\w+_o")
HANDSHAKES = re.compile(r"\w*(valid|ready|busy|idle|done)_o")  # may never be unknown
SCOPE, SCOPES = "HierarchyObject", "HierarchyArrayObject"  # an instance or generate block; an array of these
RESET = re.compile(r"^\s*input\s+logic\s+rst_i\b", re.MULTILINE)


@dataclass(frozen=True)
class Signal:
    """A register or output of one instance: the module, the name in it without generate scopes, and the handle."""

    module: str
    name: str
    handle: object

    @property
    def known(self) -> bool:
        """Whether no bit of it is X or Z."""
        return all(value.is_resolvable for value in _flat(self.handle.value))

    def text(self) -> str:
        """Its value, for comparison."""
        return " ".join(map(str, _flat(self.handle.value)))


def modules(hdl: Path = HDL) -> list[str]:
    """The modules of hdl/."""
    return sorted(file.stem for file in hdl.glob("*.sv") if not file.stem.endswith("_pkg"))


def with_reset(hdl: Path = HDL) -> list[str]:
    """The modules of hdl/ that have a reset."""
    return [name for name in modules(hdl) if RESET.search((hdl / f"{name}.sv").read_text(encoding="utf-8"))]


def instances(top) -> Iterator:
    """Handles of the top and of every module in it."""
    known = set(modules())
    yield top
    yield from (scope for scope in _below(top) if type(scope).__name__ == SCOPE and scope._def_name in known)


def module(scope) -> str:
    """The module that an instance is of."""
    return scope._def_name or scope._name


def own(scope) -> Iterator[Signal]:
    """Registers and outputs of one instance, those in its generate scopes too."""
    known = set(modules())
    inside = [scope]
    while inside:
        for item in inside.pop():
            if type(item).__name__ in (SCOPE, SCOPES):
                if type(item).__name__ == SCOPES or item._def_name not in known:
                    inside.append(item)
            elif REGISTER.fullmatch(item._name) or OUTPUT.fullmatch(item._name):
                yield Signal(module(scope), item._name, item)


def signals(top) -> Iterator[Signal]:
    """Registers and outputs of all instances."""
    for scope in instances(top):
        yield from own(scope)


def _below(scope) -> Iterator:
    for item in scope:
        if type(item).__name__ in (SCOPE, SCOPES):
            yield item
            yield from _below(item)


def _flat(value) -> Iterator:
    """The packed values in a value: itself, or those of an unpacked array."""
    if hasattr(value, "is_resolvable"):
        yield value
    else:
        for part in value:
            yield from _flat(part)
