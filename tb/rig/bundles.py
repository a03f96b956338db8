# SPDX-License-Identifier: Apache-2.0
"""The packed structs of hdl/cartridge_pkg.sv as tuples of named fields, whose names, order and bits are the RTL's own.

Fields are given by name, and are 0 otherwise: their order is an affair of the RTL.
"""

import random
from collections import namedtuple
from enum import IntEnum

from models.die.shape import LANES
from models.project import HDL
from tb.rig.rtl import Package

PACKAGE = Package(HDL / "cartridge_pkg.sv", LANES=LANES)
TOKEN_W = PACKAGE.constant("TOKEN_W")
STOP_TOKENS = PACKAGE.constant("STOP_TOKENS")
NO_TOKEN = (1 << TOKEN_W) - 1  # of no vocabulary

End = IntEnum("End", {name.removeprefix("End").upper(): value for name, value in PACKAGE.enum("end_e").items()})
End.__doc__ = "Why a generation ended (NONE: it goes on): ``end_e`` of the package."


def _blank(kind: type) -> object:
    return kind(0) if issubclass(kind, int) else kind()


def bundle(struct: str, package: Package = PACKAGE, **kinds: type) -> type:
    """A class for a packed struct. ``kinds`` are the classes of fields that are bundles themselves, or enumerations."""
    fields = package.fields(struct)
    blank = {field.name: _blank(kinds.get(field.name, int)) for field in fields}

    class Bundle(namedtuple(struct, blank)):
        """Fields by name; of the class, WIDTH has the bits of all of them."""

        __slots__ = ()
        WIDTH = package.width(struct)

        def __new__(cls, **fields: object) -> "Bundle":
            if unknown := fields.keys() - blank.keys():
                raise TypeError(f"{struct} has no field {min(unknown)!r}")
            return cls._make((blank | fields).values())

        def pack(self) -> int:
            """The bits. ValueError for a field that does not fit."""
            bits = 0
            for field, value in zip(fields, self, strict=True):
                number = value.pack() if isinstance(value, tuple) else int(value)
                if not 0 <= number < 1 << field.width:
                    raise ValueError(f"{struct}.{field.name} has {field.width} bits, too few for {number}")
                bits |= number << field.first
            return bits

        @classmethod
        def unpack(cls, bits: int) -> "Bundle":
            """The fields of a vector of WIDTH bits."""
            values = {}
            for field in fields:
                number, kind = bits >> field.first & (1 << field.width) - 1, kinds.get(field.name, int)
                values[field.name] = kind.unpack(number) if issubclass(kind, tuple) else kind(number)
            return cls(**values)

        @classmethod
        def random(cls) -> "Bundle":
            """Any bits."""
            return cls.unpack(random.getrandbits(cls.WIDTH))

    return Bundle


class Tag(bundle("tag_t")):
    """Whose a beat is: adapter, gen (an answer is wanted), slot, pos. Of even parity unless a parity is given."""

    __slots__ = ()

    def __new__(cls, **fields: int) -> "Tag":
        tag = super().__new__(cls, **fields)
        return tag if "parity" in fields else tag._replace(parity=tag.pack().bit_count() % 2)

    def _replace(self, **fields: int) -> "Tag":
        """The tag with other fields, whole again unless its parity is one of them."""
        kept = self._asdict() if "parity" in fields else {k: v for k, v in self._asdict().items() if k != "parity"}
        return Tag(**kept | fields)

    def broken(self) -> "Tag":
        """The tag with any one bit turned over."""
        return Tag.unpack(self.pack() ^ 1 << random.randrange(self.WIDTH))


class Beat(bundle("beat_t", tag=Tag)):
    """A beat of a stream: tag, data."""

    __slots__ = ()


class Sample(bundle("sample_t")):
    """How a slot chooses its tokens: top_k, beta, seed."""

    __slots__ = ()


class Prompt(bundle("prompt_t", sample=Sample)):
    """A token of a prompt: slot, token, first, last, max_new, adapter, sample."""

    __slots__ = ()


class Answer(bundle("answer_t", reason=End)):
    """A token of an answer: slot, pos, token, reason."""

    __slots__ = ()


class AdapterWrite(bundle("adapter_write_t")):
    """32 bits of an adapter word: array, bank, word, chunk, data."""

    __slots__ = ()
