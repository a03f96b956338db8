# SPDX-License-Identifier: Apache-2.0
"""Adapter folders of the PEFT library: ``adapter_config.json`` and ``adapter_model.safetensors``.

Names and meaning follow https://github.com/huggingface/peft (``LoraConfig``, ``tuners/lora``, ``tuners_utils.py``). The
folder's q and k rows are in the order of the ``transformers`` library, which turns a head's halves against each other;
here they get the order of GGUF, which turns neighbours, as ``convert_hf_to_gguf.py`` of llama.cpp permutes them.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from models.checkpoint.head_order import halved, interleaved
from models.die.shape import Shape
from models.errors import InputError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."  # of the modules' names in the file of weights
MODULES = {  # in a layer -> the checkpoint's name
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
TURNED = ("self_attn.q_proj", "self_attn.k_proj")  # by RoPE
PLAIN = {  # settings under which an adapter is B @ A and nothing else; an absent one, null and empty ones are plain too
    "peft_type": ("LORA",),
    "bias": ("none",),
    "use_dora": (False,),
    "lora_bias": (False,),
    "use_qalora": (False,),
    "use_bdlora": (False,),
    "kasa_config": (),
    "monteclora_config": (),
    "arrow_config": (),
    "fan_in_fan_out": (False,),
    "modules_to_save": (),
    "layer_replication": (),
    "trainable_token_indices": (),
    "target_parameters": (),
    "alora_invocation_tokens": (),
    "layers_pattern": ("layers", ["layers"]),
    "init_lora_weights": (True, False, "gaussian", "eva", "orthogonal"),  # others change the base weights
}


def _names(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(name, str) for name in value))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _layers(value: object) -> bool:
    return all(type(layer) is int for layer in (value if isinstance(value, list) else [value]))


def _pattern(value: object) -> bool:
    return isinstance(value, dict) and all(_number(number) for number in value.values())


KINDS = {  # of all other keys that are read: what a value must be, in words too; absent and null is as good
    "r": (lambda value: type(value) is int, "whole number"),
    "lora_alpha": (_number, "number"),
    "use_rslora": (lambda value: isinstance(value, bool), "true or false"),
    "target_modules": (_names, "name or list of names"),
    "exclude_modules": (_names, "name or list of names"),
    "layers_to_transform": (_layers, "number or list of numbers"),
    "rank_pattern": (_pattern, "numbers by pattern"),
    "alpha_pattern": (_pattern, "numbers by pattern"),
}
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


@dataclass(frozen=True, eq=False)
class LowRank:
    """What an adapter adds to a matrix: ``b @ a``, ``a`` float32 [rank, in], ``b`` float32 [out, rank], alpha in it."""

    a: np.ndarray
    b: np.ndarray


def read(folder: str | os.PathLike, shape: Shape) -> dict[str, LowRank]:
    """What an adapter adds to a model of this shape, by the checkpoint's names without ``.weight`` (``blk.3.attn_q``).

    Rank, alpha, rsLoRA, patterns, target and excluded modules and the layers to transform are honoured. InputError for
    a folder that is damaged or in which weights and configuration differ, for modules that a die does not adapt
    (embedding, head, norms) and for what is more than ``B @ A`` (DoRA, biases, modules saved whole, ...).
    """
    folder = Path(folder)
    config, tensors = _config(folder), _tensors(folder)
    found = {}
    for layer, part in _targets(config, shape, str(folder)):
        path = f"model.layers.{layer}.{part}"
        a, b = (_take(tensors, f"{PREFIX}{path}.lora_{side}.weight", str(folder)) for side in "AB")
        rank = _factor(config, "r", "rank_pattern", path, str(folder))
        alpha = _factor(config, "lora_alpha", "alpha_pattern", path, str(folder))
        if a.ndim != 2 or b.ndim != 2 or (len(a), b.shape[1]) != (rank, rank):
            what = f"{path} has weights of {list(a.shape)} and {list(b.shape)}, the configuration says rank {rank}"
            raise InputError(what, str(folder), "use an intact adapter")
        with np.errstate(over="ignore"):
            b = b * np.float32(alpha / (rank**0.5 if config.get("use_rslora") else rank))
        if not np.isfinite(b).all():
            raise InputError(f"alpha of {path} makes values that are not finite", str(folder), "use an intact adapter")
        found[f"blk.{layer}.{MODULES[part]}"] = LowRank(a, _interleaved(b, part, shape, str(folder)))
    if tensors:
        what = f"a die has no place for tensor {next(iter(tensors))}, or it is no target"
        raise InputError(what, str(folder), f"use an adapter of {', '.join(_ends())} alone")
    return found


def write(folder: str | os.PathLike, modules: Mapping[str, LowRank], shape: Shape, base: str) -> Path:
    """Write an adapter, all of whose modules have one rank, for the model called ``base``; gives the folder.

    Its files appear in one step each, the configuration last.
    """
    folder, tensors, targets = Path(folder), {}, []
    (rank,) = {len(module.a) for module in modules.values()}
    parts = {name: part for part, name in MODULES.items()}
    for name, module in modules.items():
        _, layer, role = name.split(".")
        path, b = f"model.layers.{layer}.{parts[role]}", _halved(module.b, parts[role], shape)
        targets.append(path)
        for side, values in (("A", module.a), ("B", b)):
            tensors[f"{PREFIX}{path}.lora_{side}.weight"] = np.ascontiguousarray(values, dtype=np.float32)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": rank,
        "target_modules": targets,
        "bias": "none",
    }
    folder.mkdir(parents=True, exist_ok=True)
    files = {WEIGHTS: safetensors.numpy.save(tensors), CONFIG: json.dumps(config, indent=2).encode() + b"\n"}
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for name, data in files.items():
            Path(scratch, name).write_bytes(data)
            os.replace(Path(scratch, name), folder / name)
    return folder


def _ends() -> list[str]:
    return [part.split(".")[1] for part in MODULES]


def _config(folder: Path) -> dict:
    """The configuration, checked to be a plain LoRA."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the adapter: {error.strerror}", str(path), "name a PEFT folder") from None
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise InputError("the adapter's configuration is no JSON object", str(path), "use an intact adapter")
    for key, allowed in PLAIN.items():
        value = config.get(key)
        if value not in (None, [], {}) and value not in allowed:
            what = f"the adapter has {key} = {json.dumps(value)[:60]}, which a die does not do"
            raise InputError(what, str(path), "use a plain LoRA of linear layers")
    for key, (fits, kind) in KINDS.items():
        value = config.get(key)
        if value is not None and not fits(value):
            raise InputError(f"{key} is {json.dumps(value)[:60]}, no {kind}", str(path), "use an intact adapter")
    return config


