"""Breaks the RTL or the mask in one place, and sees that a run of the chip fails there: right layer, right stage.

What a fault corrupts first is known, so each is expected at one place. A fault that nothing catches fails its test.
"""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import pytest

from models import checkpoint, tiny
from models.golden.stage import CHIP, Stage
from models.sv_package import VIEWS
from tb.chip.job import Chip
from tb.conversation import Conversation
from tb.runner import HDL, run

pytestmark = pytest.mark.once
SHAPE = {"layers": 2, "d_model": 32, "vocab": 100}  # sqrt(d_model) is no power of two: the norm rounds
BLOCK = {"BLOCK": 32, "SLICES": 1, "N": 4}  # as hardware: too slow for a whole chip on Icarus
SWAP = "((r == 5) ? 6 : (r == 6) ? 5 : r)*N+c"  # the vias of two rows
HIGH = "(r == 9) ? 1'b1 : word_i[r/BIT_LINES]"
PLACE = re.compile(r"first divergence: .*?, (?:(chip)|layer (\d+)), stage (\w+),")
# Positions beyond 0, an answer that is fed back, and a slot beside the first.
TALKS = [Conversation(1, [5, 6, 9], 2)]


@dataclass(frozen=True)
class Fault:
    """One edit of the RTL, and the layer and stage that must be named as the first that is wrong."""

    name: str
    file: str
    old: str
    new: str
    layer: int
    stage: Stage


FAULTS = [
    Fault("block-adder", "block_array_rom.sv", "sum_q[b][k*CW+c] + x", "sum_q[b][k*CW+c] ^ x", 0, Stage.Q),
    Fault("column-carry", "block_array_rom.sv", "(s * W_BITS)", "(s * 3)", CHIP, Stage.LOGITS),
    Fault("scale-drain", "block_array_rom.sv", "(acc_q[n] & keep)", "acc_q[n]", 0, Stage.Q),
    Fault("activation-shift", "act_quantiser.sv", "+:32], sh_o)", "+:32], 5'd5)", 0, Stage.Q),
    Fault("norm-shift", "rms_norm.sv", "6'(21 - SQE)", "6'(20 - SQE)", 0, Stage.ATTN_NORM),
    Fault("norm-rounding", "rms_norm.sv", " + 35'd16384", "", 0, Stage.ATTN_NORM),
    Fault("norm-epsilon", "rms_norm.sv", "NEPS >> {sh, 1'b0}", "NEPS << 8", 0, Stage.ATTN_NORM),
    Fault("rounding", "cartridge_pkg.sv", "(v + ((64'sd1 <<< r) >>> 1)) >>> r", "v >>> r", CHIP, Stage.EMBEDDING),
    Fault("rope-sign", "rope.sv", "64'(c) - 64'(x1)", "64'(c) + 64'(x1)", 0, Stage.Q_ROPE),
    Fault("rope-position", "rope.sv", "32'(tag_i.pos)*PAIRS", "32'd0", 0, Stage.Q_ROPE),
    Fault("softmax-maximum", "softmax.sv", "(pos_q == 0 || score > maximum)", "pos_q == 0", 0, Stage.ATTN_PROB),
    Fault("softmax-sum", "softmax.sv", "((pos_q == 0) ? '0 : sum", "((pos_q <= 1) ? '0 : sum", 0, Stage.ATTN_PROB),
    Fault("exp2-rounding", "exp2.sv", " + 23'd32", "", 0, Stage.ATTN_PROB),
    Fault("kv-address", "kv_sram.sv", "32'(wpos_i)", "32'(wpos_i >> 1)", 0, Stage.ATTN_PROB),
    Fault("kv-slot", "kv_sram.sv", "32'(slot_i) * DEPTH + 32'(wpos_i)", "32'(wpos_i)", 0, Stage.ATTN_PROB),
    Fault("gqa-keys", "attention.sv", "k_x[(h/SHARE)*", "k_x[(h%KV_HEADS)*", 0, Stage.ATTN_PROB),
    Fault("gqa-values", "attention.sv", "v_x[(h/SHARE)*", "v_x[(h%KV_HEADS)*", 0, Stage.ATTN_OUT),
    Fault("attention-first", "attention.sv", "value_first_q ? '0 : '1", "'1", 0, Stage.ATTN_OUT),
    Fault("residual-add", "residual.sv", "64'($signed(data_i", "-64'($signed(data_i", 0, Stage.ATTN_RESIDUAL),
    Fault("skip-path", "layer.sv", "(skip2_data),\n    .valid_i", "(skip1_data),\n    .valid_i", 0, Stage.FFN_RESIDUAL),
    Fault("gate-and-up", "swiglu.sv", "64'(gate) * $signed", "64'(up) * $signed", 0, Stage.SILU_MUL),
    Fault("sigmoid-rounding", "sigmoid.sv", " + 29'd2048", "", 0, Stage.SILU_MUL),
    Fault("final-norm", "chip.sv", '.NAME("final_norm")', '.NAME("ffn_norm")', CHIP, Stage.FINAL_NORM),
    Fault("embedding", "embedding.sv", "(4 * (l % 8))", "(4 * (7 - l % 8))", CHIP, Stage.EMBEDDING),
    Fault("argmax-tie", "argmax.sv", "> best)", ">= best)", CHIP, Stage.TOKEN),
    Fault("argmax-first", "argmax.sv", "32'(beat_q) * LANES + l < VOCAB", "beat_q == 0", CHIP, Stage.TOKEN),
    Fault("position", "sequencer.sv", "host_pos[15:0]};", "host_pos[15:0] ^ 16'd1};", CHIP, Stage.EMBEDDING),
    Fault("feedback", "sequencer.sv", ", res_token_i}", ", host_token_i}", CHIP, Stage.EMBEDDING),
]  # fmt: skip
BLOCK_FAULTS = [
    ("gate", Fault("adder-carry", "serial_accumulator.sv", "last_i ? '0 : carry;", "'0;", 0, Stage.Q)),
    ("gate", Fault("adder-sign", "serial_accumulator.sv", " - HIGH_W'(count)", "", 0, Stage.Q)),
    ("gate", Fault("product-line", "product_lines.sv", " | (x_q[0] & carry_q[i])", "", 0, Stage.Q)),
    ("gate", Fault("moved-rows", "block.sv", "x_q >> TURN_W", "x_q >> 2 * TURN_W", 0, Stage.Q)),
    (
        "switch",
        Fault("swapped-vias", "cell_array_switch.sv", "line[via_i[(r*N+c)*", f"line[via_i[({SWAP})*", 0, Stage.Q),
    ),
    ("switch", Fault("word-line-high", "cell_array_switch.sv", "word_i[r/BIT_LINES])", f"{HIGH})", 0, Stage.Q)),
    (
        "switch",
        Fault("open-via", "cell_array_switch.sv", "], source, word", "], (r == 7) ? 1'b0 : source, word", 0, Stage.Q),
    ),
]
MASKS = [
    ("embed_000.w.hex", CHIP, {Stage.EMBEDDING}),
    ("attn_norm_001.hex", 1, {Stage.ATTN_NORM}),
    ("qkv_001.w.hex", 1, {Stage.Q, Stage.K, Stage.V}),
    ("qkv_001.s.hex", 1, {Stage.Q, Stage.K, Stage.V}),
    ("o_000.w.hex", 0, {Stage.O_PROJ}),
    ("gateup_001.w.hex", 1, {Stage.GATE, Stage.UP}),
    ("down_001.w.hex", 1, {Stage.DOWN}),
    ("head_000.w.hex", CHIP, {Stage.LOGITS}),
]


