# SPDX-License-Identifier: Apache-2.0
"""Folders as the ``transformers`` library saves models: ``config.json``, ``*.safetensors`` and a tokenizer.

They are read into what a GGUF file of the same model holds, keys and tensors alike, as ``convert_hf_to_gguf.py`` of
llama.cpp makes it: rows of q and k from the order in which a head's halves turn against each other into that of
neighbours, scaling of RoPE into ``rope_freqs.weight``.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import safetensors
import tokenizers
from gguf import GGMLQuantizationType as Type

from models.checkpoint import rope_scaling
from models.checkpoint.head_order import interleaved
from models.checkpoint.peft import MODULES
from models.checkpoint.tokens import BYTE, CONTROL, NORMAL, ORIGINAL, SPACE, STOP_KEYS, UNKNOWN, UNUSED, USER_DEFINED
from models.errors import InputError

CONFIG, TOKENIZER, INDEX = "config.json", "tokenizer.json", "model.safetensors.index.json"
FAMILIES = ("llama", "mistral")  # model_type: the same decoder
TYPES = {"F32": (Type.F32, "<f4"), "F16": (Type.F16, "<f2"), "BF16": (Type.BF16, "<u2")}
WHOLE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
LAYER = MODULES | {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
KEYS = {  # of config.json -> of the metadata of a GGUF file
    "num_hidden_layers": "llama.block_count",
    "hidden_size": "llama.embedding_length",
    "intermediate_size": "llama.feed_forward_length",
    "num_attention_heads": "llama.attention.head_count",
    "num_key_value_heads": "llama.attention.head_count_kv",
    "rms_norm_eps": "llama.attention.layer_norm_rms_epsilon",
    "vocab_size": "llama.vocab_size",
    "max_position_embeddings": "llama.context_length",
}


def files(folder: str) -> list[str]:
    """The files of a folder that say what the model is, sorted. InputError if it is no such folder."""
    where = Path(folder)
    if not (where / CONFIG).is_file():
        inside = sorted(path.name for path in where.glob("*.gguf"))
        hint = f"name the file: MODEL={where / inside[0]}" if inside else "name a GGUF file, or a folder with one model"
        raise InputError(f"a folder without {CONFIG}", folder, hint)
    names = [CONFIG, TOKENIZER, "tokenizer_config.json", "generation_config.json", "chat_template.jinja"]
    return [str(where / name) for name in names if (where / name).is_file()] + [str(path) for path in _weights(where)]


def read(folder: str) -> tuple[dict, dict[str, gguf.ReaderTensor]]:
    """Metadata and tensors, as a GGUF file of the model has them. InputError for a folder that holds no such model."""
    where = Path(folder)
    config = _json(where / CONFIG)
    family = config.get("model_type")
    if family not in FAMILIES:
        what, hint = f"model_type {json.dumps(family)[:40]} is not llama", f"use one of {', '.join(FAMILIES)}"
        raise InputError(what, str(where / CONFIG), hint)
    if config.get("quantization_config") is not None:
        hint = "use the folder it was quantised from, or a GGUF file of it"
        raise InputError("weights that are quantised in the folder's own way", str(where / CONFIG), hint)
    if config.get("hidden_act", "silu") not in ("silu", "swish"):
        what = f"hidden_act {json.dumps(config['hidden_act'])[:40]}, a die has silu"
        raise InputError(what, str(where / CONFIG), "use a plain Llama checkpoint")
    metadata = _metadata(config, str(where / CONFIG))
    tensors = _tensors(where, config, metadata)
    scaling = _scaling(config, metadata, str(where / CONFIG))
    if scaling is not None:
        tensors["rope_freqs.weight"] = _tensor("rope_freqs.weight", Type.F32, scaling)
    return metadata | _tokenizer(where, config), tensors


def _json(path: Path) -> dict:
    """An object of a JSON file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path.name}: {error.strerror}", str(path), "use a complete folder") from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{path.name} is no JSON object", str(path), "fetch the folder again")
    return found


def _metadata(config: dict, where: str) -> dict:
    """What the configuration says, in the keys of GGUF, whose values ``checkpoint.load`` checks."""
    metadata = {"general.architecture": "llama"}
    metadata |= {key: config[name] for name, key in KEYS.items() if config.get(name) is not None}
    if config.get("head_dim") is not None:
        metadata |= dict.fromkeys(("llama.attention.key_length", "llama.attention.value_length"), config["head_dim"])
    rope = config.get("rope_parameters")
    theta = rope.get("rope_theta") if isinstance(rope, dict) else None
    if (theta := config.get("rope_theta", theta)) is not None:
        metadata["llama.rope.freq_base"] = theta
    if config.get("partial_rotary_factor") not in (None, 1, 1.0):
        raise InputError("RoPE over a part of each head", where, "convert the folder with llama.cpp")
    for key in ("num_hidden_layers", "hidden_size", "num_attention_heads"):
        if type(config.get(key)) is not int or config[key] < 1:
            raise InputError(f"{key} is {json.dumps(config.get(key))[:40]}", where, "use an intact folder")
    return metadata


