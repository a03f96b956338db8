# SPDX-License-Identifier: Apache-2.0
"""Random damage to what users bring: GGUF files, folders, adapters. Each loads or is refused in one line, always."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.adapter import Adapter, rank_for
from models.checkpoint import peft, tiny
from models.checkpoint.checkpoint import load
from models.checkpoint.tokenizer import Tokenizer
from models.die.shape import Die
from models.errors import InputError
from models.tests import test_folder, test_peft

NUMBERS = [0, 1, -1, 2**40, 10**30, 0.5, float("nan"), float("inf")]
OTHERS = [None, True, False, "", "x", "all", [], [1], ["q_proj"], [None], [[1]], {}, {"a": 1}, {"a": "b"}, {"(": 2}]
VALUES = NUMBERS + OTHERS
TRIES = [pytest.param(300, 1, id="some"), pytest.param(2000, 2, id="many", marks=pytest.mark.night)]  # and the seed


def chat(path: Path) -> None:
    """Load a checkpoint and ask it something."""
    Tokenizer.from_checkpoint(load(path)).chat([{"role": "user", "content": "hi"}])


def outcome(job: Callable[[], object]) -> str:
    """'loaded', or the refusal's one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            job()
        except InputError as problem:
            assert "\n" not in str(problem)
            return str(problem)
    return "loaded"


def flipped(data: bytes, rng: np.random.Generator, until: int) -> bytes:
    """A few bytes before ``until`` are others, or a stretch of them is gone or doubled."""
    made = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(0, min(until, len(made))))
        match rng.integers(0, 8):
            case 0:
                del made[at : at + int(rng.integers(1, 9))]
            case 1:
                made[at:at] = made[at : at + 8]
            case 2:
                made[at : at + 8] = int(rng.choice([0, 1, 2**31, 2**32 - 1, 2**63])).to_bytes(8, "little")
            case _:
                made[at] ^= int(rng.integers(1, 256))
    return bytes(made)


def put(tree: object, rng: np.random.Generator) -> None:
    """Somewhere in what a JSON file holds, another value stands or an entry is gone."""
    while True:
        inner = [key for key, value in items(tree) if isinstance(value, dict | list) and value and len(value) < 100]
        if not inner or rng.random() < 0.6:
            break
        tree = tree[inner[rng.integers(len(inner))]]
    keys = [key for key, _ in items(tree)]
    if not keys:
        return
    key = keys[rng.integers(len(keys))]
    if rng.random() < 0.15:
        del tree[key]
    else:
        tree[key] = VALUES[rng.integers(len(VALUES))]


def items(tree: dict | list) -> list:
    """Keys or indices, with what is there."""
    return list(tree.items() if isinstance(tree, dict) else enumerate(tree))


@pytest.mark.parametrize(("tries", "seed"), TRIES)
def test_gguf_files(tries, seed, tmp_path):
    data = tiny.write(tmp_path / "good.gguf", **tiny.LEAST).read_bytes()
    begin = data.index(b"output_norm.weight") + 2000  # header, metadata, tensors' list
    rng, path, seen = np.random.default_rng(seed), tmp_path / "bad.gguf", set()
    for _ in range(tries):
        path.write_bytes(flipped(data, rng, begin if rng.random() < 0.9 else len(data)))
        seen.add(outcome(lambda: chat(path)))
    assert "loaded" in seen and len(seen) > 20


@pytest.mark.parametrize(("tries", "seed"), TRIES)
def test_folders(tries, seed, tmp_path):
    config = test_folder.CONFIG | {"num_hidden_layers": 1, "rope_scaling": test_folder.YARN}
    path = test_folder.write(tmp_path / "hf", test_folder.weights(config), config, files=2)
    (path / "generation_config.json").write_text(json.dumps({"eos_token_id": [1, 2]}))
    texts = {file: file.read_text() for file in path.glob("*.json")}
    rng, seen = np.random.default_rng(seed), set()
    names = sorted(texts)
    for _ in range(tries // 2):
        file = names[rng.integers(len(names))]
        if rng.random() < 0.2:
            file.write_bytes(flipped(texts[file].encode(), rng, len(texts[file].encode()) - 1))
        else:
            tree = json.loads(texts[file])
            put(tree, rng)
            file.write_text(json.dumps(tree))
        seen.add(outcome(lambda: chat(path)))
        file.write_text(texts[file])
    weights = path / "model-00001-of-00002.safetensors"
    data = weights.read_bytes()
    size = 8 + int.from_bytes(data[:8], "little")
    for _ in range(tries // 4):
        weights.write_bytes(flipped(data, rng, size if rng.random() < 0.9 else len(data)))
        seen.add(outcome(lambda: chat(path)))
    assert "loaded" in seen and len(seen) > 20


@pytest.fixture(scope="module")
def shape(tmp_path_factory):
    return load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")).shape


@pytest.mark.parametrize(("tries", "seed"), TRIES)
def test_adapters(tries, seed, shape, tmp_path):
    tensors = test_peft.weights(shape, np.random.default_rng(4))
    path = test_peft.folder(tmp_path / "lora", tensors)
    config, data = test_peft.CONFIG, (path / peft.WEIGHTS).read_bytes()
    rng, seen = np.random.default_rng(seed), set()

    def use() -> None:
        Adapter.load(path, shape, Die(rank=max(1, min(64, rank_for([path], shape)))))

    keys = [*config, *peft.PLAIN, *peft.KINDS]
    for _ in range(tries):
        tree = json.loads(json.dumps(config))
        for _ in range(rng.integers(1, 3)):
            tree[keys[rng.integers(len(keys))]] = VALUES[rng.integers(len(VALUES))]
        (path / peft.CONFIG).write_text(json.dumps(tree))
        seen.add(outcome(use))
    (path / peft.CONFIG).write_text(json.dumps(config))
    size = 8 + int.from_bytes(data[:8], "little")
    for _ in range(tries // 4):
        (path / peft.WEIGHTS).write_bytes(flipped(data, rng, size if rng.random() < 0.8 else len(data)))
        seen.add(outcome(use))
    (path / peft.WEIGHTS).write_bytes(data)
    codes = Adapter.load(path, shape, Die(rank=4)).save(tmp_path / "codes.npz")
    data = codes.read_bytes()
    for _ in range(tries // 4):
        codes.write_bytes(flipped(data, rng, len(data)))
        seen.add(outcome(lambda: Adapter.load(codes, shape, Die(rank=4))))
        seen.add(outcome(lambda: rank_for([codes], shape)))
    assert "loaded" in seen and len(seen) > 20
