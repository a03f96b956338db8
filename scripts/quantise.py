"""``make quantise``: a checkpoint becomes a mix of weights of 3 and 6 bits, written as a GGUF file."""

import argparse
import sys
from pathlib import Path

from models.checkpoint import checkpoint, fetch
from models.errors import InputError
from models.quantise import mix


def main(argv: list[str] | None = None) -> int:
    """Command line: write the mix and what was measured for it, and print that."""
    parser = argparse.ArgumentParser(prog="python -m models.quantise", description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="", help="a GGUF checkpoint (default: SmolLM2-135M-Instruct)")
    parser.add_argument("out", nargs="?", default="", help="the file to write (default: in build/checkpoints)")
    parser.add_argument("--bits", default="", help="widths instead of measured ones: qkv=6,o=3,gateup=3,down=6,head=6")
    args = parser.parse_args(argv)
    try:
        source = fetch.resolve(args.model)
        ckpt = checkpoint.load(source)
        name = fetch.MIX if source.name == Path(fetch.MEMBER).name else f"{source.stem}.3-6.gguf"
        out = Path(args.out or fetch.CHECKPOINTS / name)
        report = mix.make(ckpt, out, mix.Text.of(ckpt), _widths(args.bits) if args.bits else None)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for kind, found in report.pop("kinds").items():
        rise = found["rise_percent_at_3_bits"]
        measured = "" if rise is None else f", perplexity at 3 bits {rise:+.2f} %"
        print(f"{kind:24} {found['bits']} bits, {found['weights']:,} weights{measured}")
    for name, value in report.items():
        print(f"{name.replace('_', ' '):24} {round(value, 4) if isinstance(value, float) else value}")
    print(f"{'written':24} {out}")
    return 0


def _widths(text: str) -> dict[str, int]:
    """Widths by kind of array, of 'kind=bits,...'."""
    try:
        return {kind: int(bits) for kind, bits in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise InputError(f"{text!r} are no widths", "bits", "write kind=bits,kind=bits") from None


if __name__ == "__main__":
    sys.exit(main())
