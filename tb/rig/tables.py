# SPDX-License-Identifier: Apache-2.0
"""Tables that people write, as TOML: read into dataclasses, whatever is unknown, missing or of another type told."""

import tomllib
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from models.errors import InputError

Table = TypeVar("Table")


def load(path: Path, kind: type[Table]) -> Table:
    """Read a file as the dataclass ``kind``: a field a key; what has a default may be left out.

    A field is of a plain type, a union of these, a dataclass, ``list[T]``, ``tuple[T, ...]`` or ``dict[str, T]``.
    InputError names the file, the entry (by its ``name``, or its number) and what is wrong with it.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as problem:
        raise InputError(str(problem), path.name, "mend the TOML") from None
    return _table(found, kind, path.name)


def _table(found: dict[str, Any], kind: type[Table], where: str) -> Table:
    types = get_type_hints(kind)
    known = {field.name: field.default is MISSING and field.default_factory is MISSING for field in fields(kind)}
    missing = {name for name, needed in known.items() if needed} - found.keys()
    if wrong := sorted(missing) or sorted(found.keys() - known.keys()):
        problem = f"field {wrong[0]!r} is {'missing' if missing else 'unknown'}"
        raise InputError(problem, where, f"use {', '.join(known)}")
    return kind(**{name: _value(value, types[name], where, name) for name, value in found.items()})


def _value(found: Any, kind: Any, where: str, name: str, here: str = "") -> Any:
    """What was found as that type, for the field ``name`` of what is at ``where``; itself it is ``here``."""
    origin, inner, here = get_origin(kind), get_args(kind), here or f"{where}, {name}"
    if is_dataclass(kind) and isinstance(found, dict):
        return _table(found, kind, here)
    if origin in (list, tuple) and isinstance(found, list):
        places = (f"{here} {_title(one, number)}" for number, one in enumerate(found, 1))
        return origin(_value(one, inner[0], place, name, place) for one, place in zip(found, places, strict=True))
    if origin is dict and isinstance(found, dict):
        return {key: _value(value, inner[1], here, key) for key, value in found.items()}
    plain = inner if isinstance(kind, UnionType) else () if origin or is_dataclass(kind) else (kind,)
    if type(found) in plain:
        return found
    wanted = getattr(kind, "__name__", "") if isinstance(kind, type) and not origin else str(kind)
    raise InputError(f"field {name!r} is {found!r}", where, f"give a {wanted}")


def _title(found: Any, number: int) -> object:
    """What an entry of a list is called: its name, or its number."""
    return found.get("name", number) if isinstance(found, dict) else number
