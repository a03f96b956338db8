# SPDX-License-Identifier: Apache-2.0
"""Where the stages of docs/formats.md are in the chip: instances below the layer, the head, or the chip."""

from typing import NamedTuple

from models.golden.stage import Stage


class Instances(NamedTuple):
    """The instance that puts a stage out, and the one that has its tap."""

    producer: str
    tap: str


CHIP_STAGES = (Stage.EMBEDDING, Stage.FINAL_NORM, Stage.LOGITS, Stage.TOKEN)  # a chip has them once

# An instance has its stage's name, unless it puts out several stages or is known by another name.
PRODUCERS = {
    **dict.fromkeys((Stage.Q, Stage.K, Stage.V), "u_qkv.u_matrix"),
    **dict.fromkeys((Stage.Q_ROPE, Stage.K_ROPE), "u_rope"),
    Stage.ATTN_WEIGHT: "u_attention.u_softmax",
    Stage.ATTN_OUT: "u_attention",
    Stage.O_PROJ: "u_o.u_matrix",
    **dict.fromkeys((Stage.GATE, Stage.UP), "u_gateup.u_matrix"),
    Stage.SILU_MUL: "u_swiglu",
    Stage.DOWN: "u_down.u_matrix",
    Stage.LOGITS: "u_logits.u_matrix",
    Stage.TOKEN: "u_choice",
}


def find(stage: Stage) -> Instances:
    """The instances of a stage. A tap has its stage's name; those of the weights are inside attention."""
    name = stage.name.lower()
    tap = "u_attention" if stage == Stage.ATTN_WEIGHT else f"u_tap_{name}"
    return Instances(PRODUCERS.get(stage, f"u_{name}"), tap)
