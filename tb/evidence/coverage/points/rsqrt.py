# SPDX-License-Identifier: Apache-2.0
"""Which operands rsqrt had."""

from tb.evidence.coverage.functional import Group

_group = Group(
    "rsqrt",
    {
        "length": range(1, 49),
        "operand": ("power of two", "one less", "between"),
        "root": ("lowest", "between", "highest"),
        "exponent": range(24),
    },
)


def sample(u: int, r: int, k: int) -> None:
    """(r, k) of ``u``."""
    kind = "power of two" if u.bit_count() == 1 else "one less" if (u + 1).bit_count() == 1 else "between"
    root = {1 << 17: "lowest", 1 << 18: "highest"}.get(r, "between")
    _group(length=u.bit_length(), operand=kind, root=root, exponent=k)
