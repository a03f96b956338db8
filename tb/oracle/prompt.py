# SPDX-License-Identifier: Apache-2.0
"""A conversation on its way into the RTL."""

from tb.oracle.conversation import Conversation
from tb.rig.bundles import Prompt, Sample


def beats(talk: Conversation) -> list[Prompt]:
    """Its tokens as the chip takes them."""
    sample = Sample(top_k=talk.top_k, beta=talk.beta, seed=talk.seed)
    what = {"slot": talk.slot, "max_new": talk.max_new, "adapter": talk.adapter, "sample": sample}
    last = len(talk.tokens) - 1
    return [
        Prompt(token=token, first=int(talk.first and n == 0), last=int(n == last), **what)
        for n, token in enumerate(talk.tokens)
    ]
