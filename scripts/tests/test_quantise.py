# SPDX-License-Identifier: Apache-2.0
"""``make quantise`` as a user meets it."""

import pytest

from models.checkpoint import checkpoint, tiny
from models.checkpoint.checkpoint import WEIGHT_BITS
from models.quantise import anew
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
    text = anew.Text([list(range(at, at + 40)) for at in range(0, 110, 2)], probes)
    monkeypatch.setattr(anew.Text, "of", lambda ckpt: text)
    monkeypatch.chdir(tmp_path)


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


def test_a_file_of_llama_cpps_kinds_turned(tmp_path, capsys):
    """KIND and ROTATE, from floats: the kinds with their weights, what was measured, a name of its own."""
    wide = tiny.write(tmp_path / "wide.gguf", **tiny.WIDE, kinds="BF16")
    out = tmp_path / "out" / "made.gguf"
    assert quantise.main(argv=["--model", str(wide), "--out", str(out), "--kind", "Q3_K_S", "--rotate", "1"]) == 0
    said, complaints = capsys.readouterr()
    assert "Q3_K " in said and "Q6_K " in said and "rise percent" in said and "note:" not in complaints
    found = checkpoint.load(out)
    assert {found.tensors["blk.0.attn_q.weight"].kind, found.tensors["output.weight"].kind} == {"Q3_K", "Q6_K"}
    assert (found.gains["output_norm.weight"] == 1).all()


def test_what_a_source_has_lost_is_said(source, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(quantise.fetch, "CHECKPOINTS", tmp_path)
    assert quantise.main(argv=["--model", source.path, "--kind", "Q4_0"]) == 0
    assert "note: the source has Q4_1, Q8_0 already" in capsys.readouterr().err
    assert checkpoint.load(tmp_path / "tiny.Q4_0.gguf").tensors["blk.0.attn_q.weight"].kind == "Q4_0"
    argv = ["--model", source.path, "--kind", "Q4_0", "--bits", "qkv=6,o=3,gateup=3,down=6,head=6"]
    assert quantise.main(argv=argv) == 2
    assert "Q4_0 has its own widths (BITS)" in capsys.readouterr().err
