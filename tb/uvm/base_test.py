# SPDX-License-Identifier: Apache-2.0
"""What every test of the environment does: reset, its scenario, and everything accounted for."""

import cocotb
from cocotb.triggers import ClockCycles
from pyuvm import uvm_test

from tb.uvm.config import Config, Stalls
from tb.uvm.env import TokenEnv

SILENCE = 50  # clocks at the end of a test in which nothing more may come


class TokenTest(uvm_test):
    """A test of one design. Subclasses name the environment and play a scenario."""

    environment: type[TokenEnv]
    stalls = Stalls()
    lone = False
    patience = 20_000

    def build_phase(self) -> None:
        self.cdb_set("dut", cocotb.top)
        settings = {"stalls": self.stalls, "lone": self.lone, "patience": self.patience}
        self.cdb_set("config", Config.from_environment(**settings))
        self.env = self.environment.create("env", self)

    async def run_phase(self) -> None:
        self.raise_objection()
        await self.env.reset.pulse()
        await self.scenario()
        await ClockCycles(cocotb.top.clk_i, SILENCE)
        self.env.finish()
        self.drop_objection()

    async def scenario(self) -> None:
        """Plays what the test is about, to its end."""
        raise NotImplementedError
