# SPDX-License-Identifier: Apache-2.0
"""What the sampler chose among: how many, in which order they came, how far apart, and which of them it took."""

import numpy as np

from models.die.shape import LANES
from models.golden.sampler import FARTHEST, Sampling
from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import PLACES

MOST = 16  # TOP_K of most benches
_group = Group(
    "sampler",
    {
        "top_k": range(2, MOST + 1),
        "kept": ("top_k", "all there are"),
        "padding": ("none", "some"),
        "candidates": ("fewest", "between", "every logit"),
        "ties": ("none", "within", "at the end of the list"),
        "distance": ("none", "between", "farthest"),
        "beta": ("lowest", "between", "highest"),
        "seed": ("zero", "between", "all ones"),
        "position": ("zero", "between", "highest"),
        "rank": PLACES,  # of the chosen one in the list
    },
    {"rank_of_top_k": ("top_k", "rank"), "candidates_beside_padding": ("candidates", "padding")},
    {"rank_of_top_k": [(2, "middle")]},
)


def _kind(value: int, low: int, high: int, names: tuple[str, str, str]) -> str:
    return {low: names[0], high: names[2]}.get(value, names[1])


def sample(logits: np.ndarray, pos: int, how: Sampling, candidates: int, token: int) -> None:
    """Logits FX [vocab] of position ``pos``, the token chosen, and how many logits were candidates."""
    order = np.argsort(-logits, kind="stable")
    kept = order[: how.top_k]
    count, rank = len(kept), int(np.flatnonzero(kept == token)[0])
    gaps = (logits[kept[0]] - logits[kept]) * how.beta + (1 << 19) >> 20
    far = {"none": gaps[1:] == 0, "between": (gaps > 0) & (gaps < FARTHEST), "farthest": gaps >= FARTHEST}
    tied = {
        "within": len(np.unique(logits[kept])) < count,
        "at the end of the list": count < len(logits) and logits[order[count]] == logits[kept[-1]],
    }
    _group(
        top_k=how.top_k,
        kept="top_k" if count == how.top_k else "all there are",
        padding="some" if len(logits) % LANES else "none",
        candidates=_kind(candidates, min(LANES, len(logits)), len(logits), ("fewest", "between", "every logit")),
        ties={name for name, there in tied.items() if there} or "none",
        distance={name for name, there in far.items() if there.any()},
        beta=_kind(how.beta, 1, (1 << 24) - 1, ("lowest", "between", "highest")),
        seed=_kind(how.seed, 0, (1 << 32) - 1, ("zero", "between", "all ones")),
        position=_kind(pos, 0, (1 << 16) - 1, ("zero", "between", "highest")),
        rank=PLACES[0 if rank == 0 else 2 if rank == count - 1 else 1],
    )
