# SPDX-License-Identifier: Apache-2.0
"""The terminal of a conversation: a line that cannot be answered ends that line alone."""

import io
import sys

import pytest

from models.checkpoint import checkpoint, tiny
from models.checkpoint.tokenizer import Tokenizer
from models.die.shape import Die
from tb.cartridge.talk import Talk
from tb.oracle.conversation import Job


@pytest.mark.parametrize(("line", "what"), [(b"caf\xc3\xa9", "no token for byte 0xc3"), (b"caf\xe9", "not Unicode"),
                                            (b"a\x14", "no token for byte 0x14")])  # fmt: skip
def test_a_line_that_has_no_tokens_leaves_the_conversation(line, what, tmp_path, monkeypatch, capsys):
    talk = Talk.__new__(Talk)  # no die is there
    talk.tokenizer = Tokenizer.from_checkpoint(checkpoint.load(tiny.write(tmp_path / "tiny.gguf")))
    talk.job, talk.names, talk.interrupted = Job("tiny.gguf", Die(), [], []), [], False
    talk.forget()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line + b"\n/reset\n"), encoding="utf-8"))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(StopIteration):  # the coroutine ends with the terminal
        talk.talk().send(None)
    said = capsys.readouterr().out
    assert said.count("error: ") == 1 and what in said
    assert said.index(what) < said.index("forgotten")
