# SPDX-License-Identifier: Apache-2.0
"""The audit of a mask: every via and every scale on file against the checkpoint, whether a simulation used it or not.

A prompt reads only some rows of the embedding and some positions of the tables, and a weight times zero tells nothing:
what the RTL's answers cannot show, the images do. They are decoded by ``models.mask.decode``, which knows nothing of
the etcher; codes, scales and gains are held against the checkpoint's own, the angles of RoPE against their formula.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.checkpoint import checkpoint
from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.quantised import Blocks
from models.die.shape import EMBED, GROUP, Die, Shape
from models.mask import decode
from models.mask.decode import Stored
from models.mask.image import Image

STAGES = {  # the stage in which the faults of a tensor show; those of a norm show in the stage of its name
    "attn_q": "q",
    "attn_k": "k",
    "attn_v": "v",
    "attn_output": "o_proj",
    "ffn_gate": "gate",
    "ffn_up": "up",
    "ffn_down": "down",
}
CHIP_STAGES = {"embed": "embedding", "head": "logits"}
PIECE = 1 << 22  # codes that are compared at once
HALF = 0.5 + 1e-6  # what rounding may move a sine, in units of its last place


def audit(ckpt: Checkpoint, die: Die, mask: Path) -> list[str]:
    """What is wrong in a mask, a line a tensor and image: layer, stage, first place that differs, expected and got.

    InputError where an image is missing or no image at all.
    """
    faults = []
    for stored in decode.matrices(mask, ckpt.shape, die, tied=checkpoint.HEAD not in ckpt.tensors):
        faults += _matrix(ckpt, stored, die.span[stored.cells.array])
    for name, image in decode.gains(mask, ckpt.shape):
        faults += _gains(ckpt.gains[name], image)
    return faults + list(_angles(ckpt.shape, *decode.angles(mask, ckpt.shape, die)))


def _fault(image: Image, stage: str, place: str, expected: str, got: object, count: int) -> str:
    """The line of an image's first fault, of ``count`` in all."""
    where = f"{image.owner}, stage {stage}, {place}"
    return f"mask fault: {where}: expected {expected}, got {got} ({image.file}, {count} in all)"


def _matrix(ckpt: Checkpoint, stored: Stored, span: int) -> Iterator[str]:
    """Faults of a tensor in an array of this span: of cells, scales, integers. Columns of no tensor must be zero."""
    tensor = ckpt.tensors[stored.name] if stored.name else None
    yield from _codes(tensor, stored)
    words = [None if values is None else np.zeros_like(values) for values in stored.words]
    if tensor:
        words = decode.widened(tensor, stored, span)
    superblock = stored.shape[1] // stored.d.shape[1]
    name = "super-block" if stored.integers else "group"
    yield from _pairs(stored, stored.scales, stored.words[:2], words[:2], (name, superblock, "d {:04x} m {:04x}"))
    if stored.integers:
        yield from _pairs(stored, stored.integers, stored.words[2:], words[2:], ("half group", GROUP // 2, "s {} n {}"))


def _codes(tensor: Blocks | None, stored: Stored) -> Iterator[str]:
    """The fault of a tensor's cells, some inputs at a time."""
    out, inputs = stored.shape
    whole = (tensor and tensor.superblock) or GROUP
    step = whole * max(1, PIECE // whole // out)
    count, firsts = 0, []
    for start in range(0, inputs, step):
        some = slice(start, min(start + step, inputs))
        got = stored.codes(some)
        expected = tensor.inputs(some).q if tensor else np.zeros_like(got)
        if (wrong := got != expected).any():
            count += int(wrong.sum())
            column, row = at = np.unravel_index(int(wrong.argmax()), wrong.shape)
            firsts.append((column, start + row, expected[at], got[at]))
    if firsts:
        column, row, expected, got = min(firsts)
        yield _fault(stored.cells, _stage(stored), _place(stored, column, f"row {row}"), f"code {expected}", got, count)


def _pairs(stored: Stored, image: Image, got: list, expected: list, piece: tuple[str, int, str]) -> Iterator[str]:
    """Faults of two values [out, n] of pieces of some inputs; ``piece`` is its name, its inputs, the pair's format."""
    name, inputs, text = piece
    if len(wrong := np.argwhere((got[0] != expected[0]) | (got[1] != expected[1]))):
        out, number = at = tuple(wrong[0].tolist())
        place = f"{name} {number}"
        if stored.integers:
            place += f" from row {number * inputs} on"
        values = (text.format(*(part[at] for part in pair)) for pair in (expected, got))
        yield _fault(image, _stage(stored), _place(stored, out, place), *values, len(wrong))


def _stage(stored: Stored) -> str:
    """The stage in which a tensor's faults show; for columns of no tensor the array's name."""
    if stored.cells.array in CHIP_STAGES:
        return CHIP_STAGES[stored.cells.array]
    return STAGES[stored.name.split(".")[2]] if stored.name else stored.cells.array


def _place(stored: Stored, out: int, inside: str) -> str:
    """Where output ``out`` of a tensor lies: a token of the embedding, a column of an array."""
    if stored.cells.array == EMBED:
        return f"token {out}, {inside.replace('row', 'dimension')}"
    return f"{inside}, {'column' if stored.name else 'padding column'} {out}"


def _gains(gains: np.ndarray, image: Image) -> Iterator[str]:
    """Faults of a norm's gains, as binary32 words."""
    words = gains.view(np.uint32)
    if len(wrong := np.argwhere(image.words != words)):
        at = wrong[0, 0]
        yield _fault(image, image.array, f"gain {at}", f"{words[at]:08x}", f"{image.words[at]:08x}", len(wrong))


def _angles(shape: Shape, image: Image, sin: np.ndarray, cos: np.ndarray) -> Iterator[str]:
    """Faults of RoPE's table: words that are not the nearest to the sine and cosine of docs/formats.md."""
    turns = np.zeros(shape.head_dim // 2)  # radians a position
    for pair in range(shape.rope_dim // 2):
        factor = shape.rope_factors[pair] if shape.rope_factors else 1
        turns[pair] = shape.rope_base ** (-2 * pair / shape.rope_dim) / factor
    right = np.exp(1j * np.arange(len(sin))[:, None] * turns) * 2**14
    if len(wrong := np.argwhere((abs(sin - right.imag) > HALF) | (abs(cos - right.real) > HALF))):
        position, pair = at = tuple(wrong[0].tolist())
        expected = f"sine {right[at].imag:.1f} cosine {right[at].real:.1f}"
        got = f"sine {sin[at]} cosine {cos[at]}"
        yield _fault(image, "q_rope", f"position {position}, pair {pair}", expected, got, len(wrong))
