# SPDX-License-Identifier: Apache-2.0
"""All files that llama.cpp's quantiser makes of a Llama model: which kind where, and what a die makes of each."""

from collections import Counter

import gguf
import numpy as np
import pytest

from models.checkpoint import checkpoint, drawn, tiny
from models.checkpoint.checkpoint import CONVERTED
from models.golden.chip import Chip
from models.golden.fixed_point import FX_ONE
from models.mask import decode
from models.mask.audit import audit
from models.mask.etch import die_for, etch
from models.quantise import anew, llama_mix
from models.reference import Reference

TOKENS = [*range(101, 117)]
SHAPE = tiny.WIDE | {"kv_heads": 2}  # four query heads share one of keys and values, as in Llama 3
PURE = ("MXFP4", "IQ1_S", "IQ2_S", "NVFP4", "Q3_K")  # every matrix, as `llama-quantize --pure` makes them
MADE = {file: file for file in llama_mix.FILES}
MADE |= {f"pure {kind}": dict.fromkeys((*llama_mix.ROLES, "token_embd"), kind) for kind in PURE}
LLAMA_CPP = {  # its answers (xllamacpp 2026.10.11549, temperature 0) to two prompts, of files of SHAPE
    "Q4_0": ([128] * 11 + [92], [104, 133, 133, 133, 133, 86, 20, 20, 20, 20, 133, 133]),
    "Q4_K_M": ([55, 42, 91, 91, 91, 91, 49, 55, 86, 35, 109, 56], [33, 119, 54, 11, 43, 41, 91, 75, 6, 82, 82, 82]),
    "Q3_K_M": ([119] + [112] * 11, [41, 104, 104, 104, 104, 104, 104, 104, 48, 133, 104, 86]),
    "Q5_K_M": ([128] * 12, [129, 129, 129, 129, 70, 61, 58, 61, 58, 126, 13, 102]),
    "Q2_K": ([73, 27, 27, 62, 52, 40, 87, 110, 20, 145, 145, 145], [104, 76, 33, 102, 104, 85, 106] + [133] * 5),
    "Q6_K": ([128] * 12, [129, 129, 27, 76, 76] + [99] * 7),
}
PROMPTS = [101, 102, 103], [130, 60]
DEPTHS = {  # layers, and widths of the die: what activations of 12 bits lose grows with the layers, over 1 % in eight
    "shallow": (2, {}),
    "deep": (8, {"act_w": 14, "kv_w": 12}),
}


@pytest.mark.parametrize(
    ("file", "gqa", "counts"),
    [  # as llama.cpp lists them when it loads a file of Llama 2 7B (gqa 1), or 3 8B (gqa 4)
        ("Q4_0", 1, {"Q4_0": 225, "Q6_K": 1}),
        ("Q3_K_S", 1, {"Q3_K": 225, "Q6_K": 1}),
        ("Q3_K_M", 1, {"Q3_K": 129, "Q4_K": 92, "Q5_K": 4, "Q6_K": 1}),
        ("Q3_K_L", 1, {"Q3_K": 129, "Q5_K": 96, "Q6_K": 1}),
        ("Q4_K_S", 1, {"Q4_K": 217, "Q5_K": 8, "Q6_K": 1}),
        ("Q4_K_M", 1, {"Q4_K": 193, "Q6_K": 33}),
        ("Q5_K_M", 4, {"Q5_K": 193, "Q6_K": 33}),
        ("Q2_K", 4, {"Q2_K": 129, "Q3_K": 64, "Q4_K": 32, "Q6_K": 1}),
        ("Q6_K", 4, {"Q6_K": 226}),
        ("Q8_0", 4, {"Q8_0": 226}),
        ("F16", 4, {"F16": 226}),
        ("IQ3_M", 4, {"IQ3_S": 157, "Q4_K": 68, "Q6_K": 1}),
        ("IQ2_M", 4, {"IQ2_S": 156, "IQ3_S": 37, "Q4_K": 32, "Q5_K": 1}),
        ("IQ3_XXS", 1, {"IQ3_XXS": 128, "IQ2_S": 64, "IQ3_S": 33, "Q5_K": 1}),
        ("TQ1_0", 4, {"TQ1_0": 224, "Q4_K": 1, "Q6_K": 1}),
    ],
)
def test_kinds_of_a_model_of_32_layers(file, gqa, counts):
    assert Counter(llama_mix.kinds(file, 32, gqa=gqa, tied=False).values()) == counts


def test_which_layers_have_more_bits():
    found = llama_mix.kinds("Q4_K_M", 32)
    more = [n for n in range(32) if found[f"blk.{n}.ffn_down.weight"] == "Q6_K"]
    assert more == [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31]
    assert found["token_embd.weight"] == "Q6_K"  # tied: the output's kind
    assert llama_mix.kinds("Q3_K_M", 80, gqa=8)["blk.40.attn_v.weight"] == "Q5_K"  # of 70B


def test_narrow_matrices_fall_back():
    """SmolLM2's 576 inputs are no multiple of 256, its 1,536 are."""
    assert [llama_mix.fitted("Q4_K", inputs) for inputs in (576, 1536)] == ["Q5_0", "Q4_K"]
    assert [llama_mix.fitted(kind, 576) for kind in ("Q6_K", "Q3_K", "IQ3_S", "Q4_0")] == [
        *("Q8_0", "Q4_0", "IQ4_NL", "Q4_0")
    ]