def _tensors(folder: Path) -> dict[str, np.ndarray]:
    """The weights by name, float32."""
    path, hint = folder / WEIGHTS, "use an intact adapter in safetensors"
    try:
        stored = safetensors.deserialize(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read the adapter: {error.strerror}", str(path), hint) from None
    except safetensors.SafetensorError as error:
        raise InputError(f"no safetensors: {' '.join(str(error).split())}", str(path), hint) from None
    tensors = {}
    for name, tensor in stored:
        if tensor["dtype"] not in TYPES:
            raise InputError(f"tensor {name} has unsupported type {tensor['dtype']}", str(path), hint)
        values = np.frombuffer(tensor["data"], dtype=TYPES[tensor["dtype"]]).reshape(tensor["shape"])
        if tensor["dtype"] == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        with np.errstate(over="ignore"):
            tensors[name] = values.astype(np.float32)
        if not np.isfinite(tensors[name]).all():
            raise InputError(f"tensor {name} holds values that are not finite", str(path), hint)
    return tensors


def _targets(config: dict, shape: Shape, where: str) -> Iterator[tuple[int, str]]:
    """(layer, module) of all that the configuration adapts. InputError if something else is a target, or nothing."""
    paths = {f"model.layers.{layer}.{part}": (layer, part) for layer in range(shape.layers) for part in MODULES}
    targets, layers = config.get("target_modules"), config.get("layers_to_transform")
    if targets == "all-linear":
        targets = _ends()
    if isinstance(targets, list):
        named = [target for target in targets if not any(_fits([target], path, where) for path in paths)]
    else:
        named = [path for path in ("lm_head", "model.embed_tokens") if _fits(targets, path, where)]
    if named:
        what = f"the adapter has {named[0]} for a target"
        raise InputError(what, where, f"use an adapter of {', '.join(_ends())} alone")
    layers = [layers] if isinstance(layers, int) else layers or range(shape.layers)
    chosen = [
        at
        for path, at in paths.items()
        if at[0] in layers and _fits(targets, path, where) and not _fits(config.get("exclude_modules"), path, where)
    ]
    if not chosen:
        raise InputError("the adapter has no target in this model", where, "use an adapter of this model")
    yield from chosen


def _fits(targets: list[str] | str | None, path: str, where: str) -> bool:
    """Whether a module is among those named by their ends, or fits an expression."""
    if isinstance(targets, str):
        return _match(targets, path, where)
    return any(path == target or path.endswith(f".{target}") for target in targets or ())


def _match(expression: str, path: str, where: str) -> bool:
    try:
        return re.fullmatch(expression, path) is not None
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"{expression!r} is no expression: {error}", where, "use an intact adapter") from None


def _factor(config: dict, key: str, patterns: str, path: str, where: str) -> float:
    """A positive number of the configuration, or that of the first pattern which fits a module's path or its end."""
    value = config.get(key)
    for pattern, other in (config.get(patterns) or {}).items():
        if _match(rf"(.*\.)?({pattern})", path, where):
            key, value = f"{patterns} of {pattern}", other
            break
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**31:
        raise InputError(f"{key} is {json.dumps(value)[:40]}", where, "use an adapter with a positive number there")
    return value


def _take(tensors: dict[str, np.ndarray], name: str, where: str) -> np.ndarray:
    if name not in tensors:
        raise InputError(f"tensor {name} is missing", where, "use an intact adapter")
    return tensors.pop(name)


def _interleaved(b: np.ndarray, part: str, shape: Shape, where: str) -> np.ndarray:
    """Rows of B in the order of the checkpoint. InputError for q and k of a model that turns a part of each head."""
    if part not in TURNED:
        return b
    if shape.rope_dim != shape.head_dim:
        raise InputError(f"{part} of a model that turns a part of each head", where, "adapt other modules")
    if len(b) % shape.head_dim:
        raise InputError(f"{part} has {len(b)} outputs, no whole heads", where, "use an adapter of this model")
    return interleaved(b, shape.head_dim)


def _halved(b: np.ndarray, part: str, shape: Shape) -> np.ndarray:
    """Rows of B in the order of the folder."""
    return halved(b, shape.head_dim) if part in TURNED else b
