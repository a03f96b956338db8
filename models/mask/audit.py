"""The audit of a mask: every via and every scale on file against the checkpoint, whether a simulation used it or not.

A prompt reads only some rows of the embedding and some positions of the tables, and a weight times zero tells nothing:
what the RTL's answers cannot show, the images do.
"""

from pathlib import Path

import numpy as np

from models.checkpoint.checkpoint import Checkpoint
from models.die.shape import Die, Shape
from models.mask.etch import images, read_image

# The stage in which the faults of an array show.
WHERE = {"o": "o_proj", "down": "down", "head": "logits", "embed": "embedding"}


def audit(ckpt: Checkpoint, die: Die, mask: Path) -> list[str]:
    """What is wrong in a mask, a line an image: layer, stage, the first place that differs, expected and got.

    InputError where an image is missing or no image at all.
    """
    faults = []
    for name, words in images(ckpt, die).items():
        expected = words()
        found = read_image(mask / name, expected.shape)
        wrong = np.argwhere(expected != found)
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            layer, stage, place = _locate(name, at, int(expected[at]), int(found[at]), ckpt.shape, die.lanes)
            faults.append(
                f"mask fault: {layer}, stage {stage}, {place}: expected {int(expected[at]):08x}, "
                f"got {int(found[at]):08x} ({name}, {len(wrong)} words differ)"
            )
    return faults


def _locate(
    name: str, at: tuple[int, ...], expected: int, found: int, shape: Shape, lanes: int
) -> tuple[str, str, str]:
    """(layer, stage, place) of a word of an image: see docs/masks.md for what its indices are."""
    array, rest = name.rsplit("_", 1)
    number, *ending = rest.split(".")[:-1]
    layer = f"layer {int(number)}" if array in ("qkv", "o", "gateup", "down", "attn_norm", "ffn_norm") else "chip"
    if array == "rope":
        return layer, "q_rope", f"position {at[0]}, pair {at[1]}"
    if array == "embed":
        return layer, WHERE[array], f"token {at[0]}"
    if not ending:
        return layer, array, f"gain {at[0]}"
    column, row = at[-1], f"group {at[0]}"
    if ending == ["w"]:
        digit = ((expected ^ found) & -(expected ^ found)).bit_length() - 1 >> 2
        column, row = digit * (shape.matrix_size(array, lanes)[1] // 8) + at[2], f"row {at[1]}"
    stage = WHERE.get(array)
    if array == "qkv":
        stage = "q" if column < shape.d_q else "k" if column < shape.d_q + shape.d_kv else "v"
        column -= {"q": 0, "k": shape.d_q, "v": shape.d_q + shape.d_kv}[stage]
    elif array == "gateup":
        stage = "up" if column // lanes % 2 else "gate"
        column = column // (2 * lanes) * lanes + column % lanes
    return layer, stage, f"{row}, column {column}"
