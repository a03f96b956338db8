# SPDX-License-Identifier: Apache-2.0
"""The geometry of a die, as DIE gives it: ``lanes=64 block=64 block.down=96``."""

from models.die.shape import MATRICES, Die
from models.errors import InputError

FIELDS = "act_w", "kv_w", "positions", "lanes", "bit_lines", "top_k"
BY_ARRAY = "block", "share", "offset"  # field.array is that of one


def fields(text: str) -> dict:
    """Fields of Die, from ``field=number`` with spaces or commas between them, later ones over earlier. InputError
    unless all are that.
    """
    found: dict = {}
    for entry in text.replace(",", " ").split():
        name, _, value = entry.partition("=")
        field, _, array = name.partition(".")
        known = name in (*FIELDS, *BY_ARRAY) or (field in BY_ARRAY and array in MATRICES)
        if not known or not (value.isascii() and value.isdigit()):
            names = ", ".join((*FIELDS, *BY_ARRAY))
            raise InputError(f"{entry!r} is no field of a die", "DIE", f"write lanes=64 block.down=96; fields: {names}")
        if field in FIELDS:
            found[field] = int(value)
        else:
            whole = found.get(field, getattr(Die(), field))
            found[field] = whole | dict.fromkeys([array] if array else MATRICES, int(value))
    return found
