# SPDX-License-Identifier: Apache-2.0
"""Waves of runs of broken RTL, on both simulators: what the save file names, how it shows it, where its cursor is."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from models.checkpoint import checkpoint, tiny
from models.die.shape import LANES
from models.golden.stage import Stage
from models.project import HDL
from tb.attention.attention_shape import DEPTH, SLOTS
from tb.chip.job import BuiltChip
from tb.evidence.waves import view
from tb.evidence.waves.names import Names
from tb.evidence.waves.save_file import SaveFile
from tb.evidence.waves.signals import Signals
from tb.evidence.waves.window import Window
from tb.oracle.conversation import Conversation
from tb.rig.bundles import PACKAGE, Beat, Tag
from tb.rig.faults import Fault, write_broken
from tb.rig.record import Record, RunError
from tb.rig.runner import run, simulators

SHAPE = {"layers": 2, "d_model": 32, "d_ffn": 64, "vocab": 100}
TALK = Conversation(1, [5, 6, 9], 2)
WRONG_FROM = 5  # position from which the broken attention is wrong
NAME = re.compile(r"(?:\((\d+)\))?([\w.\[\]]+?)(?:\[(\d+):0\])?")
FIXED, CLOSED, BEGIN, END, NAMED = 1 << 30, 1 << 22, 1 << 23, 1 << 24, 1 << 13


class ViewShown:
    """A save file, read and held against its trace: {label: (flags, fraction bits, filter file)} and {group: open}.

    ``within`` has the labels by group: {(group, label): (flags, fraction bits, [(signal, width, bit)])}.
    """

    def __init__(self, path):
        self.path, self.signals = path, Signals(path.with_suffix(".fst"))
        self.traces, self.groups, self.within, depth, fraction, names = {}, {}, {}, [], 0, None
        head, *body = re.split(r"^(?=@)", path.read_text(), flags=re.MULTILINE)
        self.marker = int(re.search(r"^\*\S+ (-?\d+)", head, re.MULTILINE)[1])
        self.start = int(re.search(r"^\[timestart\] (\d+)", head, re.MULTILINE)[1])
        for flags, *lines in (part.splitlines() for part in body):
            flags = int(flags[1:], 16)
            fraction = [int(line.split()[1]) for line in lines if line.startswith("[fpshift_count]")]
            names = [line.split(" ", 1)[1] for line in lines if line.startswith("^")]
            line = next(line for line in lines if not line.startswith(("[", "^")))
            if flags & BEGIN:
                depth.append(line)
                self.groups[line[1:]] = not flags & CLOSED
            elif flags & END:
                assert depth.pop() == line
            elif not line.startswith("-"):
                label, parts = self.parsed(line)
                for name, width, bit in parts:
                    assert name in self.signals, name
                    assert self.signals.width(name) == width, name
                    assert bit < width, line
                self.traces.setdefault(label, (flags, *fraction, *names))
                self.within[depth[-1][1:] if depth else "", label] = flags, sum(fraction), parts
                assert bool(flags & FIXED) == bool(fraction) and bool(flags & NAMED) == bool(names)
        assert depth == []

    def at(self, time, group, label):
        """What GTKWave's value column shows of a label, of bits of a signal, with the marker at a time."""
        _, fraction, parts = self.within[group, label]
        word = next(value for when, value in reversed(list(self.signals.variables[parts[0][0]].tv)) if when <= time)
        value = 0
        for _, width, bit in parts:  # GTKWave counts from the left
            value = value << 1 | word >> width - 1 - bit & 1
        return value / (1 << fraction)

    @staticmethod
    def parsed(line):
        label = re.match(r"[#+]\{([^}]+)\} ", line)
        words = line[label.end() :].split() if label else [line]
        parts = [NAME.fullmatch(word).groups() for word in words]
        name = label[1] if label else parts[0][1].rpartition(".")[2]
        return name, [(path, int(msb or 0) + 1, int(bit or 0)) for bit, path, msb in parts]


def failed(job, *arguments, **options):
    """The save file of a run that must fail, and where its cursor is."""
    with pytest.raises(RunError, match="replay: make waves TEST=") as failure:
        job(*arguments, **options)
    return saved(failure.value.record)


def saved(record):
    """The save file of a run, and where its cursor is; the record on file names it."""
    laid = view.leave(record)
    assert json.loads(Path(record.folder, "run.json").read_text())["waves"] == str(laid.path)
    return ViewShown(laid.path), laid.cursor


def edges(signals, scope, clock="clk_i", **values):
    """Times of rising edges of a scope's clock at which its signals have these values, or pass these checks."""
    history = {name: dict(signals.variables[f"{scope}.{name}"].tv) for name in (clock, *values)}
    state, found = {}, []
    for time in sorted({time for changes in history.values() for time in changes}):
        before = dict(state)
        state |= {name: changes[time] for name, changes in history.items() if time in changes}
        if before.get(clock) == 0 and state[clock] == 1:
            if all(v(before[name]) if callable(v) else before[name] == v for name, v in values.items()):
                found.append(time)
    return found


