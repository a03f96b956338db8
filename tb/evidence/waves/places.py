"""Where the stages of docs/formats.md are in the chip: instances below the layer, the head, or the chip."""

from typing import NamedTuple

from models.golden.stage import Stage


class Place(NamedTuple):
    """The instance that puts a stage out, and the one that has its tap."""

    producer: str
    tap: str


PLACES = {
    Stage.EMBEDDING: Place("u_embedding", "u_tap_embedding"),
    Stage.ATTN_NORM: Place("u_attn_norm", "u_tap_attn_norm"),
    Stage.Q: Place("u_qkv", "u_tap_q"),
    Stage.K: Place("u_qkv", "u_tap_k"),
    Stage.V: Place("u_qkv", "u_tap_v"),
    Stage.Q_ROPE: Place("u_rope", "u_tap_q_rope"),
    Stage.K_ROPE: Place("u_rope", "u_tap_k_rope"),
    Stage.ATTN_PROB: Place("u_attention.u_softmax", "u_attention"),
    Stage.ATTN_OUT: Place("u_attention", "u_tap_attn_out"),
    Stage.O_PROJ: Place("u_o", "u_tap_o"),
    Stage.ATTN_RESIDUAL: Place("u_attn_residual", "u_tap_res1"),
    Stage.FFN_NORM: Place("u_ffn_norm", "u_tap_ffn_norm"),
    Stage.GATE: Place("u_gateup", "u_tap_gate"),
    Stage.UP: Place("u_gateup", "u_tap_up"),
    Stage.SILU_MUL: Place("u_swiglu", "u_tap_silu"),
    Stage.DOWN: Place("u_down", "u_tap_down"),
    Stage.FFN_RESIDUAL: Place("u_ffn_residual", "u_tap_res2"),
    Stage.FINAL_NORM: Place("u_final_norm", "u_tap_final_norm"),
    Stage.LOGITS: Place("u_logits", "u_tap_logits"),
    Stage.TOKEN: Place("u_choice", "u_tap_token"),
}
CHIP_STAGES = (Stage.EMBEDDING, Stage.FINAL_NORM, Stage.LOGITS, Stage.TOKEN)  # a chip has them once
