# SPDX-License-Identifier: Apache-2.0
"""What a run of the chip says of a fault."""

import asyncio
from concurrent.futures import Future
from unittest.mock import Mock

import pytest

from tb.chip import driver
from tb.oracle.scoreboard import Mismatch


class TwiceWrong(driver.ChipBench):
    """Hears of a wrong token while the stage that it came from is still being compared."""

    def __init__(self, *_: object) -> None:
        self.progress = self.golden = self.beside = Mock()
        self.following = Future()
        self.following.set_exception(Mismatch("layer 3, rope"))

    async def start(self) -> None:
        """Nothing is reset: there is no chip."""


async def wrong_token(_: driver.ChipBench) -> None:
    """A schedule that finds the answer wrong."""
    raise Mismatch("token 7 is answered")


def test_a_stage_that_differs_is_told_before_the_token(monkeypatch, tmp_path):
    (tmp_path / "job.json").write_text("{}")
    monkeypatch.setenv("JOB", str(tmp_path / "job.json"))
    monkeypatch.setenv("TRACE", str(tmp_path))
    monkeypatch.setattr(driver.Job, "from_json", lambda text: Mock())
    with pytest.raises(Mismatch, match="layer 3, rope"):
        asyncio.run(driver.run(None, wrong_token, TwiceWrong))
