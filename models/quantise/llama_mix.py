# SPDX-License-Identifier: Apache-2.0
"""Which kind each matrix of a Llama model has in the files that llama.cpp's quantiser makes, layer by layer.

After ``llama_tensor_get_type_impl`` and ``tensor_type_fallback`` of its ``src/llama-quant.cpp``. Files of FILES whose
kinds ask for an importance matrix are those that are made with one, all others without.
"""

FILES = {  # by the name that the quantiser is given: the kind of most matrices
    "F32": "F32", "F16": "F16", "BF16": "BF16", "Q8_0": "Q8_0",
    "Q4_0": "Q4_0", "Q4_1": "Q4_1", "Q5_0": "Q5_0", "Q5_1": "Q5_1",
    "Q2_K": "Q2_K", "Q2_K_S": "Q2_K", "Q3_K_S": "Q3_K", "Q3_K_M": "Q3_K", "Q3_K_L": "Q3_K",
    "Q4_K_S": "Q4_K", "Q4_K_M": "Q4_K", "Q5_K_S": "Q5_K", "Q5_K_M": "Q5_K", "Q6_K": "Q6_K",
    "IQ1_S": "IQ1_S", "IQ1_M": "IQ1_M", "IQ2_XXS": "IQ2_XXS", "IQ2_XS": "IQ2_XS", "IQ2_S": "IQ2_XS", "IQ2_M": "IQ2_S",
    "IQ3_XXS": "IQ3_XXS", "IQ3_XS": "IQ3_S", "IQ3_S": "IQ3_S", "IQ3_M": "IQ3_S", "IQ4_NL": "IQ4_NL", "IQ4_XS": "IQ4_XS",
    "TQ1_0": "TQ1_0", "TQ2_0": "TQ2_0", "NVFP4": "NVFP4", "MXFP4_MOE": "Q8_0",
}  # fmt: skip
LOSSLESS = tuple(file for file in FILES if file.startswith("Q"))  # a die holds all of their kinds
ROLES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")  # of a layer
FALLBACK = {  # where a matrix's inputs are no multiple of 256
    "Q2_K": "Q4_0", "Q3_K": "Q4_0", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0", "TQ1_0": "Q4_0", "TQ2_0": "Q4_0",
    **dict.fromkeys({kind for kind in FILES.values() if kind.startswith("IQ")} - {"IQ4_NL"}, "IQ4_NL"),
}  # fmt: skip


def kinds(file: str, layers: int, *, gqa: int = 1, tied: bool = True) -> dict[str, str]:
    """The kind of every matrix of a file of FILES, by its tensor's name.

    ``gqa`` query heads share one of keys and values; ``tied`` means that the embedding is the output too.
    """
    found = {"token_embd.weight": _output(file) if tied else _embedding(file)}
    if not tied:
        found["output.weight"] = _output(file)
    for layer in range(layers):
        found |= {f"blk.{layer}.{role}.weight": _kind(file, role, layer, layers, gqa) for role in ROLES}
    return found


def fitted(kind: str, inputs: int) -> str:
    """The kind of a matrix of so many inputs that is to have another: the same where its blocks divide them."""
    return FALLBACK[kind] if kind in FALLBACK and inputs % 256 else kind


def _output(file: str) -> str:
    match FILES[file]:
        case "F32" | "F16" | "BF16" | "Q8_0" as kind:
            return kind
        case _ if file.startswith(("IQ1", "IQ2")) or file == "IQ3_XXS":
            return "Q5_K"
    return "Q6_K"


def _embedding(file: str) -> str:
    match file:
        case "IQ1_S" | "IQ1_M" | "IQ2_XXS" | "IQ2_XS":
            return "Q2_K"
        case "IQ2_S" | "IQ2_M" | "IQ3_XXS":
            return "IQ3_S"
        case "TQ1_0" | "TQ2_0":
            return "Q4_K"
    return FILES[file]


def _kind(file: str, role: str, layer: int, layers: int, gqa: int) -> str:
    """The kind of a layer's matrix."""
    first = layer < layers // 8
    more = first or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2
    if role == "attn_v":
        kind = _values(file, layer, more, gqa >= 4)
        return "Q5_K" if layers == 80 and gqa > 1 and kind in ("Q3_K", "Q4_K") else kind  # Llama 2 and 3 70B
    match role, file:
        case "attn_q" | "attn_k", "IQ3_XS":
            return "IQ3_XXS"
        case "attn_q" | "attn_k", "IQ3_XXS":
            return "IQ2_S"
        case "attn_output", "IQ1_S" | "IQ1_M":
            return "IQ2_XXS"
        case "attn_output", "IQ2_S" | "IQ2_M" | "IQ3_XXS":
            return "IQ3_S"
        case "attn_output" | "ffn_down", "Q2_K":
            return "Q3_K"
        case "attn_output", "Q3_K_M" | "IQ3_M":
            return "Q4_K"
        case "attn_output" | "ffn_down", "Q3_K_L":
            return "Q5_K"
        case "ffn_down", "IQ1_S" | "IQ1_M" | "IQ2_XXS" | "IQ2_XS" if first:
            return "Q2_K"
        case "ffn_down", "IQ2_S" | "IQ2_M" if first:
            return "IQ3_S"
        case "ffn_down", "Q2_K_S" | "IQ3_M" if first:
            return "Q4_K"
        case "ffn_down", "Q3_K_M":
            return "Q5_K" if layer < layers // 16 else "Q4_K"
        case "ffn_down", "Q4_K_M" | "Q5_K_M" if more:
            return "Q6_K"
        case "ffn_down", "IQ4_NL" | "IQ4_XS" | "Q4_K_S" if first:
            return "Q5_K"
        case "ffn_gate" | "ffn_up", "IQ3_XS" if not first and layer < 7 * layers // 8:
            return "IQ3_XXS"
    return FILES[file]


def _values(file: str, layer: int, more: bool, shared: bool) -> str:
    """The kind of a layer's v, whose heads may be ``shared`` by four query heads or more."""
    match file:
        case "Q2_K":
            return "Q4_K" if shared else "Q3_K"
        case "IQ1_S" | "IQ1_M" | "IQ2_XXS" | "IQ2_XS":
            return "Q4_K" if shared else "Q2_K"
        case "IQ2_S" | "IQ2_M":
            return "Q4_K" if shared else "IQ3_S"
        case "Q2_K_S" | "IQ3_XXS" | "IQ3_XS" | "IQ3_S" if shared:
            return "Q4_K"
        case "IQ3_M":
            return "Q4_K"
        case "Q3_K_M":
            return "Q5_K" if layer < 2 else "Q4_K"
        case "Q3_K_L":
            return "Q5_K"
        case "IQ4_NL" | "IQ4_XS" if shared:
            return "Q5_K"
        case "Q4_K_M" | "Q5_K_M" if more:
            return "Q6_K"
        case "Q4_K_S" if layer < 4:
            return "Q5_K"
    return FILES[file]
