"""The package of constants without which no flow can compile a die: ``python -m scripts.flows.shape MODEL FILE``.

MODEL is smollm2, tiny, or the path of a Llama GGUF file; FILE goes before the RTL.
"""

import argparse
import sys
from pathlib import Path

from models.checkpoint import checkpoint, fetch
from models.die import sv_package
from models.mask import etch
from scripts.command import guarded

DEPTH = 512  # positions of the KV cache, as `make sim` has them


def main(arguments: list[str]) -> int:
    """Write what the command line asks for; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.flows.shape", description=__doc__.split(":")[0] + ".")
    parser.add_argument("model", help="smollm2, tiny, or the path of a Llama GGUF file")
    parser.add_argument("file", type=Path, help="where the package goes, shape_pkg.sv by custom")
    parser.add_argument("--depth", type=int, default=DEPTH, help="positions of the KV cache (default: %(default)s)")
    given = parser.parse_args(arguments)
    return guarded(lambda: write(given.model, given.file, given.depth))


def write(model: str, file: Path, depth: int = DEPTH) -> int:
    """Write the package of a model's die; gives 0. InputError if no die holds the model."""
    ckpt = checkpoint.load(fetch.resolve(model))
    sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=depth), file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
