# SPDX-License-Identifier: Apache-2.0
"""The stages whose values are compared: the table of docs/formats.md."""

from enum import IntEnum

CHIP = 255  # the layer number of the stages that a chip has once


class Stage(IntEnum):
    """Stage ids."""

    EMBEDDING = 0
    ATTN_NORM = 1
    Q = 2
    K = 3
    V = 4
    Q_ROPE = 5
    K_ROPE = 6
    ATTN_WEIGHT = 7
    ATTN_OUT = 8
    O_PROJ = 9
    ATTN_RESIDUAL = 10
    FFN_NORM = 11
    GATE = 12
    UP = 13
    SILU_MUL = 14
    DOWN = 15
    FFN_RESIDUAL = 16
    FINAL_NORM = 17
    LOGITS = 18
    TOKEN = 19

    @property
    def fraction(self) -> int:
        """Fraction bits of its values: 20 of a weight, none of a token, else those of FX."""
        return {Stage.ATTN_WEIGHT: 20, Stage.TOKEN: 0}.get(self, 16)