@pytest.fixture(scope="session")
def chip(tmp_path_factory) -> Chip:
    """A tiny chip whose head has every row twice, so that each answer is chosen among equals."""
    path = tiny.write(tmp_path_factory.mktemp("faults") / "twins.gguf", **SHAPE)
    embedding = next(t for t in gguf.GGUFReader(path, "r+").tensors if t.name == "token_embd.weight")
    embedding.data[1::2] = embedding.data[::2]
    embedding.data.base.flush()
    return Chip.of(checkpoint.load(path), kv_depth=8)


def located(chip: Chip, talks: list[Conversation]) -> tuple[int, Stage]:
    """(layer, stage) of the first divergence in a run that must fail."""
    with pytest.raises(AssertionError, match="first divergence") as failure:
        chip.run(talks, [], simulator="icarus", test="one_after_another", poll=100)
    chips, layer, stage = PLACE.search(str(failure.value)).groups()
    return CHIP if chips else int(layer), Stage[stage.upper()]


def broken(fault: Fault, folder: Path) -> Path:
    """A copy of the RTL that has the fault."""
    hdl = folder / "hdl"
    shutil.copytree(HDL, hdl)
    text = (hdl / fault.file).read_text(encoding="utf-8")
    assert text.count(fault.old) == 1, f"{fault.file} holds {fault.old!r} {text.count(fault.old)} times"
    (hdl / fault.file).write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    return hdl


def test_without_a_fault(chip):
    report = chip.run(TALKS, [], simulator="icarus", test="one_after_another", poll=100)
    assert report["mismatches"] == 0
    assert report["tokens_through_layers"] == 4


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(chip, fault, tmp_path):
    bad = replace(chip, hdl=broken(fault, tmp_path), name=f"fault-{fault.name}")
    assert located(bad, TALKS) == (fault.layer, fault.stage)


@pytest.mark.parametrize(("view", "fault"), BLOCK_FAULTS, ids=[fault.name for _, fault in BLOCK_FAULTS])
def test_fault_in_the_block(view, fault, tmp_path):
    """The bench of the block alone finds what is wrong inside it."""
    hdl, name = broken(fault, tmp_path), f"fault-{fault.name}"
    parameters = BLOCK | {"VIEW": VIEWS[view]}
    with pytest.raises(AssertionError, match="tests failed"):
        run("block", "tb.block.block_tests", simulator="icarus", name=name, parameters=parameters, hdl=hdl)


@pytest.mark.parametrize(("image", "layer", "stages"), MASKS, ids=[image for image, *_ in MASKS])
def test_one_hex_digit(chip, image, layer, stages, tmp_path):
    """One digit of one image, in the middle: of the token that the prompt starts with, for the embedding."""
    mask = tmp_path / "mask"
    shutil.copytree(chip.mask, mask)
    lines = (mask / image).read_text(encoding="ascii").splitlines()
    at = len(lines) // 2 if layer != CHIP else 5 * len(lines) // 100
    lines[at] = f"{lines[at][:3]}{int(lines[at][3], 16) ^ 8:x}{lines[at][4:]}"
    (mask / image).write_text("\n".join(lines) + "\n", encoding="ascii")
    assert located(replace(chip, mask=mask, name=f"{chip.name}-digit"), TALKS) in {(layer, stage) for stage in stages}
