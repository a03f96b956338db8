# SPDX-License-Identifier: Apache-2.0
"""What the environments of layer and chip share: agents, reset, scoreboard, watchdog, cycle model, coverage ports.

Subscribers connect to three analysis ports: ``beats`` (Seen, every accepted beat of every stream), ``stages``
(Observed, every stage of every token) and ``events`` (Event, resets and what sequences do).
"""

from pyuvm import uvm_active_passive_enum, uvm_analysis_port, uvm_env, uvm_subscriber

from tb.uvm.checkers import CycleModel, Watchdog
from tb.uvm.coverage import Coverage
from tb.uvm.reset_agent import Event, ResetAgent
from tb.uvm.scoreboard import StageScoreboard
from tb.uvm.stream_agent import Seen, Stream, StreamAgent


class _On(uvm_subscriber):
    """Calls a function for everything that a port publishes."""

    def __init__(self, name: str, parent, function) -> None:
        self.write = function
        super().__init__(name, parent)


class TokenEnv(uvm_env):
    """Base of both environments. Subclasses name the streams and say what to do with beats."""

    active: tuple[Stream, ...]
    passive: tuple[Stream, ...] = ()

    def build_phase(self) -> None:
        self.dut, self.config = self.cdb_get("dut"), self.cdb_get("config")
        self.beats, self.stages, self.events = (uvm_analysis_port(name, self) for name in ("beats", "stages", "events"))
        self.reset = ResetAgent.create("reset", self)
        self.scoreboard = StageScoreboard.create("scoreboard", self)
        self.watchdog = Watchdog.create("watchdog", self)
        self.cycles = CycleModel.create("cycles", self)
        self.coverage = Coverage.create("coverage", self)
        self.agents: dict[str, StreamAgent] = {}
        stalls = self.config.stalls
        for stream in (*self.active, *self.passive):
            where = f"{stream.name}*"
            self.cdb_set("stream", stream, where)
            self.cdb_set("stall", stalls.source if stream.side == "into" else stalls.sink, where)
            if stream in self.passive:
                self.cdb_set("is_active", uvm_active_passive_enum.UVM_PASSIVE, where)
            self.agents[stream.name] = StreamAgent.create(stream.name, self)

    def connect_phase(self) -> None:
        for agent in self.agents.values():
            agent.monitor.port.connect(self.watchdog.analysis_export)
            self._call(agent.monitor.port, f"on_{agent.get_name()}", self.write_beat)
            self.watchdog.monitors.append(agent.monitor)
        self._call(self.scoreboard.traces.port, "on_stages", self.stages.write)
        self.stages.connect(self.coverage.analysis_export)
        self._call(self.reset.port, "on_reset", self.write_event)
        self.watchdog.busy = self.busy

    def _call(self, port: uvm_analysis_port, name: str, function) -> None:
        subscriber = _On(name, self, function)
        port.connect(subscriber.analysis_export)

    def write_beat(self, seen: Seen) -> None:
        """A stream has moved."""
        self.beats.write(seen)

    def write_event(self, event: Event) -> None:
        """A reset begins or ends, or a sequence did something."""
        self.events.write(event)
        if event.kind == "reset begins":
            for agent in self.agents.values():
                if agent.driver:
                    agent.driver.restart()
            self.coverage.restart()
        self.scoreboard.write_event(event)

    def busy(self) -> bool:
        """Whether the design owes something."""
        raise NotImplementedError
