# SPDX-License-Identifier: Apache-2.0
"""What happened at the streams of each stage, at each speed of their ends."""

from tb.evidence.coverage.functional import Group

STALLS = ("none", "some", "heavy")
INTO = (
    "argmax",
    "attention",
    "embedding",
    "host_port.out",
    "host_port.s_axil_ar",
    "host_port.s_axil_aw",
    "host_port.s_axil_w",
    "host_port.s_tok_t",
    "matrix",
    "rms_norm",
    "rope",
    "sampler",
    "sequencer.host",
    "sequencer.res",
    "stream_arb.a",
    "stream_arb.b",
    "stream_fifo",
    "stream_fork",
    "swiglu",
)
OUT = tuple("sequencer.out" if stream == "sequencer.host" else stream for stream in INTO if stream != "sequencer.res")
OUT = tuple(stream for stream in OUT if not stream.startswith(("host_port.", "stream_arb.", "stream_fork")))
OUT += ("sequencer", "host_port.m_tok_t", "host_port.s_axil_b", "host_port.s_axil_r", "host_port.tok")
OUT += ("stream_arb", "stream_fork.a", "stream_fork.b")
# At full speed a source offers all the time and a sink takes at once: it never idles, or is never waited for.
_group = Group(
    "streams",
    {
        "into": [
            (stream, stall, state)
            for stream in INTO
            for stall in STALLS
            for state in ("moves", "waits", "idles")
            if state == "moves" or stall != "none"
        ],
        "out": [
            (stream, stall, state)
            for stream in OUT
            for stall in STALLS
            for state in ("moves", "waits", "idles")
            if state != "waits" or stall != "none"
        ],
    },
)


class Watch:
    """Samples one end of a stream, each thing that happens once."""

    def __init__(self, side: str, dut, prefix: str, stall: str) -> None:
        stage, stream = dut._name.removesuffix("_bench"), prefix.rstrip("_")
        self._side, self._stream, self._stall = side, f"{stage}.{stream}" if stream else stage, stall
        self._seen: set[str] = set()

    def __call__(self, valid: bool, ready: bool) -> None:
        """The handshake in a clock: a beat moves, waits, or there is none."""
        state = ("moves" if ready else "waits") if valid else "idles"
        if state not in self._seen:
            self._seen.add(state)
            _group(**{self._side: (self._stream, self._stall, state)})
