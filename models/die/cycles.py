# SPDX-License-Identifier: Apache-2.0
"""The cycle model: how many clocks a token takes, from the geometry alone.

Every count follows from the state machines of hdl/ and is held against the RTL to the cycle: by the chip's benches for
several geometries and by every ``make sim``. No value of a weight or an activation changes a count; only how often a
sampled token's list of candidates changes does (``scanning``).
"""

import heapq
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from models.die.shape import GROUP, MATRICES, OCTET, Die, Shape

EMBEDDING = 9  # stages of embedding
QUANTISE = 2  # stages of act_quantiser
ROPE = 6  # of rope
SWIGLU = 13  # of swiglu
NORM = 82  # rms_norm beside beats and lanes: 37 quotient bits, 19 root bits, the stages of squares, scale and outputs
ATTENTION = 46  # attention beside octets and dot products: 16 quotient bits, 30 stages and hand-overs
ENTRY = 3  # from the last candidate of a beat on to the next beat
SAMPLER = 29  # sampler from its last beat on, beside two for each logit of the list: 13 of a hash, stages, hand-overs
ADAPTER = 24  # an adapter beside its rows, its modules and what adds up rank and groups: stages of word_sums and of u
COUNT = 1  # a bit from its line to the sum of a column (hdl/cartridge_pkg.sv)
SCALE = 7  # a sum through selection and a scaling unit
SYMMETRIC = 5  # the same where all weights of an array are symmetric
INTEGERS = 2  # and through the multipliers ahead of it


def threes(count: int) -> int:
    """Stages in which so many numbers become one, three at a time; one at least."""
    return next(n for n in range(1, 99) if 3**n >= count)