@pytest.mark.parametrize("depth", ["shallow", pytest.param("deep", marks=pytest.mark.night)])
@pytest.mark.parametrize("name", MADE)
def test_a_file(name, depth, tmp_path):
    """It loads, is etched without loss from there on, and is computed as a float forward of its own values does.

    What is converted is said in one line, and is off by what Q8_0 loses.
    """
    layers, widths = DEPTHS[depth]
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **SHAPE | {"layers": layers}, kinds=MADE[name]))
    stored = {tensor.name: tensor for tensor in gguf.GGUFReader(ckpt.path).tensors if len(tensor.shape) > 1}
    changed = {name for name, tensor in stored.items() if tensor.tensor_type.name in CONVERTED}
    assert ckpt.conversion.startswith(f"{len(changed)} of {len(stored)} matrices (" if changed else "")
    assert bool(changed) == bool(ckpt.conversion) and "\n" not in ckpt.conversion
    die = die_for(ckpt, kv_depth=len(TOKENS), **widths)
    mask = etch(ckpt, die, tmp_path / "mask")
    assert audit(ckpt, die, mask) == []
    back = decode.read_back(mask)
    for name, tensor in stored.items():
        if name not in changed:
            assert back[name] == tensor.data.tobytes()
    reference = Reference(ckpt)
    if changed:
        assert off(ckpt, die, reference) < 0.1
    reference.weights |= {name: ckpt.tensors[name].dequantised() for name in changed}
    assert off(ckpt, die, reference) < 0.01


@pytest.mark.parametrize("file", LLAMA_CPP)
def test_ids_are_those_of_llama_cpp(file, tmp_path):
    """Behind each of its ids the next one is the golden model's too, but where two logits are so near that the 8 bits
    to which llama.cpp rounds activations choose.
    """
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **SHAPE, kinds=file))
    chip = Chip(ckpt, die_for(ckpt, kv_depth=16), slots=len(PROMPTS))
    for slot, (prompt, ids) in enumerate(zip(PROMPTS, LLAMA_CPP[file], strict=True)):
        logits = chip.logits(slot, prompt + ids[:-1])[len(prompt) - 1 :]
        behind = (logits.max(axis=1) - logits[range(len(ids)), ids]) / logits.std()
        assert (behind == 0).sum() >= 10 and behind.max() < 0.1


@pytest.mark.parametrize("kind", drawn.KINDS)
def test_random_blocks(kind):
    """As large as asked, and other ones for other draws."""
    made = [drawn.blocks(kind, 64, 512, 0.06, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    weights = gguf.quants.dequantize(made[0], gguf.GGMLQuantizationType[kind])
    assert weights.shape == (64, 512) and 0.055 < weights.std() < 0.068
    assert (made[0] == made[1]).all() and (made[0] != made[2]).any()


@pytest.mark.parametrize("wrong", ["step", "minimum", "order"])
def test_weights_that_are_read_wrongly_are_seen(wrong, tmp_path):
    """One matrix of the float forward with a wrong sub-scale's part, without minima, or with spans in another order."""
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **SHAPE, kinds="Q4_K_M"))
    reference, name = Reference(ckpt), "blk.0.ffn_up.weight"
    matrix = ckpt.tensors[name].unpack()
    if wrong == "step":
        matrix.s[:] = matrix.s & 15  # the bits that stand apart in a block
    elif wrong == "minimum":
        matrix.n[:] = 0
    else:
        matrix.s[:] = matrix.s[:, ::-1]
    reference.weights[name] = matrix.dequantised()
    assert off(ckpt, die_for(ckpt, kv_depth=len(TOKENS)), reference, ties=False) > 0.05


def off(ckpt, die, reference: Reference, ties: bool = True) -> float:
    """RMS by which golden logits are off, in parts of the float's spread; first choices differ in ties only."""
    wanted = reference.logits(TOKENS)
    error = Chip(ckpt, die, slots=1).logits(0, TOKENS) / FX_ONE - wanted
    chosen = (wanted + error).argmax(axis=1)
    behind = wanted.max(axis=1) - wanted[np.arange(len(TOKENS)), chosen]
    assert not ties or (behind <= 2 * np.abs(error).max(axis=1)).all()
    return float(np.sqrt(np.mean(error**2)) / wanted.std())


@pytest.mark.parametrize("file", ["Q4_K_M", "Q2_K"])
def test_a_checkpoint_of_narrow_matrices_anew(file, tmp_path):
    """`make sim MODEL=smollm2-q4-k-m` at a small width: down has 256 inputs, the others 64."""
    source = checkpoint.load(tiny.write(tmp_path / "a.gguf", d_ffn=256))
    found = checkpoint.load(anew.round_to_nearest(source, tmp_path / "b.gguf", file))
    kinds = {name: tensor.kind for name, tensor in found.tensors.items()}
    wide, narrow, last = {"Q4_K_M": ("Q4_K", "Q5_0", "Q6_K"), "Q2_K": ("Q3_K", "Q4_0", "Q3_K")}[file]
    assert kinds["blk.0.attn_q.weight"] == narrow
    assert (kinds["blk.0.ffn_down.weight"], kinds["blk.2.ffn_down.weight"]) == (wide, last)
    assert kinds["token_embd.weight"] == "Q8_0"
    weights, made = (ckpt.tensors["blk.0.ffn_down.weight"].dequantised() for ckpt in (source, found))
    assert np.sqrt(np.mean((weights - made) ** 2)) < 0.25 * weights.std()
