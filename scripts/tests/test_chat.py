# SPDX-License-Identifier: Apache-2.0
"""make chat with its terminal replaced: several turns, commands, a full cache, bad input."""

import json
import os
import pty
import select
import subprocess
import sys
import time

import numpy as np
import pytest

from models.adapter import module_sizes
from models.checkpoint import checkpoint, tiny
from models.checkpoint.peft import LowRank, write
from models.project import ROOT
from tb.rig.toolchain import MAKE_STATE


def chat(lines: list[str], **env: str) -> subprocess.CompletedProcess:
    """Run the command with these lines at its terminal."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.chat"],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"MODEL": "tiny", "DEPTH": "64", "TOKENS": "10"} | env,
    )


def adapter(folder, shape) -> str:
    """A PEFT folder that changes one module."""
    out, inputs = module_sizes(shape)["blk.0.ffn_down"]
    pick = np.random.default_rng(1)
    modules = {"blk.0.ffn_down": LowRank(pick.normal(size=(2, inputs)), pick.normal(size=(out, 2)))}
    write(folder, modules, shape, "tiny")
    return str(folder)


def test_turns(tmp_path):
    shape = checkpoint.load(tiny.write(tmp_path / "tiny.gguf")).shape
    lines = [
        "hello",
        "and",
        "/temperature 0.7 4",
        "again",
        "/nonsense",
        "/help",
        "/temperature hot",
        "/temperature 1 0",
        "/temperatur",
        "/reset all",
        "/lora pirat",
        "/lora pirate",
        "hello",
        "x" * 80,
        "/reset",
        "hello",
    ]
    done = chat([*lines, "/lora none", "/temperature 0", "hello", "/quit"], LORA=adapter(tmp_path / "pirate", shape))
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "temperature 0.7, the 4 likeliest" in said and "a new conversation, adapter: pirate" in said
    assert "forgotten" in said and "the KV cache holds 64 tokens" in said
    assert said.count("/lora NAME") == 2  # at the start, and where it is asked for
    for wrong in (
        "no command /nonsense; /help lists all",
        "'hot' is no temperature from 0 to 100",
        "'0' is no number of tokens from 1 to ",
        "no command /temperatur; did you mean /temperature?",
        "/reset does not go with 'all'; /help says how it is written",
        "no adapter 'pirat'; there are none, pirate",
    ):
        assert wrong in said
    assert said.endswith("goodbye\n") and "$finish" not in said
    assert "0 mismatches" in said and "Traceback" not in done.stderr
    report = json.loads((ROOT / "build" / "results" / "chat.json").read_text())
    answers = [talk["answer"] for talk in report["conversations"]]
    assert len(answers) >= 8 and report["mismatches"] == 0  # ten tokens come in two pieces, unless they stop
    first, last = answers[:2], answers[-2:]
    assert first == last, "the adapter left something behind"


def test_goodbye_without_a_question():
    """At the end of the input too; nothing was asked, so nothing needs to have been compared."""
    for lines in ([], ["/help", "/quit"]):
        done = chat(lines)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.endswith("0 mismatches\ngoodbye\n")
        assert "FAILED" not in done.stdout and "ResourceWarning" not in done.stdout + done.stderr


def test_ctrl_c():
    """It clears a line and ends an answer after its next tokens; neither ends the conversation, nor the make above."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        environment = {name: value for name, value in os.environ.items() if name not in MAKE_STATE}
        os.execvpe("make", ["make", "chat", "MODEL=tiny", "DEPTH=2000", "TOKENS=1900"], environment)
    said = b""

    def hear(what: bytes, *, typed: bytes = b"", again: float = 0.5) -> bytes:
        """What the terminal says up to ``what``; something is typed every ``again`` seconds until it comes."""
        nonlocal said
        end = time.monotonic() + 300
        then = time.monotonic() + again
        while what not in said:
            now = time.monotonic()
            assert now < end, said
            if typed and now >= then:
                os.write(terminal, typed)
                then = now + again
            if select.select([terminal], [], [], 0.1)[0]:
                said += os.read(terminal, 1000)
        heard, _, said = said.partition(what)
        return heard

    hear(b"\n> ")
    os.write(terminal, b"half a line")
    hear(b"half a line")
    # A signal in the moment in which readline takes a letter is heard with the next one: hence again and again.
    hear(b"\n> ", typed=b"\x03")
    os.write(terminal, b"hello\n")
    hear(b"hello\r\n")
    hear(b"(interrupted)", typed=b"\x03")
    os.write(terminal, b"/quit\n")
    assert b" 0 mismatches" in hear(b"goodbye")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"LORA": "nowhere"}, "nowhere"),
        ({"LORA": "a/x,b/x"}, "two adapters have one name"),
        ({"TOKENS": "none"}, "TOKENS"),
        ({"DEPTH": "1"}, "DEPTH"),
        ({"MODEL": "nothing.gguf"}, "nothing.gguf"),
    ],
)
def test_bad_input(env, message):
    done = chat([], **env)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
