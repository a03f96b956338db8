# SPDX-License-Identifier: Apache-2.0
"""Which spans drained, with which scaling."""

import numpy as np

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.points.sub_scale import INTEGERS, integer_kind

_group = Group(
    "scale_drain",
    {
        "scaling": [(32, 0), (16, 32), (16, 256)],
        "columns_a_unit": (1, 2, 4),
        "symmetric": (False, True),
        "half": ("first", "second", "whole group"),
        "superblock": ("first", "later"),
        "s": INTEGERS,
        "n": INTEGERS,
    },
)


def sample(drain, span: int, s: np.ndarray, n: np.ndarray) -> None:
    """A span of a geometry, with the integers of its columns, 1 where it has none."""
    _group(
        scaling=(drain.span, drain.superblock),
        columns_a_unit=drain.share,
        symmetric=drain.offset != 0,
        half="whole group" if drain.span == 32 else ("first", "second")[span % 2],
        superblock="later" if span * drain.span >= (drain.superblock or 32) else "first",
        s={integer_kind(value) for value in s.tolist()},
        n={integer_kind(value) for value in n.tolist()},
    )
