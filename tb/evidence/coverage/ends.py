# SPDX-License-Identifier: Apache-2.0
"""Ends of streams that sample what happens at them, for the benches of single modules."""

from tb.evidence.coverage.points.streams import Watch
from tb.rig.stream import StreamSink, StreamSource


class WatchedSource(StreamSource):
    """A StreamSource whose stream is a coverage point."""

    def __init__(self, dut, *fields: tuple[str, ...], prefix: str = "", stall: str = "none") -> None:
        super().__init__(dut, *fields, prefix=prefix, stall=stall, watch=Watch("into", dut, prefix, stall))


class WatchedSink(StreamSink):
    """A StreamSink whose stream is a coverage point."""

    def __init__(self, dut, *fields: tuple[str, ...], prefix: str = "", stall: str = "none") -> None:
        super().__init__(dut, *fields, prefix=prefix, stall=stall, watch=Watch("out", dut, prefix, stall))
