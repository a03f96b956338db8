# SPDX-License-Identifier: Apache-2.0
"""The gated clocks of a die: each runs while something is in what it drives, or comes there, and in no other clock.

A clock that stands still too early stops the die, which everybody sees; one that runs for nothing costs energy, and
nobody would.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cocotb.triggers import RisingEdge

from tb.chip.adapter_file import ARRAYS

Signal = Callable[[], int]


def bit(handle, index: int = 0) -> Signal:
    """What a bit of a signal is now."""
    return lambda: int(handle.value) >> index & 1


@dataclass
class Handshake:
    """Valid and ready of a stream."""

    valid: Signal
    ready: Signal

    def fires(self) -> int:
        """Whether a beat passes at this edge."""
        return self.valid() & self.ready()


@dataclass
class Held:
    """What is between two streams, of which a token has ``taken`` and ``given`` beats: nothing, once it is through."""

    into: Handshake
    out: Handshake
    taken: int
    given: int
    inside: int = 0  # beats of either stream in parts of a token, so that whole tokens cancel

    def pass_edge(self) -> None:
        """Count the beats that pass at this edge."""
        self.inside += self.into.fires() * self.given - self.out.fires() * self.taken


@dataclass
class Gate:
    """A gate by its name and enable; ``comes`` are signals that want its clock, ``held`` what wants it while inside."""

    name: str
    enable: Signal
    comes: list[Signal]
    held: list[Held] = field(default_factory=list)
    ran: int = 0  # clocks

    def pass_edge(self) -> None:
        """Hold the enable of this edge. AssertionError if it is not as it should be."""
        runs, wanted = self.enable(), any(signal() for signal in self.comes) or any(held.inside for held in self.held)
        assert wanted or not runs, f"the clock of {self.name} runs, and nothing is there"
        assert runs or not wanted, f"the clock of {self.name} stands still, and something is there"
        self.ran += runs
        for held in self.held:
            held.pass_edge()


IN, OUT, NET = ("valid_i", "ready_o"), ("valid_o", "ready_i"), ("valid", "ready")  # of a module's ports, or inside one


def stream_of(module, names: tuple[str, str], prefix: str = "") -> Handshake:
    """A stream of a module, by the names that valid and ready have behind ``prefix``."""
    return Handshake(*(bit(getattr(module, f"{prefix}{name}")) for name in names))


def gates_of(chip, layers: int, beats: dict[str, int]) -> list[Gate]:
    """All gates of a chip that is at rest. ``beats`` are those of a vector of each width, by its name."""
    found = [_embedding(chip, beats), _head(chip, layers, beats)]
    for number in range(layers):
        found += [_layer(chip.gen_layer[number], number, beats)]
        found += _stages(chip.gen_layer[number].u_layer, number, beats)
    return found


async def watch(dut, gates: list[Gate]) -> None:
    """Hold every gate at every edge, for ever."""
    while True:
        await RisingEdge(dut.clk_i)
        for gate in gates:
            gate.pass_edge()


def _embedding(chip, beats: dict[str, int]) -> Gate:
    inside = chip.u_embedding
    held = Held(stream_of(inside, IN), stream_of(inside, OUT), 1, beats["d_model"])
    return Gate("the embedding", bit(chip.u_embedding_gate.en_i), [held.into.valid], [held])


def _head(chip, layers: int, beats: dict[str, int]) -> Gate:
    """Tokens that want no answer leave it where its FIFO ends."""
    last, norm, head = chip.u_last, chip.u_head.u_final_norm, chip.u_head
    fifo = Held(stream_of(last, IN), stream_of(last, OUT), 1, 1)
    answer = Held(stream_of(norm, IN), stream_of(head, OUT), beats["d_model"], 1)
    return Gate("the head", bit(chip.u_head_gate.en_i), [fifo.into.valid], [fifo, answer])


def _layer(place, number: int, beats: dict[str, int]) -> Gate:
    """A write is held in a register of the layer's own clock."""
    held = Held(stream_of(place.u_wire, IN), stream_of(place, NET, "out_"), beats["d_model"], beats["d_model"])
    comes = [held.into.valid, bit(place.writes), bit(place.writes_q)]
    return Gate(f"layer {number}", bit(place.u_gate.en_i), comes, [held])


def _stages(layer, number: int, beats: dict[str, int]) -> list[Gate]:
    """Those of a layer's stages. A norm's clock runs for a beat that waits until the skip FIFO beside it has room."""
    width, q, qkv, ffn = (beats[name] for name in ("d_model", "q", "qkv", "d_ffn"))
    stages = (  # name, what comes, from which stream to which, beats of either, the array whose writes come there too
        ("attn_norm", "valid_i", "attn_in_", "attn_norm_", width, width, None),
        ("qkv", "attn_norm_valid", "attn_norm_", "rope_", width, qkv, "qkv"),
        ("attention", "rope_valid", "rope_", "attn_out_", qkv, q, None),
        ("o_proj", "attn_out_valid", "attn_out_", "o_proj_", q, width, "o"),
        ("ffn_norm", "o_proj_valid", "ffn_in_", "ffn_norm_", width, width, None),
        ("gateup", "ffn_norm_valid", "ffn_norm_", "silu_mul_", width, ffn, "gateup"),
        ("down", "silu_mul_valid", "silu_mul_", "down_", ffn, width, "down"),
    )
    found = []
    for name, comes, into, out, taken, given, array in stages:
        signals = [bit(getattr(layer, comes))] + ([] if array is None else [bit(layer.writes, ARRAYS.index(array))])
        held = Held(stream_of(layer, NET, into), stream_of(layer, NET, out), taken, given)
        found.append(_gate_of(layer, number, name, signals, [held]))
    for name, ends in {"attn_skip": ("valid_i", "o_proj_valid"), "ffn_skip": ("o_proj_valid", "down_valid")}.items():
        found.append(_gate_of(layer, number, name, [bit(getattr(layer, end)) for end in ends], []))
    return found


def _gate_of(layer, number: int, name: str, comes: list[Signal], held: list[Held]) -> Gate:
    return Gate(f"layer {number}, {name}", bit(getattr(layer, f"u_gate_{name}").en_i), comes, held)
