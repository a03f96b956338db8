"""Where the stages of docs/formats.md are in the chip: instances below the layer, the head, or the chip."""

from typing import NamedTuple

from models.golden.stage import Stage


class Instances(NamedTuple):
    """The instance that puts a stage out, and the one that has its tap."""

    producer: str
    tap: str


PLACES = {
    Stage.EMBEDDING: Instances("u_embedding", "u_tap_embedding"),
    Stage.ATTN_NORM: Instances("u_attn_norm", "u_tap_attn_norm"),
    Stage.Q: Instances("u_qkv", "u_tap_q"),
    Stage.K: Instances("u_qkv", "u_tap_k"),
    Stage.V: Instances("u_qkv", "u_tap_v"),
    Stage.Q_ROPE: Instances("u_rope", "u_tap_q_rope"),
    Stage.K_ROPE: Instances("u_rope", "u_tap_k_rope"),
    Stage.ATTN_PROB: Instances("u_attention.u_softmax", "u_attention"),
    Stage.ATTN_OUT: Instances("u_attention", "u_tap_attn_out"),
    Stage.O_PROJ: Instances("u_o", "u_tap_o"),
    Stage.ATTN_RESIDUAL: Instances("u_attn_residual", "u_tap_res1"),
    Stage.FFN_NORM: Instances("u_ffn_norm", "u_tap_ffn_norm"),
    Stage.GATE: Instances("u_gateup", "u_tap_gate"),
    Stage.UP: Instances("u_gateup", "u_tap_up"),
    Stage.SILU_MUL: Instances("u_swiglu", "u_tap_silu"),
    Stage.DOWN: Instances("u_down", "u_tap_down"),
    Stage.FFN_RESIDUAL: Instances("u_ffn_residual", "u_tap_res2"),
    Stage.FINAL_NORM: Instances("u_final_norm", "u_tap_final_norm"),
    Stage.LOGITS: Instances("u_logits", "u_tap_logits"),
    Stage.TOKEN: Instances("u_choice", "u_tap_token"),
}
CHIP_STAGES = (Stage.EMBEDDING, Stage.FINAL_NORM, Stage.LOGITS, Stage.TOKEN)  # a chip has them once
