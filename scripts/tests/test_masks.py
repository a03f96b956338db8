# SPDX-License-Identifier: Apache-2.0
"""``make masks`` and ``make vias`` as a user meets them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

from models.checkpoint import checkpoint, tiny
from models.die.shape import cell_count
from models.mask import etch
from scripts import masks, vias
from scripts.silicon import netlist

ROOT = Path(__file__).parents[2]
SIZES = {"layers": 2, "d_model": 32, "heads": 2, "kv_heads": 2, "d_ffn": 32, "vocab": 128}
SMALL = SIZES | {"kinds": {"token_embd": "Q4_0"}}


@pytest.fixture
def asks(give, monkeypatch, tmp_path):
    """Put a command's parameters, and where its results go, in place."""

    def ask(**parameters):
        give(**parameters)
        monkeypatch.setattr(masks, "RESULTS", tmp_path)
        monkeypatch.setattr(vias, "FOLDER", tmp_path / "vias")

    return ask


def model(folder, name="a", **changes):
    return tiny.write(folder / f"{name}.gguf", **SMALL | changes)


def is_one_line(stderr):
    return bool(re.fullmatch(r"error: .+ \(.+\); .+\n", stderr))


@pytest.mark.night
def test_two_models_share_a_die(asks, tmp_path, capsys):
    """The whole way, with the whole netlist: two seeds of a geometry."""
    asks(MODEL=model(tmp_path, "a"), OTHER=model(tmp_path, "b", seed=2))
    assert masks.main() == 0
    found = json.loads((tmp_path / "masks.json").read_text())
    die = found["base_die"]
    assert die["same"]
    for hashes in (die["rtl_sha256"], die["netlist_sha256"]):
        assert hashes[0] == hashes[1] and re.fullmatch("[0-9a-f]{64}", hashes[0])
    assert sum(die["cells"].values()) > 100_000
    ckpt = checkpoint.load(tmp_path / "a.gguf")
    one, two = found["mask_1"], found["mask_2"]
    assert one["size"] == cell_count(ckpt.shape, etch.die_for(ckpt))
    assert set(one["images"]) == {"qkv", "o", "gateup", "down", "head", "embed"}
    assert {len(one["images"][array]["layers"]) for array in ("qkv", "o", "gateup", "down")} == {2}
    assert 0.8 < one["changed"] / one["size"] < 1
    assert sum(image["changed"] for image in one["images"].values()) == one["changed"]
    assert two["images"]["rope"]["changed"] == 0 < two["images"]["attn_norm"]["bits"]
    out = capsys.readouterr().out
    assert "base die, SHA-256: the same" in out and f"{one['changed']:,}" in out


def test_a_model_and_itself(asks, tmp_path, monkeypatch):
    same = model(tmp_path)
    asks(MODEL=same, OTHER=same)
    monkeypatch.setattr(netlist, "units", lambda shape, die: [netlist.Unit("chip")])
    assert masks.main() == 0
    found = json.loads((tmp_path / "masks.json").read_text())
    assert found["base_die"]["same"]
    assert found["mask_1"]["changed"] == found["mask_2"]["bits"] == 0


def test_dies_that_differ_fail(asks, tmp_path, monkeypatch, capsys):
    asks(MODEL=model(tmp_path, "a"), OTHER=model(tmp_path, "b"))
    sources, texts = iter("ab"), iter("ab")
    monkeypatch.setattr(netlist, "sources", lambda shape, die: next(sources))
    monkeypatch.setattr(netlist, "synthesise", lambda shape, die: netlist.Netlist({"chip": next(texts)}))
    assert masks.main() == 1
    assert "the base dies of the two models differ" in capsys.readouterr().err
    assert not json.loads((tmp_path / "masks.json").read_text())["base_die"]["same"]


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"MODEL": {}, "OTHER": {"layers": 3}}, "layers 2 in .*, 3 in the other"),
        ({"MODEL": {}}, r"one is given \(OTHER\)"),
        ({"OTHER": {}}, r"one is given \(MODEL\)"),
        ({"MODEL": {}, "OTHER": None}, "no such checkpoint"),
    ],
)
def test_what_cannot_be_compared(given, what, asks, tmp_path, capsys):
    files = {
        name: "nowhere.gguf" if changes is None else model(tmp_path, name, **changes) for name, changes in given.items()
    }
    asks(**files)
    assert masks.main() == 2
    error = capsys.readouterr().err
    assert is_one_line(error) and re.search(what, error)
    assert not (tmp_path / "masks.json").exists()


def test_without_names_two_tiny_models_are_compared():
    assert masks.choose("", "") == ("tiny", "tiny-2")


def test_a_block_is_drawn(asks, tmp_path, capsys):
    asks(MODEL=model(tmp_path), ARRAY="gateup", LAYER=1, BLOCK=0, COLUMN=3)
    assert vias.main() == 0
    png, gds = (tmp_path / "vias" / f"a-gateup-001-0.{ending}" for ending in ("png", "gds"))
    assert imread(png).size and gds.stat().st_size > 32 * 64 * 20
    assert capsys.readouterr().out.splitlines()[1:] == [str(png), str(gds)]
    assert {file.name for file in (tmp_path / "vias").iterdir()} == {png.name, gds.name}


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"ARRAY": "v"}, "unknown cell array 'v'"),
        ({"LAYER": 2}, "array qkv has no layer 2"),
        ({"BLOCK": 1}, "array qkv has no block 1"),
        ({"COLUMN": 96}, "array qkv has no column 96"),
        ({"LAYER": "first"}, "'first' is no number"),
        ({"BLOCK": -1}, "'-1' is no number"),
    ],
)
def test_no_such_block(given, what, asks, tmp_path, capsys):
    asks(MODEL=model(tmp_path), **given)
    assert vias.main() == 2
    error = capsys.readouterr().err
    assert is_one_line(error) and what in error
    assert not (tmp_path / "vias").exists() or not list((tmp_path / "vias").iterdir())


def test_the_commands_start(tmp_path):
    """As the Makefile starts them; a bad model ends in one line."""
    for command in ("masks", "vias"):
        done = subprocess.run(
            [sys.executable, "-m", f"scripts.{command}"],
            cwd=ROOT,
            env=os.environ | {"MODEL": str(tmp_path / "none.gguf"), "OTHER": "tiny"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2 and is_one_line(done.stderr)
