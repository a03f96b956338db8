# SPDX-License-Identifier: Apache-2.0
"""Quantised matrices: the kinds of weights that cells and scales of a die hold as a file stores them, and their blocks.

The block layouts are those of ggml's ``ggml-common.h``; docs/formats.md says what codes, sub-scales and scales mean.
"""

from dataclasses import dataclass

import gguf
import numpy as np

from models.die.shape import GROUP


@dataclass(frozen=True)
class _Plane:
    """Values of ``bits`` bits in ``chunks`` * ``length`` bytes of a block, from byte ``at`` on.

    The bytes of a chunk hold as many values as they have bytes in their lowest bits, then as many in the next ones. In
    what is read from several planes they are the bits from ``place`` on.
    """

    at: int
    chunks: int
    length: int
    bits: int
    place: int = 0

    def take(self, blocks: np.ndarray) -> np.ndarray:
        """Values uint8 [..., n] of blocks uint8 [..., bytes]."""
        raw = np.ascontiguousarray(blocks[..., self.at : self.at + self.chunks * self.length])
        raw = raw.reshape(*raw.shape[:-1], self.chunks, self.length)
        chunk = f"V{self.length}"  # a chunk is moved as one thing: numpy is slow along axes of few bytes
        values = np.empty((*raw.shape[:-1], 8 // self.bits), dtype=chunk)
        for index, shift in enumerate(range(0, 8, self.bits)):
            piece = raw >> np.uint8(shift) if shift else raw
            if shift + self.bits < 8:
                piece = piece & np.uint8((1 << self.bits) - 1)
            values[..., index] = (piece << np.uint8(self.place) if self.place else piece).view(chunk)[..., 0]
        return values.view(np.uint8).reshape(*blocks.shape[:-1], -1)

    def put(self, blocks: np.ndarray, values: np.ndarray) -> None:
        """Write the bits of values [..., n] that belong here into blocks."""
        pieces = values >> np.uint8(self.place) & np.uint8((1 << self.bits) - 1)
        pieces = pieces.reshape(*blocks.shape[:-1], self.chunks, 8 // self.bits, self.length) << self._shifts()
        found = np.bitwise_or.reduce(pieces, axis=-2)
        blocks[..., self.at : self.at + self.chunks * self.length] = found.reshape(*blocks.shape[:-1], -1)

    def _shifts(self) -> np.ndarray:
        return np.arange(0, 8, self.bits, dtype=np.uint8)[:, None]


class _Planes(tuple[_Plane, ...]):
    """Planes that together hold values of more bits than one of them."""

    def take(self, blocks: np.ndarray) -> np.ndarray:
        """Values uint8 [..., n] of blocks uint8 [..., bytes]."""
        values = self[0].take(blocks)
        for plane in self[1:]:
            values |= plane.take(blocks)
        return values

    def put(self, blocks: np.ndarray, values: np.ndarray) -> None:
        """Write values [..., n] into blocks."""
        for plane in self:
            plane.put(blocks, values)


class _Pairs:
    """The 6-bit scales and minima of Q4_K and Q5_K in 12 bytes from byte ``at`` on: [..., 8 scales, 8 minima].

    Bytes 0 to 3 are the first four scales, 4 to 7 the first four minima, and their two highest bits those of the last
    four; bytes 8 to 11 have the low nibbles of the last four scales and, above, of the last four minima.
    """

    def __init__(self, at: int) -> None:
        self.first, self.high = _Plane(at, 1, 8, 8), _Plane(at + 8, 1, 4, 4)

    def take(self, blocks: np.ndarray) -> np.ndarray:
        """Values uint8 [..., 16] of blocks uint8 [..., bytes]."""
        first = self.first.take(blocks).reshape(*blocks.shape[:-1], 2, 4)
        last = self.high.take(blocks).reshape(first.shape) | first >> 6 << 4
        return np.concatenate([first & 63, last], axis=-1).reshape(*blocks.shape[:-1], 16)

    def put(self, blocks: np.ndarray, values: np.ndarray) -> None:
        """Write values [..., 16] into blocks."""
        halves = values.reshape(*blocks.shape[:-1], 2, 2, 4)  # scales and minima, first and last four
        first, last = halves[..., 0, :], halves[..., 1, :]
        self.first.put(blocks, (first | last >> 4 << 6).reshape(*blocks.shape[:-1], 8))
        self.high.put(blocks, (last & 15).reshape(*blocks.shape[:-1], 8))


@dataclass(frozen=True)
class _Kind:
    """Codes of ``bits`` bits in blocks of the GGUF type ``stored``; where each piece of a block lies, in bytes.

    A block has the scale ``d`` and, where ``zero`` is None, a second binary16 word at ``m``: m itself, or -m in the
    kinds with integers. Elsewhere codes stand for ``q - zero``: m is ``-zero * d``. With ``integers`` a block is a
    super-block whose spans have the sub-scales that ``integers`` holds, less ``bias``; with a stored m, behind them as
    many n.
    """

    stored: str
    bits: int
    zero: int | None
    block_bytes: int
    codes: _Planes
    d: int = 0
    m: int = 2
    span: int = GROUP
    integers: _Planes | _Pairs | None = None
    bias: int = 0
    signed: bool = False  # a code is stored as the signed byte q - zero

    @property
    def superblock(self) -> int:
        """Inputs that share a pair {m, d} and have integers: 256; 0 in a plain kind."""
        return SUPERBLOCK if self.integers else 0


SUPERBLOCK = 256  # weights of a super-block of the K-kinds
_BYTES, _NIBBLES = _Planes([_Plane(2, 1, GROUP, 8)]), _Planes([_Plane(2, 1, GROUP // 2, 4)])
_NIBBLES_M = _Planes([_Plane(4, 1, GROUP // 2, 4)])
_THREE_BITS = _Planes([_Plane(32, 2, 32, 2), _Plane(0, 1, 32, 1, 2)])
_FIVE_BITS = _Planes([_Plane(48, 4, 32, 4), _Plane(16, 1, 32, 1, 4)])
_SIX_BITS = _Planes([_Plane(0, 2, 64, 4), _Plane(128, 2, 32, 2, 4)])
_SCALES_3 = _Planes([_Plane(96, 1, 8, 4), _Plane(104, 1, 4, 2, 4)])
GGUF_KINDS = {
    "Q4_0": _Kind("Q4_0", 4, 8, 18, _NIBBLES),
    "Q4_1": _Kind("Q4_1", 4, None, 20, _NIBBLES_M),
    "Q5_0": _Kind("Q5_0", 5, 16, 22, _Planes([_Plane(6, 1, 16, 4), _Plane(2, 4, 1, 1, 4)])),
    "Q5_1": _Kind("Q5_1", 5, None, 24, _Planes([_Plane(8, 1, 16, 4), _Plane(4, 4, 1, 1, 4)])),
    "Q8_0": _Kind("Q8_0", 8, 128, 34, _BYTES, signed=True),
    "Q2_K": _Kind("Q2_K", 2, None, 84, _Planes([_Plane(16, 2, 32, 2)]), 80, 82, 16, _Planes([_Plane(0, 1, 16, 4)])),
    "Q3_K": _Kind("Q3_K", 3, 4, 110, _THREE_BITS, 108, span=16, integers=_SCALES_3, bias=32),
    "Q4_K": _Kind("Q4_K", 4, None, 144, _Planes([_Plane(16, 4, 32, 4)]), integers=_Pairs(4)),
    "Q5_K": _Kind("Q5_K", 5, None, 176, _FIVE_BITS, integers=_Pairs(4)),
    "Q6_K": _Kind("Q6_K", 6, 32, 210, _SIX_BITS, 208, span=16, integers=_Planes([_Plane(192, 1, 16, 8)])),
}
KINDS = GGUF_KINDS | {
    "W3": _Kind("Q4_1", 3, None, 20, _NIBBLES_M),
    "W6": _Kind("Q8_0", 6, 32, 34, _BYTES, signed=True),
}
WIDTHS = {3: "W3", 6: "W6"}  # the mix: models.quantise.mix
K_KINDS = tuple(name for name, kind in KINDS.items() if kind.integers)


@dataclass(frozen=True, eq=False)
class Quantised:
    """A matrix of ``out`` rows and ``in`` columns: weight = d*s*q + m*n, where s = n = 1 in a plain kind.

    ``q`` uint8 [out, in], unsigned codes of ``bits`` bits. ``d`` and ``m`` uint16, binary16 words: of 32 inputs, [out,
    in/32], in a plain kind, of a super-block, [out, in/256], in a K-kind. ``s`` and ``n`` int8 [out, in/span], the
    integers of a span of a K-kind; None in a plain kind.
    """

    kind: str
    q: np.ndarray
    d: np.ndarray
    m: np.ndarray
    s: np.ndarray | None = None
    n: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)."""
        return self.q.shape

    @property
    def bits(self) -> int:
        """Bits of a code: 2 to 6, or 8."""
        return KINDS[self.kind].bits

    @property
    def span(self) -> int:
        """Inputs that share integers, 16 or 32; 32 in a plain kind."""
        return KINDS[self.kind].span

    @property
    def superblock(self) -> int:
        """Inputs that share a pair {m, d}: 256 in a K-kind; 0 in a plain kind, whose pairs are those of 32."""
        return KINDS[self.kind].superblock

    @classmethod
    def from_bytes(cls, kind: str, raw: bytes | np.ndarray, out: int, inputs: int) -> "Quantised":
        """Unpack the GGUF blocks of a matrix that hold ``kind``. ValueError if ``raw`` has another size."""
        return Blocks.of(kind, raw, out, inputs).unpack()

    def rows(self, which: slice | np.ndarray) -> "Quantised":
        """Some of its rows."""
        words = (self.q, self.d, self.m, self.s, self.n)
        return Quantised(self.kind, *(None if word is None else word[which] for word in words))

    def inputs(self, which: slice) -> "Quantised":
        """Some of its columns, whole blocks of them."""
        ends = which.start, which.stop

        def cut(word: np.ndarray | None) -> np.ndarray | None:
            return None if word is None else word[:, slice(*(end * word.shape[1] // self.shape[1] for end in ends))]

        return Quantised(self.kind, *map(cut, (self.q, self.d, self.m, self.s, self.n)))

    def to_bytes(self) -> bytes:
        """The GGUF blocks, byte for byte as the checkpoint has them."""
        k = KINDS[self.kind]
        blocks = np.zeros((*self.d.shape, k.block_bytes), dtype=np.uint8)
        q = self.q.reshape(*self.d.shape, -1)
        k.codes.put(blocks, q - np.uint8(k.zero) if k.signed else q)
        blocks[..., k.d : k.d + 2] = self.d.astype("<u2")[..., None].view(np.uint8)
        if k.zero is None:
            m = self.m ^ np.uint16(0x8000 if k.integers else 0)
            blocks[..., k.m : k.m + 2] = m.astype("<u2")[..., None].view(np.uint8)
        if k.integers:
            parts = (self.s, self.n) if k.zero is None else (self.s,)
            integers = np.concatenate([part.reshape(*self.d.shape, -1) for part in parts], axis=-1)
            k.integers.put(blocks, integers.view(np.uint8) + np.uint8(k.bias))
        return blocks.tobytes()

    def add_to(self, writer: gguf.GGUFWriter, name: str) -> None:
        """Make this the matrix ``name`` of a file that is being written."""
        raw = np.frombuffer(self.to_bytes(), dtype=np.uint8).reshape(len(self.q), -1)
        writer.add_tensor(name, raw, raw_dtype=gguf.GGMLQuantizationType[KINDS[self.kind].stored])

    def dequantised(self) -> np.ndarray:
        """The weights, float32 [out, in], each rounded as seldom as ggml rounds it."""
        k = KINDS[self.kind]
        spans = self.q.shape[1] // k.span
        d, m = (_repeat(word.view(np.float16).astype(np.float32), spans) for word in (self.d, self.m))
        q = self.q.reshape(*d.shape, k.span)
        if self.s is not None:
            d, m = d * self.s, m * self.n
        weights = q * d[..., None] + m[..., None] if k.zero is None else (q - np.float32(k.zero)) * d[..., None]
        return weights.reshape(self.q.shape)


@dataclass(frozen=True, eq=False)
class Blocks:
    """A matrix as its file has it, with the fields of ``Quantised``, each unpacked anew when it is asked for.

    ``raw`` uint8 [out, blocks, bytes] may be a file mapped into memory: a model of any size takes none until then.
    """

    kind: str
    raw: np.ndarray

    bits = Quantised.bits
    span = Quantised.span
    superblock = Quantised.superblock

    @classmethod
    def of(cls, kind: str, raw: bytes | np.ndarray, out: int, inputs: int) -> "Blocks":
        """The blocks of a matrix. ValueError if ``raw`` has another size."""
        k = KINDS[kind]
        flat = raw if isinstance(raw, np.ndarray) else np.frombuffer(raw, dtype=np.uint8)
        return cls(kind, flat.reshape(out, inputs // (k.superblock or GROUP), k.block_bytes))

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)."""
        out, blocks, _ = self.raw.shape
        return out, blocks * (self.superblock or GROUP)

    @property
    def q(self) -> np.ndarray:
        """The codes."""
        k = KINDS[self.kind]
        q = k.codes.take(self.raw)
        if k.signed:
            q += np.uint8(k.zero)  # modulo 256
        return q.reshape(self.shape)

    @property
    def d(self) -> np.ndarray:
        """The scales."""
        return _word(self.raw, KINDS[self.kind].d)

    @property
    def m(self) -> np.ndarray:
        """The offsets, stored or made of d."""
        k = KINDS[self.kind]
        if k.zero is None:
            return _word(self.raw, k.m) ^ np.uint16(0x8000 if k.integers else 0)
        with np.errstate(over="ignore", invalid="ignore"):  # a d that no die holds may give an infinite m
            return (self.d.view("<f2") * np.float16(-k.zero)).view("<u2")

    @property
    def s(self) -> np.ndarray | None:
        """The integers of d."""
        return self._integers(0)

    @property
    def n(self) -> np.ndarray | None:
        """The integers of m: those of d where only these are stored."""
        return self._integers(0 if KINDS[self.kind].zero is not None else 1)

    def _integers(self, which: int) -> np.ndarray | None:
        k = KINDS[self.kind]
        if not k.integers:
            return None
        count = SUPERBLOCK // k.span
        integers = (k.integers.take(self.raw) - np.uint8(k.bias)).view(np.int8)
        return np.ascontiguousarray(integers[..., which * count : (which + 1) * count]).reshape(len(self.raw), -1)

    def rows(self, which: slice | np.ndarray) -> Quantised:
        """Some of its rows, unpacked."""
        return Blocks(self.kind, self.raw[which]).unpack()

    def inputs(self, which: slice) -> "Blocks":
        """Some of its columns, whole blocks of them, as the file has them."""
        width = self.superblock or GROUP
        return Blocks(self.kind, self.raw[:, which.start // width : which.stop // width])

    def unpack(self) -> Quantised:
        """All of it."""
        return Quantised(self.kind, self.q, self.d, self.m, self.s, self.n)

    def to_bytes(self) -> bytes:
        """The GGUF blocks, byte for byte as the checkpoint has them."""
        return self.raw.tobytes()

    def add_to(self, writer: gguf.GGUFWriter, name: str) -> None:
        """Make this the matrix ``name`` of a file that is being written."""
        self.unpack().add_to(writer, name)

    def dequantised(self) -> np.ndarray:
        """The weights, float32 [out, in]."""
        return self.unpack().dequantised()


def _word(blocks: np.ndarray, at: int) -> np.ndarray:
    """The little-endian 16-bit word at byte ``at`` of every block."""
    return np.ascontiguousarray(blocks[..., at : at + 2]).view("<u2")[..., 0]


def _repeat(values: np.ndarray, count: int) -> np.ndarray:
    """Values [out, n] each repeated to [out, count]."""
    return np.repeat(values, count // values.shape[1], axis=1)
