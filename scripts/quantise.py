# SPDX-License-Identifier: Apache-2.0
"""``make quantise``: a checkpoint becomes a mix of weights of 3 and 6 bits, written as a GGUF file."""

import sys
from pathlib import Path

from models.checkpoint import checkpoint, fetch
from models.errors import InputError
from models.quantise import mix
from scripts.cli.command import command
from scripts.cli.parameters import BITS, MODEL, OUT


@command("quantise", MODEL, OUT, BITS)
def main(*, model: str, out: str, bits: str) -> int:
    """Write the mix and what was measured for it, and print that."""
    source = fetch.resolve(model)
    ckpt = checkpoint.load(source)
    name = fetch.MIX if source.name == Path(fetch.MEMBER).name else f"{source.stem}.3-6.gguf"
    target = Path(out or fetch.CHECKPOINTS / name)
    report = mix.make(ckpt, target, mix.Text.of(ckpt), read_widths(bits) if bits else None)
    for kind, found in report.pop("kinds").items():
        rise = found["rise_percent_at_3_bits"]
        measured = "" if rise is None else f", perplexity at 3 bits {rise:+.2f} %"
        print(f"{kind:24} {found['bits']} bits, {found['weights']:,} weights{measured}")
    for name, value in report.items():
        print(f"{name.replace('_', ' '):24} {round(value, 4) if isinstance(value, float) else value}")
    print(f"{'written':24} {target}")
    return 0


def read_widths(text: str) -> dict[str, int]:
    """The widths by kind of array that 'kind=bits,...' says. InputError if it says none."""
    try:
        return {kind: int(bits) for kind, bits in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise InputError(f"{text!r} are no widths", "BITS", "write kind=bits,kind=bits") from None


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
