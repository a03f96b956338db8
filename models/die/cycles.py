# SPDX-License-Identifier: Apache-2.0
"""The cycle model: how many clocks a token takes, from the geometry alone.

Every count follows from the state machines of hdl/ and is held against the RTL to the cycle: by the chip's benches for
several geometries and by every ``make sim``. No value of a weight or an activation changes a count; only how often a
sampled token's list of candidates changes does (``entries``).
"""

import heapq
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from models.die.shape import MATRICES, Die, Shape

QUANTISE = 2  # act_quantiser
NORM = 60  # rms_norm beside its beats: epsilon, 37 quotient bits, 19 root bits, hand-overs
SOFTMAX = 53  # attention beside heads and positions: a reciprocal of 45 quotient bits, hand-overs


@dataclass(frozen=True)
class Cycles:
    """Clocks of a chip. ``turn`` is the clocks of a turn: ``act_w + cell_bits`` in silicon and in the serial views.

    ``serial`` says whether a pass takes one more clock to fetch its first activations, as in the serial views.
    """

    shape: Shape
    die: Die
    turn: int
    serial: bool

    @classmethod
    def of(cls, shape: Shape, die: Die, view: str = "gate", turn_clks: int = 1) -> "Cycles":
        """The model of one view; ``turn_clks`` is what the ROM view was built with."""
        serial = view != "rom"
        return cls(shape, die, die.act_w + die.cell_bits if serial else turn_clks, serial)

    def beats(self, width: int) -> int:
        """Beats of a stream vector."""
        return -(-width // self.die.lanes)

    def rows(self, name: str) -> int:
        """Clocks in which the rows of a matrix take their turns."""
        span = self.die.span[name]
        passes = min(self.die.block, self.shape.matrix_size(name)[0]) // span
        return passes * (span // self.die.bit_lines * self.turn + 2 + self.serial)

    def drain(self, name: str) -> int:
        """Clocks in which the spans of a matrix drain through the scaling units."""
        return self.shape.matrix_size(name)[0] // self.die.span[name] * self.die.share[name]

    def matrix(self, name: str) -> int:
        """From a matrix's last beat in to its first beat out."""
        return QUANTISE + self.rows(name) + self.drain(name) + 1

    def adapter(self, name: str, changed: bool) -> int:
        """Clocks that an adapter adds to an array: its scales; and if it changes the array, a word of A for each module
        and beat, and what u takes beyond the rows, from the last beat loaded until the first word of B is multiplied.
        Where beats are further apart, as those of SwiGLU are, some of it is between them.
        """
        modules, beats = len(self.shape.modules(name)), self.beats(self.shape.matrix_size(name)[0])
        between = 2 if name == "down" else 1  # clocks from a beat to the next
        if not changed:
            return max(0, 2 - (beats - 1) * (between - 1))
        wait = max(0, modules * self.die.rank + modules + QUANTISE + 3 - (self.matrix(name) - QUANTISE))
        return 2 + modules + (beats - 1) * (modules + 1 - between) + wait

    def sampling(self, top_k: int, entries: int) -> int:
        """Clocks that a choice among ``top_k`` logits takes beyond the greedy one."""
        kept = min(top_k, self.shape.vocab)
        return entries + 2 * kept + 2 if top_k > 1 else 0

    def norm(self) -> int:
        """From a norm's last beat in to its last beat out."""
        return NORM + 2 * self.beats(self.shape.d_model) - 1

    def _out(self, name: str) -> int:
        """From a matrix's last beat in to its last beat out."""
        return self.matrix(name) + self.beats(self.shape.matrix_size(name, self.die.lanes)[1]) - 1

    def attention(self, pos: int) -> int:
        """From the last beat of q, k, v to the last beat of the heads' outputs, with positions 0..pos in the cache."""
        heads = self.shape.heads + 2 * self.shape.kv_heads
        return heads + QUANTISE + 3 * pos + SOFTMAX + self.beats(self.shape.d_q) - 1

    def stages(self, pos: int) -> dict[str, int]:
        """A layer's latency, last beat in to last beat out, by the stages that add to it."""
        return {
            "attn_norm": self.norm(),
            "qkv": self._out("qkv"),
            "attention": self.attention(pos),
            "o": self._out("o"),
            "ffn_norm": self.norm(),
            "gateup": self._out("gateup"),
            "down": self._out("down"),
        }

    def token(self, pos: int, adapter: Sequence[Set[str]] | None = None) -> int:
        """Clocks from one greedy answer of a lone user to the next, the new token being at position ``pos``.

        Sequencer and embedding, a register before each layer and before the head, the head, the argmax; beside them
        the slot's ``adapter``, given by the arrays that it changes in each layer.
        """
        embedding = 1 + self.beats(self.shape.d_model)
        adapters = [
            self.adapter(name, name in arrays) for arrays in adapter or () for name in MATRICES if name != "head"
        ]
        layers = self.shape.layers * (1 + sum(self.stages(pos).values())) + sum(adapters)
        return embedding + layers + 1 + self.norm() + self._out("head") + 1

    def interval(self, pos: int) -> int:
        """Clocks between tokens of different users that the busiest part of the pipeline needs, all at ``pos``.

        Each half of a layer holds one token, from its first beat in until its branch begins to leave; so does the head
        with the norm before it.
        """
        first, model = self.stages(pos), self.beats(self.shape.d_model)
        attention = sum(first[name] for name in ("attn_norm", "qkv", "attention")) + self.matrix("o")
        ffn = sum(first[name] for name in ("ffn_norm", "gateup")) + self.matrix("down")
        head = self._out("head")
        return max(attention, ffn, head) + model


def entries(logits: np.ndarray, top_k: int, lanes: int) -> int:
    """How often a logit enters the sampler's list: of each beat of ``lanes``, the largest first, while they are among
    the ``top_k`` largest so far, earlier ones before equals.
    """
    kept: list[int] = []  # a heap
    count = 0
    for start in range(0, len(logits), lanes):
        for logit in sorted(logits[start : start + lanes].tolist(), reverse=True):
            if len(kept) == top_k and logit <= kept[0]:
                break
            (heapq.heappush if len(kept) < top_k else heapq.heapreplace)(kept, logit)
            count += 1
    return count
