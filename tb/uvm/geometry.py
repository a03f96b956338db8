# SPDX-License-Identifier: Apache-2.0
"""Random geometries: shapes and dies of every kind that a chip can have, small enough to simulate in seconds."""

import random

from models.checkpoint import tiny
from models.die.shape import BIT_LINES, CELL_BITS, GROUP, MATRICES, POSITIONS, SHARES

HEAD_DIMS = (16, 32, 64)


def random_geometry(rng: random.Random) -> tuple[dict, dict]:
    """(keywords of models.checkpoint.tiny.write, keywords of tb.chip.job.BuiltChip.of)."""
    lanes = rng.choice((GROUP, 2 * GROUP))
    cell_bits = rng.choice(CELL_BITS)
    head_dim = rng.choice(HEAD_DIMS)
    least = max(1, lanes // head_dim)  # KV heads that fill a beat
    kv_heads = least * rng.randint(1, 2 if least < 4 else 1)
    shape = {
        "layers": rng.randint(1, 2),
        "d_model": lanes * rng.randint(1, 2),
        "heads": kv_heads * rng.randint(1, 2),
        "kv_heads": kv_heads,
        "head_dim": head_dim,
        "d_ffn": lanes * rng.randint(1, 2),
        "vocab": rng.randint(tiny.SMALLEST_VOCAB, 140),
        "tied": rng.random() < 0.5,
        "kinds": tiny.MIX if cell_bits == 3 else {},
    }
    die = {
        "kv_depth": rng.randint(2, 6),
        "slots": rng.randint(1, 3),
        "act_w": rng.randint(8, 14),
        "kv_w": rng.randint(4, 10),
        "cell_bits": cell_bits,
        "lanes": lanes,
        "block": {name: GROUP * rng.randint(1, 3) for name in MATRICES},
        "bit_lines": rng.choice(BIT_LINES),
        "positions": rng.choice(POSITIONS),
        "share": {name: rng.choice(SHARES) for name in MATRICES},
    }
    return shape, die