def _head_dim(metadata: dict, where: str) -> int:
    size = metadata.get(
        "llama.attention.key_length", metadata["llama.embedding_length"] // metadata["llama.attention.head_count"]
    )
    if type(size) is not int or size < 2 or size % 2:
        raise InputError(f"head_dim is {str(size)[:40]}", where, "use an intact folder")
    return size


def _scaling(config: dict, metadata: dict, where: str) -> np.ndarray | None:
    """Divisors of the frequencies that Llama 3.1 and 3.2 have; other scaling becomes keys of the metadata."""
    rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
    if not isinstance(rope, dict):
        raise InputError(f"rope_scaling is {json.dumps(rope)[:40]}", where, "use an intact folder")
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind in ("default", None):
        return None
    if kind not in ("linear", "llama3", "yarn"):
        raise InputError(f"RoPE scaling {json.dumps(kind)[:40]} is not supported", where, "use a model without it")

    def number(key: str, default: float | None = None) -> float:
        found = rope.get(key) if rope.get(key) is not None else default
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < 2**31:
            raise InputError(f"{key} of rope_scaling is {json.dumps(found)[:40]}", where, "use an intact folder")
        return float(found)

    factor = number("factor")
    if kind != "llama3":
        metadata |= {"llama.rope.scaling.type": kind, "llama.rope.scaling.factor": factor}
    if kind == "yarn":
        usual = rope_scaling.yarn_attention(max(factor, 1))
        metadata |= {
            "llama.rope.scaling.original_context_length": number(
                "original_max_position_embeddings", metadata.get("llama.context_length")
            ),
            "llama.rope.scaling.attn_factor": number("attention_factor", usual) / usual,
            "llama.rope.scaling.yarn_beta_fast": number("beta_fast", rope_scaling.BETA_FAST),
            "llama.rope.scaling.yarn_beta_slow": number("beta_slow", rope_scaling.BETA_SLOW),
        }
    if kind != "llama3":
        return None
    low, high, context = map(number, ("low_freq_factor", "high_freq_factor", "original_max_position_embeddings"))
    base = metadata.get("llama.rope.freq_base", 10000.0)
    if isinstance(base, bool) or not isinstance(base, int | float) or not 1 < base < 2**63 or low >= high:
        raise InputError("rope_theta or rope_scaling makes no frequencies", where, "use an intact folder")
    return rope_scaling.llama3(_head_dim(metadata, where), float(base), factor, context, low, high).astype(np.float32)


def _weights(where: Path) -> list[Path]:
    """The files of weights: those that the index names, or all."""
    if (where / INDEX).is_file():
        names = _json(where / INDEX).get("weight_map")
        if not isinstance(names, dict) or not all(isinstance(n, str) and Path(n).name == n for n in names.values()):
            raise InputError("the index of the weights is damaged", str(where / INDEX), "fetch the folder again")
        found = [where / name for name in sorted(set(names.values()))]
    else:
        found = sorted(path for path in where.glob("*.safetensors") if not path.name.startswith("adapter_"))
    for path in found:
        if not path.is_file():
            raise InputError(f"{path.name} is missing", str(where), "fetch all parts of the model")
    if not found:
        hint = "save the model as safetensors: model.save_pretrained(folder)"
        raise InputError("no weights in safetensors", str(where), hint)
    return found


def _stored(path: Path) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name, type and values of every tensor in a file, which stay there until they are used."""
    hint = "fetch the file again"
    try:
        with safetensors.safe_open(path, "np") as file:  # checks sizes and places
            names = set(file.keys())
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))
        data = np.memmap(path, dtype=np.uint8, mode="r")
    except (OSError, ValueError, RecursionError, safetensors.SafetensorError) as error:
        raise InputError(f"no safetensors: {' '.join(str(error).split())}", str(path), hint) from None
    for name in sorted(names):
        entry = header[name]
        kind, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        raw = data[8 + size + begin : 8 + size + end]
        yield name, kind, raw.view(TYPES[kind][1]).reshape(shape) if kind in TYPES else raw


def _tensors(where: Path, config: dict, metadata: dict) -> dict[str, gguf.ReaderTensor]:
    """The tensors by GGUF's names."""
    tensors, size = {}, _head_dim(metadata, str(where / CONFIG))
    tied = config.get("tie_word_embeddings", False)
    for path in _weights(where):
        for name, kind, values in _stored(path):
            if name.endswith("rotary_emb.inv_freq") or (name == "lm_head.weight" and tied):
                continue
            if kind not in TYPES:
                hint = "use a folder in BF16, F16 or F32, or a GGUF file"
                raise InputError(f"tensor {name} has unsupported type {kind}", str(path), hint)
            module, _, what = name.rpartition(".")
            layer = re.fullmatch(r"model\.layers\.(\d+)\.(.+)", module)
            if layer:
                short = f"blk.{int(layer[1])}.{LAYER.get(layer[2], layer[2])}.{what}"
            else:
                short = f"{WHOLE.get(module, module)}.{what}"
            if layer and layer[2] in ("self_attn.q_proj", "self_attn.k_proj"):
                values = _interleaved(values, size, name, str(path))
            tensors[short] = _tensor(short, TYPES[kind][0], values)
    if not tied and "output.weight" not in tensors:
        raise InputError("tensor lm_head.weight is missing", str(where), "use a folder of a causal language model")
    return tensors


