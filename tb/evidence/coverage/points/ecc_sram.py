# SPDX-License-Identifier: Apache-2.0
"""Which bits of a code word were flipped, in memories of which width, and what the memory said."""

from tb.evidence.coverage.functional import Group

WIDTHS = (4, 5, 128, 165, 645, 2048)  # of 4 bits the code is perfect: each number belongs to a bit
PLACES = ("data", "check", "parity")
_group = Group(
    "ecc_sram",
    {
        "width": WIDTHS,
        "flips": ("none", "one", "two", "three"),  # in the part that has most
        "parts": ("one", "several"),  # that have flips
        "place": PLACES,
        "flags": ("none", "corrected", "failed", "both"),
    },
    {
        "flips_of_width": ("width", "flips"),
        "place_of_single": ("flips", "place"),
        "flags_of_flips": ("flips", "flags"),
        "parts_of_width": ("width", "parts"),
    },
    {
        "place_of_single": [("none", None)],
        "flags_of_flips": [
            *(("none", flags) for flags in ("corrected", "failed", "both")),
            *(("one", flags) for flags in ("none", "failed", "both")),
            *(("two", flags) for flags in ("none", "corrected")),
            ("three", "none"),
        ],
        "parts_of_width": [(width, "several") for width in (4, 5, 128)],
    },
)


def sample(width: int, parts: list[list[int]], part: int, code: int, corrected: bool, failed: bool) -> None:
    """A read of a word of ``width`` bits with these bits of each part flipped, of ``part`` data and ``code`` bits."""
    hit = [bits for bits in parts if bits]
    most = max(map(len, hit), default=0)
    more = {"parts": "several" if len(hit) > 1 else "one"} if hit else {}
    places = {PLACES[(bit >= part) + (bit == code - 1)] for bits in hit for bit in bits}
    _group(
        width=width,
        flips=("none", "one", "two", "three")[most],
        place=places,
        flags=("none", "corrected", "failed", "both")[corrected + 2 * failed],
        **more,
    )
