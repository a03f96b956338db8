# SPDX-License-Identifier: Apache-2.0
"""``make quantise``: a checkpoint becomes a GGUF file of fewer bits, each matrix by GPTQ for the inputs it will get."""

import sys
from pathlib import Path

from models.checkpoint import checkpoint, fetch
from models.checkpoint.checkpoint import FLOAT_TYPES, WIDTHS, Checkpoint
from models.errors import InputError
from models.quantise import anew, mix, rotation
from scripts.cli.command import command
from scripts.cli.parameters import BITS, KIND, MODEL, OUT, ROTATE

MIXES = {"3-6": WIDTHS, "Q3_K-Q6_K": mix.K_WIDTHS}  # of KIND: widths by measurement, and the kinds of these widths


@command("quantise", MODEL, OUT, KIND, BITS, ROTATE)
def main(*, model: str, out: str, kind: str, bits: str, rotate: str) -> int:
    """Write the file and what was measured for it, and print that."""
    if bits and kind not in MIXES:
        raise InputError(f"{kind} has its own widths", "BITS", f"leave it out, or use KIND={' or '.join(MIXES)}")
    widths = read_widths(bits) if bits else None
    source = fetch.resolve(model)
    ckpt = checkpoint.load(source)
    turned = rotate == "1"
    name = fetch.MIX if (kind, turned, source.name) == ("3-6", False, Path(fetch.MEMBER).name) else None
    name = name or f"{source.stem if source.is_file() else source.name}.{kind}{'.rotated' if turned else ''}.gguf"
    target = Path(out or fetch.CHECKPOINTS / name)
    text = anew.Text.of(ckpt)
    made = rotation.rotated(ckpt) if turned else ckpt
    if kind in MIXES:
        report = mix.make(made, target, text, widths, MIXES[kind])
    else:
        report = anew.make(made, target, text, kind)
    if already := kinds_on_file(ckpt):
        print(f"note: the source has {already} already: what that lost stays lost", file=sys.stderr)
    for array, found in report.pop("kinds", {}).items():
        rise = found["rise_percent_at_3_bits"]
        measured = "" if rise is None else f", perplexity at 3 bits {rise:+.2f} %"
        print(f"{array:24} {found['bits']} bits, {found['weights']:,} weights{measured}")
    for stored, weights in report.pop("weights", {}).items():
        print(f"{stored:24} {weights:,} weights")
    for name, value in report.items():
        print(f"{name.replace('_', ' '):24} {round(value, 4) if isinstance(value, float) else value}")
    print(f"{'written':24} {target}")
    return 0


def kinds_on_file(ckpt: Checkpoint) -> str:
    """The kinds of matrices that are no floats, in words."""
    stored = {name: tensor.kind for name, tensor in ckpt.tensors.items()}
    stored |= {name: tensor.tensor_type.name for name, tensor in ckpt.originals.items()}
    return ", ".join(sorted(set(stored.values()) - set(FLOAT_TYPES)))


def read_widths(text: str) -> dict[str, int]:
    """The widths by kind of array that 'kind=bits,...' says. InputError if it says none."""
    try:
        return {kind: int(bits) for kind, bits in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise InputError(f"{text!r} are no widths", "BITS", "write kind=bits,kind=bits") from None


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