@pytest.mark.parametrize("simulator", simulators())
def test_a_broken_module(simulator):
    """The cursor is where the first wrong beat was accepted, not where the bench noticed."""
    late = Fault(
        "late", "attention.sv", ".places_i(out_places)", f".places_i(out_places ^ 12'(tag_q.pos >= {WRONG_FROM}))"
    )
    built = {
        "simulator": simulator,
        "parameters": {"HEADS": 2, "KV_HEADS": 1, "HEAD_DIM": 16, "SLOTS": SLOTS, "DEPTH": DEPTH},
        "waves": True,
        "hdl": write_broken("waves-attention", [late]),
    }
    only = {"COCOTB_TEST_FILTER": "slots/stall=some$", "CASE": "small"}
    shown, cursor = failed(run, "attention", "tb.attention.attention_tests", env=only, **built)
    wrong = edges(shown.signals, "attention", valid_o=1, ready_i=1, tag_o=lambda tag: Tag.unpack(tag).pos == WRONG_FROM)
    assert shown.marker + 1 == wrong[0] == cursor * shown.signals.ns
    assert shown.start < shown.marker
    assert list(shown.groups)[:5] == ["clock and reset", "stream in", "stream out", "state", "other ports"]
    assert shown.traces["data_i[2]"][1:] == (16,) and shown.traces["data_o[0]"][1:] == (16,)
    states = Path(shown.traces["state_q"][1]).read_text().split()
    assert states[::2] == list("0123") and states[1::2] == ["StLoad", "StQuantise", "StRead", "StOut"]
    # A simulator that is told to end closes its trace, which holds what was up to there.
    ended, _ = failed(run, "attention", "tb.rig.record_tests", env={"END": "terminate"}, **built)
    assert ended.signals.width("attention.clk_i") == 1


def test_a_broken_chip(tmp_path, monkeypatch):
    """The cursor is where the diverging stage's beat went past its tap; its group is the open one."""
    monkeypatch.setenv("WAVES", "1")
    skip = Fault("skip", "layer.sv", ".skip_data_i (ffn_skip_data)", ".skip_data_i (attn_skip_data)")
    chip = BuiltChip.of(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **SHAPE)), kv_depth=8)
    bad = replace(chip, hdl=write_broken("waves-chip", [skip]))
    shown, cursor = failed(bad.run, [TALK], [], simulator="icarus", test="one_after_another", poll=100)
    tap = next(tap for tap in shown.signals.taps() if (tap.stage, tap.layer) == (Stage.FFN_RESIDUAL, 0))
    assert shown.marker + 1 == edges(shown.signals, tap.scope, fire_i=1)[0] == cursor * shown.signals.ns
    wrong = json.loads((shown.path.parent / "run.json").read_text())["divergence"]
    assert shown.at(shown.marker, "ffn_residual, layer 0", "fire") == 1  # the value column shows the wrong beat
    lane = f"data[{wrong['index'] % LANES}]"
    assert shown.at(shown.marker, "ffn_residual, layer 0", f"{lane} as an integer") == wrong["got"] & 0xFFFFFFFF
    assert shown.at(shown.marker, "ffn_residual, layer 0", lane) == (wrong["got"] & 0xFFFFFFFF) / 2**16
    message = "".join(re.findall(r"^-(.+)$", shown.path.read_text(), re.MULTILINE)[:4])
    for value in (wrong["expected"], wrong["got"]):
        assert f"{value} = {value / 2**16:.6g}".replace(" ", "") in message.replace(" ", "")
    opened = [group for group, is_open in shown.groups.items() if is_open]
    assert opened == ["clock and reset", "ffn_residual, layer 0"]
    inside = [f"{stage.name.lower()}, layer 0" for stage in list(Stage)[1:17]]
    assert [group for group in shown.groups if "," in group] == inside
    assert [group for group in shown.groups if group in ("embedding", "final_norm", "logits", "token")] == [
        "embedding",
        "final_norm",
        "logits",
        "token",
    ]
    # A single score's weight is between a half and 1, whatever the RTL holds: so the scale of weights is right.
    tap = next(tap for tap in shown.signals.taps() if (tap.stage, tap.layer) == (Stage.ATTN_WEIGHT, 0))
    alone = edges(shown.signals, tap.scope, fire_i=1)[0]
    assert 0.5 <= shown.at(alone - 1, "attn_weight, layer 0", "data[0]") <= 1.0
    assert shown.within["logits", "data[0]"][1] == 16
    assert shown.within["token", "data[0]"][1] == 0 and ("token", "data[1]") not in shown.within
    commands = shown.path.with_suffix(".sucl").read_text().splitlines()
    assert commands[0] == f"load_file {shown.path.with_suffix('.fst')}"
    assert commands[-2:] == [f"cursor_set {shown.marker}", "goto_cursor"]
    added = [command.split()[1] for command in commands if command.startswith("variable_add ")]
    assert f"{tap.scope}.data_i" in added and all(name in shown.signals for name in added)
    places = {field.name: field for field in PACKAGE.fields("tag_t")}
    assert {name for name in shown.traces if name.startswith("tag/")} == {f"tag/{name}" for name in places}


