# SPDX-License-Identifier: Apache-2.0
"""How far a campaign is: the counts, the time left, and a line of it where there is no terminal."""

import io
import time

import pytest
from rich.console import Console

from scripts.campaign import tally
from scripts.campaign.tally import Tally
from tb.rig import heartbeat


def test_the_line():
    count = Tally(10, 2, begun=time.monotonic() - 60)
    assert str(count).endswith(" 8 queued, 2 running, 0 passed, 0 failed, time left not known yet")
    count.passed, count.failed = 3, 1
    assert str(count).endswith(" 4 queued, 2 running, 3 passed, 1 failed, about 0:01:30 left")
    count.passed = 9
    assert str(count).endswith(" 0 queued, 0 running, 9 passed, 1 failed, about 0:00:00 left")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_log_has_a_line_a_minute(terminal, monkeypatch):
    """And a terminal a bar instead."""
    monkeypatch.setattr(heartbeat, "PERIOD_S", 0.05)
    text = io.StringIO()
    with tally.shown(Tally(3, 2), Console(file=text, force_terminal=terminal)):
        time.sleep(0.3)
    assert ("1 queued, 2 running" in text.getvalue()) != terminal
