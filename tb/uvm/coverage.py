# SPDX-License-Identifier: Apache-2.0
"""The coverage subscriber: samples the points of the chip from what the environment observes."""

from pyuvm import uvm_subscriber

from tb.evidence.coverage.points import chip as cover
from tb.oracle.conversation import Conversation
from tb.oracle.trace import Observed


class Coverage(uvm_subscriber):
    """Stages as they are read, conversations as they end."""

    def build_phase(self) -> None:
        config = self.cdb_get("config")
        self.layers, self.depth = config.ckpt.shape.layers, config.die.kv_depth
        self.ended: dict[int, int] = {}  # slot -> how its last conversation did

    def write(self, seen: Observed) -> None:
        """A stage of a token."""
        cover.sample_stages([seen], self.layers, self.depth)

    def conversation(self, talk: Conversation, end: int, beside: int) -> None:
        """A conversation has ended so, beside others that go on."""
        cover.sample(talk, self.depth, end, self.ended.get(talk.slot), beside)
        self.ended[talk.slot] = end

    def restart(self) -> None:
        """A reset: slots are as new."""
        self.ended = {}