@pytest.fixture(scope="module")
def chip(tmp_path_factory):
    path = tiny.write(tmp_path_factory.mktemp("waves") / "tiny.gguf", **SHAPE)
    return BuiltChip.of(checkpoint.load(path), kv_depth=8)


WINDOWS = [
    (Window(1, 0), "gen_layer[0]", [f"{stage.name.lower()}, layer 0" for stage in list(Stage)[1:17]]),
    (Window(2, 1, Stage.DOWN), "gen_layer[1]", ["down, layer 1"]),
    (Window(2), "u_sequencer", ["embedding", "final_norm", "logits", "token"]),
]


@pytest.mark.parametrize(("window", "scope", "groups"), WINDOWS, ids=["layer", "stage", "chip"])
def test_a_window(window, scope, groups, chip):
    """A compiled layer is traced, no other, from when the token comes to it until it leaves."""
    report = chip.run([TALK], [], simulator="verilator", test="one_after_another", hold_cycles=True, window=window)
    shown, cursor = saved(report["record"])
    assert cursor is None and shown.marker == -1
    stages = {stage.name.lower() for stage in Stage}
    assert [group for group in shown.groups if group.split(",")[0] in stages] == groups
    names = shown.signals.variables
    assert any(f".{scope}." in name for name in names)
    assert not any(f"gen_layer[{1 - (window.layer or 0)}].u_layer" in name for name in names)
    if window.layer is not None:
        inside, tag = f"chip_bench.u_chip.gen_layer[{window.layer}]", Tag(gen=window.pos == 2, slot=1, pos=window.pos)

        def tagged(beat: int) -> bool:
            return Beat.unpack(beat).tag == tag

        enters = edges(shown.signals, f"{inside}.u_wire", valid_i=1, ready_o=1, data_i=tagged)
        leaves = edges(shown.signals, inside, "clk", out_valid=1, out_ready=1, out=tagged)
        times = [time for time, _ in names["chip_bench.clk_i"].tv]
        assert len(enters) == len(leaves) == SHAPE["d_model"] // 32
        assert times[1] < enters[0] <= times[2] and times[-1] == leaves[-1]  # times[0] has what was there before


def test_a_tag_follows_its_struct(tmp_path):
    """A package with wider slots: the fields are where that package has them, and a vector of another width is none."""
    package = (HDL / "cartridge_pkg.sv").read_text(encoding="utf-8")
    wider = package.replace("typedef logic [7:0] slot_t;", "typedef logic [8:0] slot_t;")
    assert wider != package
    (tmp_path / "cartridge_pkg.sv").write_text(wider, encoding="utf-8")
    for hdl, bits in ((HDL, 8), (tmp_path, 9)):
        shown = object.__new__(view._View)
        shown.names, shown.file = Names(hdl, tmp_path), SaveFile(tmp_path / "top.fst", (0, 1))
        width = 22 + bits
        shown.show("top.tag_q", width)
        shown.show("top.tag_d", width + 1)
        slot = " ".join(f"({bit})top.tag_q[{width - 1}:0]" for bit in range(6, 6 + bits))
        assert f"#{{tag_q/slot}} {slot}" in shown.file.lines
        assert f"top.tag_d[{width}:0]" in shown.file.lines


def test_a_trace_that_cannot_be_read(tmp_path, capfd):
    header = bytes([0, *(329).to_bytes(8), *bytes(321)])  # all that a simulator has written that is killed
    (tmp_path / "top.fst").write_bytes(header)
    (tmp_path / "top.fst.hier").write_bytes(bytes([254, 0]))
    for name in ("top.fst", "none.fst"):
        trace = str(tmp_path / name)
        record = Record("test", "top", "icarus", 1, "make waves", str(tmp_path), str(HDL), [], trace=trace)
        record.problem = "the simulator was killed by SIGKILL"
        view.leave(record).show()
        why = f"{record.problem}; an FST can be read only when the simulator has closed it"
        assert capfd.readouterr() == (f"waves: none: {why}\n", "")
    assert sorted(os.listdir(tmp_path)) == ["top.fst", "top.fst.hier"]