@dataclass(frozen=True)
class Cycles:
    """Clocks of a chip. ``turn`` is the clocks of a turn: ``act_w + cell_bits`` in silicon and in the serial views."""

    shape: Shape
    die: Die
    turn: int

    @classmethod
    def of(cls, shape: Shape, die: Die, view: str = "gate", turn_clks: int = 1) -> "Cycles":
        """The model of one view; ``turn_clks`` is what the ROM view was built with."""
        return cls(shape, die, turn_clks if view == "rom" else die.act_w + die.cell_bits)

    def beats(self, width: int) -> int:
        """Beats of a stream vector."""
        return -(-width // self.die.lanes)

    def turns(self, name: str) -> int:
        """Clocks in which all rows of a matrix take their turns."""
        return self._passes(name) * self._pass(name)

    def drains(self, name: str) -> int:
        """Clocks in which all spans of a matrix drain through the scaling units."""
        return self._passes(name) * self._drain(name)

    def matrix(self, name: str) -> int:
        """From a matrix's last beat in to its first beat out: each pass drains beneath the turns of the next, and what
        takes longer counts; then the last drain comes through, and two clocks of hand-over and one to read.
        """
        turns, drain = self._pass(name), self._drain(name)
        through = COUNT + (SYMMETRIC if self.die.offset[name] else SCALE)
        through += INTEGERS if self.die.superblock[name] else 0
        return QUANTISE + turns + (self._passes(name) - 1) * max(turns, drain) + drain + through + 3

    def _passes(self, name: str) -> int:
        """Spans of a block, of the only one if it is not full."""
        return min(self.die.block[name], self.shape.matrix_size(name)[0]) // self.die.span[name]

    def _pass(self, name: str) -> int:
        """Clocks of the turns of a span."""
        return self.die.span[name] // self.die.bit_lines * self.turn

    def _drain(self, name: str) -> int:
        """Clocks in which a span of each block drains."""
        return -(-self.shape.matrix_size(name)[0] // self.die.block[name]) * self.die.share[name]

    def adapter(self, name: str, changed: bool) -> int:
        """Clocks that an adapter adds to an array: its scales; and if it changes the array, a word of A for each module
        and beat, and what u takes beyond the rows, from the last beat loaded until the first word of B is multiplied.
        Where beats are further apart, as those of SwiGLU are, some of it is between them.
        """
        modules, beats = len(self.shape.modules(name)), self.beats(self.shape.matrix_size(name)[0])
        between = 2 if name == "down" else 1  # clocks from a beat to the next
        if not changed:
            return max(0, 3 - (beats - 1) * (between - 1))
        adding = threes(self.die.rank) + threes(self.die.lanes // GROUP)
        wait = max(0, modules * self.die.rank + QUANTISE + ADAPTER + adding - (self.matrix(name) - QUANTISE))
        return max(0, 4 + modules + (beats - 1) * (modules - between)) + wait

    def greedy(self) -> int:
        """From the last beat of logits to the largest one's token: a level of pairs of lanes a clock, and one."""
        return max(1, (self.die.lanes - 1).bit_length()) + 1

    def sampling(self, top_k: int, scanned: int) -> int:
        """Clocks of a choice among ``top_k`` logits beyond the greedy one, ``scanned`` of them for candidates."""
        if top_k < 2:
            return 0
        return scanned + SAMPLER + 1 + 2 * min(top_k, self.shape.vocab) - self.greedy()

    def norm(self) -> int:
        """From a norm's last beat in to its last beat out."""
        lanes = (self.die.lanes - 1).bit_length()  # stages that add up a beat's squares, in pairs
        return NORM + lanes + 2 * self.beats(self.shape.d_model) - 1

    def _out(self, name: str) -> int:
        """From a matrix's last beat in to its last beat out."""
        return self.matrix(name) + self.beats(self.shape.matrix_size(name, self.die.lanes)[1]) - 1

    def attention(self, pos: int) -> int:
        """From the last beat of q, k, v to the last beat of the heads' outputs, with positions 0..pos in the cache."""
        octet = OCTET // self.die.positions  # clocks
        leaves = self.shape.head_dim * -(-self.die.kv_w // 4)  # of a dot product, which sums four a stage
        levels = next(n for n in range(99) if 4**n >= leaves)
        return octet * (pos // OCTET + 1) + octet + levels + ATTENTION + self.beats(self.shape.d_q) - 1

    def stages(self, pos: int) -> dict[str, int]:
        """A layer's latency, last beat in to last beat out, by the stages that add to it."""
        return {
            "attn_norm": self.norm(),
            "qkv": self._out("qkv"),
            "rope": ROPE,
            "attention": self.attention(pos),
            "o": self._out("o"),
            "ffn_norm": self.norm(),
            "gateup": self._out("gateup"),
            "swiglu": SWIGLU,
            "down": self._out("down"),
        }

    def token(self, pos: int, adapter: Sequence[Set[str]] | None = None) -> int:
        """Clocks from one greedy answer of a lone user to the next, the new token being at position ``pos``.

        Sequencer and embedding, a register before each layer and before the head, the head, the argmax; beside them
        the slot's ``adapter``, given by the arrays that it changes in each layer.
        """
        embedding = 1 + EMBEDDING + self.beats(self.shape.d_model)
        adapters = [
            self.adapter(name, name in arrays) for arrays in adapter or () for name in MATRICES if name != "head"
        ]
        layers = self.shape.layers * (1 + sum(self.stages(pos).values())) + sum(adapters)
        return embedding + layers + 1 + self.norm() + self._out("head") + self.greedy()

    def interval(self, pos: int) -> int:
        """Clocks between tokens of different users that the busiest part of the pipeline needs, all at ``pos``.

        Each half of a layer holds one token, from its first beat in until its branch begins to leave; so does the head
        with the norm before it.
        """
        first, model = self.stages(pos), self.beats(self.shape.d_model)
        attention = sum(first[name] for name in ("attn_norm", "qkv", "rope", "attention")) + self.matrix("o")
        ffn = sum(first[name] for name in ("ffn_norm", "gateup", "swiglu")) + self.matrix("down")
        head = self._out("head")
        return max(attention, ffn, head) + model


def candidates(logits: np.ndarray, top_k: int, lanes: int) -> list[int]:
    """How many logits of each beat of ``lanes`` may enter the sampler's list: all until it is full, then those above
    the least of the ``top_k`` largest before the beat.
    """
    kept: list[int] = []  # a heap
    counts = []
    for start in range(0, len(logits), lanes):
        beat = logits[start : start + lanes]
        entering = (beat if len(kept) < top_k else beat[beat > kept[0]]).tolist()
        for logit in entering:
            (heapq.heappush if len(kept) < top_k else heapq.heappushpop)(kept, logit)
        counts.append(len(entering))
    return counts


def scanning(logits: np.ndarray, top_k: int, lanes: int) -> int:
    """Clocks for which the sampler's beats hold up the next: one for each candidate, and until it has entered."""
    return sum(count + ENTRY for count in candidates(logits, top_k, lanes) if count)