def _interleaved(values: np.ndarray, size: int, name: str, where: str) -> np.ndarray:
    """Rows of q or k in the order of GGUF, in heads of ``size``."""
    if not values.ndim or len(values) % size:
        raise InputError(f"tensor {name} has no whole heads of {size}", where, "use an intact folder")
    return interleaved(values, size)


def _tensor(name: str, kind: Type, values: np.ndarray) -> gguf.ReaderTensor:
    """A tensor as the gguf library's reader gives it, BF16 in bytes."""
    shape = np.array(values.shape[::-1], dtype=np.uint64)
    data = np.ascontiguousarray(values).view(np.uint8) if kind is Type.BF16 and values.ndim else values
    return gguf.ReaderTensor(name, kind, shape, values.size, values.nbytes, 0, data, None)


def _tokenizer(where: Path, config: dict) -> dict:
    """Keys of the tokenizer and the chat template."""
    path = where / TOKENIZER
    if not path.is_file():
        hint = "AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes it"
        raise InputError(f"a folder without {TOKENIZER}", str(where), hint)
    try:
        source = path.read_text(encoding="utf-8")
        coder = tokenizers.Tokenizer.from_str(source)
        described = json.loads(source)
    except Exception as error:  # the library raises bare Exceptions
        raise InputError(f"no tokenizer: {' '.join(str(error).split())[:200]}", str(path), "fetch it again") from None
    settings, generation = (
        _json(where / name) if (where / name).is_file() else {}
        for name in ("tokenizer_config.json", "generation_config.json")
    )
    vocab = coder.get_vocab(with_added_tokens=True)
    count = config.get("vocab_size")
    if type(count) is not int or max(vocab.values(), default=0) >= count or count > 1 << 22:
        what = f"the tokenizer has {max(vocab.values(), default=0) + 1} tokens, vocab_size is {json.dumps(count)[:40]}"
        raise InputError(what, str(where), "use an intact folder")
    texts, kinds = [f"[PAD{token}]" for token in range(count)], [UNUSED] * count
    for text, token in vocab.items():
        texts[token], kinds[token] = text, NORMAL
    fallback = described["model"].get("byte_fallback") is True
    for token, text in enumerate(texts):
        if fallback and re.fullmatch("<0x[0-9A-F]{2}>", text):
            kinds[token] = BYTE
    for token, added in coder.get_added_tokens_decoder().items():
        kinds[token] = CONTROL if added.special else USER_DEFINED
    if described["model"].get("unk_token") in vocab and fallback:
        kinds[vocab[described["model"]["unk_token"]]] = UNKNOWN
    first = coder.encode("x").ids[:1]
    plain = coder.encode("x", add_special_tokens=False).tokens[:1]
    bos, eos, pad = (_named(settings.get(f"{name}_token"), vocab) for name in ("bos", "eos", "pad"))
    ends = [eos, *_ids(generation.get("eos_token_id"), count), *_ids(config.get("eos_token_id"), count)]
    special = {"bos_token_id": bos if bos is not None else next(iter(_ids(config.get("bos_token_id"), count)), None)}
    special |= {"padding_token_id": pad}
    special |= dict(zip(STOP_KEYS, dict.fromkeys(end for end in ends if end is not None), strict=False))
    asked = settings.get("add_bos_token")
    keys = {
        "model": "llama" if fallback else "gpt2",
        "tokens": texts,
        "token_type": kinds,
        "add_bos_token": asked if isinstance(asked, bool) else bool(first) and first[0] == special["bos_token_id"],
        "add_space_prefix": bool(plain) and plain[0].startswith(SPACE),
        **{key: token for key, token in special.items() if token is not None},
    }
    template = settings.get("chat_template")
    if isinstance(template, list):
        named = [entry for entry in template if isinstance(entry, dict) and entry.get("name") == "default"]
        template = named[0].get("template") if named else None
    if (where / "chat_template.jinja").is_file():
        template = (where / "chat_template.jinja").read_text(encoding="utf-8", errors="replace")
    made = {f"tokenizer.ggml.{key}": value for key, value in keys.items()} | {ORIGINAL: source}
    return made | ({"tokenizer.chat_template": template} if isinstance(template, str) else {})


def _named(token: object, vocab: dict[str, int]) -> int | None:
    """The id of a token that is written as its text, or as an object that has it."""
    text = token.get("content") if isinstance(token, dict) else token
    return vocab.get(text) if isinstance(text, str) else None


def _ids(found: object, count: int) -> list[int]:
    """The token ids of a key that holds one, a list of them, or none."""
    return [i for i in (found if isinstance(found, list) else [found]) if type(i) is int and 0 <= i < count]
