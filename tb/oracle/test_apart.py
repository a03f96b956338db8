# SPDX-License-Identifier: Apache-2.0
"""What the golden model's process opens: the checkpoint, adapters, its own sources and libraries, and nothing else."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.adapter import Adapter, module_sizes
from models.checkpoint import checkpoint, tiny
from models.checkpoint.peft import LowRank
from models.die.shape import Die
from models.mask.etch import etch
from models.project import ROOT
from tb.oracle.conversation import Conversation, Job

# Runs a module as its own process would, and leaves what it opens and starts in the file that comes first.
WATCH = """
import os, runpy, sys
log = open(sys.argv[1], "w", buffering=1)
def hook(event, args):
    if event in ("open", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "ctypes.dlopen"):
        what = args[0]
        if event != "open" or isinstance(what, (str, bytes, os.PathLike)):
            log.write(f"{event} {os.path.realpath(os.fsdecode(what)) if event == 'open' else what}\\n")
sys.addaudithook(hook)
runpy.run_module(sys.argv[2], run_name="__main__")
"""
OWN = tuple(str(ROOT / room) for room in ("models", "tb"))


def watched(module: str, tmp_path: Path, said: str = "") -> list[tuple[str, str]]:
    """(event, path or command) of a process that runs ``module`` and is told ``said``."""
    log = tmp_path / "log.txt"
    command = [sys.executable, "-c", WATCH, log, module]
    subprocess.run(command, input=said.encode(), cwd=ROOT, check=True, capture_output=True)
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines
    return [tuple(line.split(" ", 1)) for line in lines]


def foreign(seen: list[tuple[str, str]], *given: str) -> list[tuple[str, str]]:
    """What is no source of models/ or tb/, no library, no device, and not ``given``."""
    libraries = (sys.prefix, sys.base_prefix, "/usr", "/lib", "/etc", "/proc", "/sys", "/dev")
    libraries = tuple(str(Path(path).resolve()) for path in libraries)

    def fits(event: str, path: str) -> bool:
        if event == "ctypes.dlopen":
            return True
        if event != "open" or path in given:
            return event == "open"
        return (path.startswith(OWN) and path.endswith((".py", ".pyc"))) or path.startswith(libraries)

    return [entry for entry in seen if not fits(*entry) and "__pycache__" not in entry[1]]


def test_the_golden_model_is_apart(tmp_path):
    """A job with adapters and sampling, beside a mask of the same model: only what it was given is opened."""
    die = Die(kv_depth=8)
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST))
    etch(ckpt, die, tmp_path / "mask")
    sizes = module_sizes(ckpt.shape)
    floats = {name: LowRank(np.full((2, k), 0.1), np.full((n, 2), 0.1)) for name, (n, k) in sizes.items()}
    adapter = Adapter.of(floats, ckpt.shape, die, "some").save(tmp_path / "some.npz")
    talks = [Conversation(0, [5, 6], 2, adapter=1), Conversation(1, [7], 2, top_k=3, seed=9)]
    job = Job(ckpt.path, die, talks, [], [str(adapter)])
    seen = watched("tb.oracle.golden_worker", tmp_path, f"{json.dumps(dataclasses.asdict(job))}\n")
    given = [str(Path(path).resolve()) for path in (ckpt.path, adapter)]
    assert {("open", path) for path in given} <= set(seen)
    assert not foreign(seen, *given)


@pytest.mark.parametrize("module", ["tb.rig.bundles", "models.die.host_map"])
def test_who_reads_the_rtl_is_seen(module, tmp_path):
    seen = foreign(watched(module, tmp_path))
    assert any(path.startswith(str(ROOT / "hdl")) or "verible" in path for _, path in seen), seen
