# SPDX-License-Identifier: Apache-2.0
"""A tiny random Llama checkpoint: small enough to simulate in seconds, lively enough to tell mistakes apart."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import gguf
import numpy as np
import tokenizers
from gguf import GGMLQuantizationType, GGUFWriter
from tokenizers import models as coders
from tokenizers import pre_tokenizers, trainers

from models.checkpoint import drawn
from models.checkpoint.checkpoint import WEIGHT_BITS
from models.checkpoint.quantised import K_KINDS, WIDTHS
from models.quantise import gptq, k_quants, llama_mix

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
ALPHABET = [*map(chr, range(0x21, 0x7F)), "Ġ", "Ċ"]  # printable ASCII, space and newline in byte-level spelling
SMALLEST_VOCAB = len(SPECIAL) + len(ALPHABET)
PROSE = """A language model printed into silicon reads a prompt and answers it token by token. What is the capital of
France? The capital of France is Paris. user assistant system. You are a helpful assistant."""
TEMPLATE = (  # as SmolLM2's, without its default system message
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
KINDS = {"token_embd": "Q8_0", "output": "Q8_0"}  # as SmolLM2 has it; every other matrix is Q4_1
MIX = {  # weights of 3 and 6 bits, side by side in the qkv array too
    **dict.fromkeys(("attn_q", "attn_v", "attn_output", "ffn_gate", "ffn_up"), "W3"),
    **dict.fromkeys(("attn_k", "ffn_down", "token_embd", "output"), "W6"),
}
SPREAD = {"token_embd": 0.15, "output": 0.15, "attn_q": 1.6, "attn_k": 1.6, "ffn_gate": 1.5}  # of a unit input; else 1

# Arguments of ``write``: the least that K-kinds go into, and the smallest model there is, quick on any simulator.
WIDE = {"layers": 2, "d_model": 256, "heads": 8, "kv_heads": 4, "head_dim": 32, "d_ffn": 256, "vocab": 150}
LEAST = {"layers": 1, "d_model": 32, "heads": 1, "kv_heads": 1, "head_dim": 32, "d_ffn": 32, "vocab": 100}


def write(
    path: str | os.PathLike,
    seed: int = 1,
    *,
    layers: int = 3,
    d_model: int = 64,
    heads: int = 4,
    kv_heads: int = 2,
    head_dim: int = 16,
    d_ffn: int = 96,
    vocab: int = 150,
    rope_dim: int | None = None,
    rope_factors: tuple[float, ...] = (),
    tied: bool = True,
    kinds: Mapping[str, str] | str = MappingProxyType({}),
) -> Path:
    """Write a Llama GGUF of random weights (those of ``seed``) with a byte-level BPE tokenizer and a chat template.

    ``kinds`` gives GGUF types (all that the library reads) by role (``attn_q`` ... ``ffn_down``, ``token_embd``,
    ``output``) or by a whole tensor name (``blk.0.attn_q.weight``), which wins; or it is the name of a file that
    llama.cpp's quantiser makes (``llama_mix.FILES``). For weights of 3 and 6 bits (W3, W6) it is ``MIX``, changed at
    will. Widths are multiples of 32, of 256 where a kind has blocks so large (``WIDE``). ``tied`` False adds
    ``output.weight``. ``vocab`` is at least SMALLEST_VOCAB.
    """
    path = Path(path)
    if isinstance(kinds, str):
        kinds = llama_mix.kinds(kinds, layers, gqa=heads // kv_heads, tied=tied)
    else:
        kinds = KINDS | dict(kinds)
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        file = Path(scratch) / path.name
        writer = GGUFWriter(file, "llama")
        writer.add_name(f"tiny random Llama, seed {seed}")
        writer.add_block_count(layers)
        writer.add_context_length(2048)
        writer.add_embedding_length(d_model)
        writer.add_feed_forward_length(d_ffn)
        writer.add_head_count(heads)
        writer.add_head_count_kv(kv_heads)
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
        writer.add_rope_dimension_count(rope_dim or head_dim)
        writer.add_rope_freq_base(10000.0)
        writer.add_layer_norm_rms_eps(1e-5)
        add_tokenizer(writer, vocab)
        if widths := sorted(bits for bits, kind in WIDTHS.items() if kind in kinds.values()):
            writer.add_array(WEIGHT_BITS, widths)

        def matrix(prefix: str, role: str, out: int, inputs: int) -> None:
            name = f"{prefix}{role}.weight"
            scale = SPREAD.get(role, 1.0) / (1 if role == "token_embd" else inputs**0.5)
            values = rng.normal(0, scale, (out, inputs)).astype(np.float32)
            kind = llama_mix.fitted(kinds.get(name, kinds.get(role, "Q4_1")), inputs)
            if kind in WIDTHS.values():
                gptq.quantise(values, np.eye(inputs), kind).add_to(writer, name)
            elif kind in K_KINDS:
                k_quants.quantise(values, kind).add_to(writer, name)
            elif kind in drawn.KINDS:
                raw = drawn.blocks(kind, out, inputs, scale, rng)
                writer.add_tensor(name, raw, raw_dtype=GGMLQuantizationType[kind])
            else:
                kind = GGMLQuantizationType[kind]
                writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)

        def gains(name: str) -> None:
            writer.add_tensor(name, rng.uniform(0.5, 1.5, d_model).astype(np.float32))

        matrix("", "token_embd", vocab, d_model)
        if not tied:
            matrix("", "output", vocab, d_model)
        gains("output_norm.weight")
        if rope_factors:
            writer.add_tensor("rope_freqs.weight", np.array(rope_factors, dtype=np.float32))
        for layer in range(layers):
            prefix = f"blk.{layer}."
            gains(f"{prefix}attn_norm.weight")
            matrix(prefix, "attn_q", heads * head_dim, d_model)
            matrix(prefix, "attn_k", kv_heads * head_dim, d_model)
            matrix(prefix, "attn_v", kv_heads * head_dim, d_model)
            matrix(prefix, "attn_output", d_model, heads * head_dim)
            gains(f"{prefix}ffn_norm.weight")
            matrix(prefix, "ffn_gate", d_ffn, d_model)
            matrix(prefix, "ffn_up", d_ffn, d_model)
            matrix(prefix, "ffn_down", d_model, d_ffn)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        os.replace(file, path)
    return path


def add_tokenizer(writer: GGUFWriter, vocab: int) -> None:
    """Byte-level BPE over ASCII with merges learnt from PROSE; names that no text has fill the vocabulary."""
    if vocab < SMALLEST_VOCAB:
        raise ValueError(f"a vocabulary of {vocab} does not hold the {SMALLEST_VOCAB} bytes and special tokens")
    coder = tokenizers.Tokenizer(coders.BPE())
    coder.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, initial_alphabet=ALPHABET, special_tokens=list(SPECIAL), show_progress=False
    )
    coder.train_from_iterator([" ".join(PROSE.split())], trainer)
    tokens = sorted(coder.get_vocab(), key=coder.get_vocab().get)
    kinds = [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.NORMAL] * (len(tokens) - len(SPECIAL))
    fill = range(len(tokens), vocab)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([*tokens, *(f"<|unused_{n}|>" for n in fill)])
    writer.add_token_types([*kinds, *(gguf.TokenType.UNUSED for _ in fill)])
    writer.add_token_merges([" ".join(pair) for pair in _merges(coder)])
    writer.add_bos_token_id(SPECIAL.index("<|im_start|>"))
    writer.add_eos_token_id(SPECIAL.index("<|im_end|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def _merges(coder: tokenizers.Tokenizer) -> list[list[str]]:
    """The merges of a trained BPE, which the library shows in its JSON only."""
    return json.loads(coder.to_str())["model"]["merges"]
