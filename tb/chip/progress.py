# SPDX-License-Identifier: Apache-2.0
"""What a person sees while the chip simulates: the answer as it comes, and a line that says how far the checks are."""

import sys
import time

from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.tokenizer import Tokenizer
from tb.oracle.scoreboard import Scoreboard


class Progress:
    """Prints to the terminal, under a headline; nothing without one. The progress line needs a terminal.

    Answers are printed of a ``lone`` user only: those of several would run into each other.
    """

    def __init__(self, ckpt: Checkpoint, headline: str, lone: bool = True) -> None:
        self.echo, self.lone = bool(headline), lone
        self.live = self.echo and sys.stderr.isatty()
        self.tokenizer = Tokenizer.from_checkpoint(ckpt) if headline else None
        if headline:
            print(f"\n{headline}\n", flush=True)
        self.streams: dict[int, object] = {}
        self.text = ""  # of the answer's current line: drawn again under the progress line
        self.drawn = 0.0

    def token(self, index: int, token: int, end: int) -> None:
        """An answer token of conversation ``index`` has left the chip."""
        if not self.echo or not self.lone:
            return
        self.clear()
        stream = self.streams.setdefault(index, self.tokenizer.stream())
        piece = stream.push(token) + (stream.close() if end else "")
        sys.stdout.write(piece + ("\n" if end else ""))
        sys.stdout.flush()
        self.text = "" if end else (self.text + piece).rsplit("\n", 1)[-1]

    def line(self, board: Scoreboard) -> None:
        """How far the checks are: token, layer, values compared."""
        if not self.live or board.last is None or time.perf_counter() - self.drawn < 0.1:
            return
        self.drawn = time.perf_counter()
        place = board.last.place
        status = f"token {place.pos}, {place.where}, {board.values:,} values compared, 0 mismatches"
        # On the line below the answer, and the cursor back to where the answer goes on.
        below = f"\n\x1b[2K\x1b[2m{status}\x1b[0m\x1b[A\r\x1b[{len(self.text)}C"
        sys.stderr.write(below if self.text else f"\r\x1b[2K{status}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the progress line away."""
        if self.live:
            sys.stderr.write("\n\x1b[2K\x1b[A" + (f"\r\x1b[{len(self.text)}C" if self.text else "\r\x1b[2K"))
            sys.stderr.flush()
