# SPDX-License-Identifier: Apache-2.0
"""The mix: a checkpoint whose weights have 3 bits where they can and 6 where they must.

An array has one geometry in all layers, so each kind of array has one width. Measured is by how much perplexity rises
when only this kind has 3 bits and all others are the source's. Kinds are taken to 6 bits in falling order of that rise,
divided by the cells it costs, until what the rest is expected to add stays within ``BOUND``. Then the matrices are
quantised anew, each for the inputs that come from those quantised before it, and the whole is measured: if it is over
``BOUND``, the next kind takes 6 bits.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.checkpoint.checkpoint import HEAD, WEIGHT_BITS, WIDTHS, Checkpoint
from models.checkpoint.quantised import SUPERBLOCK
from models.die.shape import weight_counts
from models.errors import InputError
from models.quantise import anew
from models.quantise.anew import Text, perplexity
from models.quantise.calibration import Calibration
from models.reference import Reference

BOUND = 0.12  # of the source's perplexity: what a mix may add to it
K_WIDTHS = {3: "Q3_K", 6: "Q6_K"}  # GGUF's own kinds of these widths, for inputs that are multiples of 256


def make(
    ckpt: Checkpoint,
    out: str | os.PathLike,
    text: Text,
    bits: Mapping[str, int] | None = None,
    widths: Mapping[int, str] = WIDTHS,
) -> dict:
    """Write the mix of ``ckpt`` as a GGUF file, and beside it (``.json``) what was measured, which is returned.

    ``bits`` gives each kind of ``kinds`` its width, whatever it costs; ``widths`` are the kinds of matrices of 3 and 6
    bits, WIDTHS or K_WIDTHS. InputError for widths that no die has, for inputs that are not whole blocks, for a
    checkpoint that is a mix already, if no mix stays within BOUND, and if writing fails. The file appears in one step.
    """
    cells = kinds(ckpt)
    if WEIGHT_BITS in ckpt.metadata:
        raise InputError("the checkpoint has weights of 3 and 6 bits already", ckpt.path, "quantise its source")
    if bits is not None:
        _check(bits, cells)
    for name, tensor in ckpt.tensors.items():
        if widths is K_WIDTHS and tensor.shape[1] % SUPERBLOCK:
            what = f"the {tensor.shape[1]} inputs of tensor {name} are not a multiple of {SUPERBLOCK}"
            raise InputError(what, ckpt.path, "use KIND=3-6, whose blocks are 32 weights")
    reference = Reference(ckpt)
    source = perplexity(reference, text.probes)
    rises = {} if bits else _rises(ckpt, reference, text, source, widths)
    for mix in [bits] if bits else candidates(rises, cells, BOUND):
        tensors = anew.quantised(ckpt, _by_tensor(ckpt, mix, widths), text.windows)
        reference.weights |= {name: tensor.dequantised() for name, tensor in tensors.items()}
        found = perplexity(reference, text.probes)
        if bits or found - source <= np.log1p(BOUND):
            break
    else:
        what = f"weights of 6 bits raise perplexity by {_percent(found - source):.1f} %"
        raise InputError(what, ckpt.path, f"use a model that keeps within {100 * BOUND:g} %")
    report = anew.about(ckpt, text) | {
        "bound_percent": 100 * BOUND,
        "kinds": {
            kind: {"bits": mix[kind], "weights": count, "rise_percent_at_3_bits": _percent(rises.get(kind))}
            for kind, count in cells.items()
        },
        "expected_rise_percent": _percent(sum(rises[kind] for kind in rises if mix[kind] == 3) if rises else None),
    }
    stated = {WEIGHT_BITS: sorted(set(mix.values()))} if widths is WIDTHS else {}
    report |= anew.rise(source, found)
    anew.write(ckpt, tensors, Path(out), stated, report)
    return report


def kinds(ckpt: Checkpoint) -> dict[str, int]:
    """The kinds of arrays that have a width of their own, and their weights; ``head`` is a tied embedding's too."""
    counts = weight_counts(ckpt.shape)
    if HEAD not in ckpt.tensors:
        counts["head"] += counts.pop("embed")
    return counts


def candidates(rises: Mapping[str, float], cells: Mapping[str, int], bound: float) -> Iterator[dict[str, int]]:
    """Widths, cheapest first: the rises (nats a token) of the kinds left at 3 bits add up to at most log(1 + bound)."""
    order = sorted(rises, key=lambda kind: -rises[kind] / cells[kind])
    for sixes in range(len(order) + 1):
        if sum(rises[kind] for kind in order[sixes:]) <= np.log1p(bound):
            yield {kind: 6 if kind in order[:sixes] else 3 for kind in cells}


def _check(bits: Mapping[str, int], cells: Mapping[str, int]) -> None:
    if bits.keys() != cells.keys():
        raise InputError(f"widths for {', '.join(bits)}", "bits", f"give one for each of {', '.join(cells)}")
    for kind, width in bits.items():
        if width not in WIDTHS:
            raise InputError(f"{kind} of {width} bits", "bits", f"a die has {' or '.join(map(str, WIDTHS))}")


def _percent(rise: float | None) -> float | None:
    return None if rise is None else float(100 * np.expm1(rise))


def _by_tensor(ckpt: Checkpoint, bits: Mapping[str, int], widths: Mapping[int, str]) -> dict[str, str]:
    """The kind of every matrix, where those of an array have these bits."""
    layers, tied = range(ckpt.shape.layers), HEAD not in ckpt.tensors
    return {name: widths[bits[kind]] for kind in bits for at in layers for name in anew.names(kind, at, tied=tied)}


def _rises(
    ckpt: Checkpoint, reference: Reference, text: Text, source: float, widths: Mapping[int, str]
) -> dict[str, float]:
    """By how much the mean surprise rises with each kind at 3 bits and the others as in the source."""
    threes, rises = _by_tensor(ckpt, dict.fromkeys(kinds(ckpt), 3), widths), {}
    trial = dict(anew.each(Calibration(ckpt, text.windows), threes, "calibrating"))
    for kind in tqdm(kinds(ckpt), "measuring", unit="kind"):
        kept = {name: reference.weights[name] for name in _by_tensor(ckpt, {kind: 3}, widths)}
        reference.weights |= {name: trial[name].dequantised() for name in kept}
        rises[kind] = perplexity(reference, text.probes) - source
        reference.weights |= kept
    return rises
