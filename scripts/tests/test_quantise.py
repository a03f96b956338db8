# SPDX-License-Identifier: Apache-2.0
"""``make quantise`` as a user meets it."""

import pytest

from models.checkpoint import checkpoint, tiny
from models.checkpoint.checkpoint import WEIGHT_BITS
from models.quantise import mix
from models.reference import Reference
from scripts import quantise


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return checkpoint.load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf"))


@pytest.fixture(autouse=True)
def short_text(source, monkeypatch, tmp_path):
    """Windows of all tokens, and as probes what the model itself would say: what any change makes less likely."""
    model = Reference(source)
    probes = [[start, *model.generate([start], 30)] for start in range(5, 145, 20)]
    text = mix.Text([list(range(at, at + 40)) for at in range(0, 110, 2)], probes)
    monkeypatch.setattr(mix.Text, "of", lambda ckpt: text)
    monkeypatch.chdir(tmp_path)
    for name in ("MODEL", "OUT", "BITS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("bits", "error"),
    [
        ("qkv=5,o=3,gateup=3,down=6,head=6", "qkv of 5 bits"),
        ("qkv=6", "give one for each of qkv, o, gateup, down, head"),
        ("wide", "'wide' are no widths (BITS)"),
    ],
)
def test_bad_input_is_one_line(source, bits, error, capsys, tmp_path):
    assert quantise.main(argv=["--model", source.path, "--out", "out.gguf", "--bits", bits]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and error in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_command(source, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(quantise.fetch, "CHECKPOINTS", tmp_path)
    monkeypatch.setenv("MODEL", source.path)
    assert quantise.main(argv=["--out", str(tmp_path / "t.gguf")]) == 0
    assert "gateup" in capsys.readouterr().out
    assert WEIGHT_BITS in checkpoint.load(tmp_path / "t.gguf").metadata
    assert quantise.main() == 0
    assert (tmp_path / "tiny.3-6.gguf").read_bytes() == (tmp_path / "t.gguf").read_bytes()
