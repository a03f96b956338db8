# SPDX-License-Identifier: Apache-2.0
"""The codec of a mask's images: 32-bit words as text for ``$readmemh``, eight lower-case hex digits a line."""

from pathlib import Path

import numpy as np

LINE = np.dtype([("high", "<u4"), ("low", "<u4"), ("end", "u1")])  # eight hex digits and a newline
HEX = np.frombuffer(b"".join(b"%04x" % n for n in range(1 << 16)), dtype="<u4")  # four digits of every 16-bit value
DIGIT = np.full(256, 255, dtype=np.uint8)  # value of every lower-case hex digit, 255 for other characters
DIGIT[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16)


def encode(words: np.ndarray) -> np.ndarray:
    """The text of unsigned 32-bit words in C order, uint8 [bytes]."""
    words = np.ascontiguousarray(words, dtype=np.uint32).reshape(-1)
    lines = np.empty(len(words), dtype=LINE)
    lines["high"], lines["low"], lines["end"] = HEX[words >> 16], HEX[words & 0xFFFF], ord("\n")
    return lines.view(np.uint8)


def decode(text: np.ndarray) -> np.ndarray:
    """The words of a text, uint32 [lines]. ValueError unless it is lines of eight hex digits."""
    if len(text) % LINE.itemsize:
        raise ValueError("not lines of eight hex digits")
    lines = text.reshape(-1, LINE.itemsize)
    digits = DIGIT[lines[:, :8]]
    if (digits > 15).any() or (lines[:, 8] != ord("\n")).any():
        raise ValueError("not lines of eight hex digits")
    return (digits[:, 0::2] << 4 | digits[:, 1::2]).view(">u4").astype("<u4").reshape(-1)


def write(path: Path, words: np.ndarray) -> np.ndarray:
    """Write words to a file; gives its text. OSError as ``open`` raises it."""
    text = encode(words)
    text.tofile(path)
    return text


def read(path: Path) -> np.ndarray:
    """The words of a file. OSError if it cannot be read, ValueError unless it is lines of eight hex digits."""
    return decode(np.fromfile(path, dtype=np.uint8))
