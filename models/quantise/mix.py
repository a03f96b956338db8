# SPDX-License-Identifier: Apache-2.0
"""The mix: a checkpoint whose weights have 3 bits where they can and 6 where they must.

An array has one geometry in all layers, so each kind of array has one width. Measured is by how much perplexity rises
when only this kind has 3 bits and all others are the source's. Kinds are taken to 6 bits in falling order of that rise,
divided by the cells it costs, until what the rest is expected to add stays within ``BOUND``. Then the matrices are
quantised anew, each for the inputs that come from those quantised before it, and the whole is measured: if it is over
``BOUND``, the next kind takes 6 bits.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.checkpoint import prose
from models.checkpoint.checkpoint import EMBEDDING, HEAD, PARTS, WEIGHT_BITS, WIDTHS, Checkpoint
from models.checkpoint.quantised import Quantised
from models.checkpoint.tokenizer import Tokenizer
from models.die.shape import weight_counts
from models.errors import InputError
from models.quantise import gptq
from models.quantise.calibration import Calibration
from models.quantise.rewrite import rewrite
from models.reference import Reference, surprise

BOUND = 0.12  # of the source's perplexity: what a mix may add to it
TEXTS = ("asyoulik.txt", "lcet10.txt", "plrabn12.txt")  # not what models.quality reads
WINDOW = 512  # tokens
WINDOWS, PROBES = 12, 2  # of each text: to calibrate with, and between those to measure perplexity


@dataclass(frozen=True)
class Text:
    """Windows of tokens to calibrate with, and others to measure perplexity."""

    windows: Sequence[Sequence[int]]
    probes: Sequence[Sequence[int]]

    @classmethod
    def of(cls, ckpt: Checkpoint) -> "Text":
        """Windows evenly spaced in each of TEXTS. InputError if they cannot be fetched."""
        tokenizer = Tokenizer.from_checkpoint(ckpt)
        bos = [tokenizer.bos] if tokenizer.add_bos else []
        windows, probes = [], []
        for name in TEXTS:
            tokens = tokenizer.encode(prose.text(name))
            starts = (len(tokens) * half // (2 * WINDOWS) for half in range(2 * WINDOWS))
            parts = [bos + tokens[at : at + WINDOW - len(bos)] for at in starts]
            windows += parts[0::2]
            probes += parts[1 :: 2 * (WINDOWS // PROBES)]
        return cls(windows, probes)


def make(ckpt: Checkpoint, out: str | os.PathLike, text: Text, bits: Mapping[str, int] | None = None) -> dict:
    """Write the mix of ``ckpt`` as a GGUF file, and beside it (``.json``) what was measured, which is returned.

    ``bits`` gives each kind of ``kinds`` its width, whatever it costs. InputError for widths that no die has, for a
    checkpoint that is a mix already, if no mix stays within BOUND, and if writing fails. The file appears in one step.
    """
    out, cells = Path(out), kinds(ckpt)
    if WEIGHT_BITS in ckpt.metadata:
        raise InputError("the checkpoint has weights of 3 and 6 bits already", ckpt.path, "quantise its source")
    if bits is not None:
        _check(bits, cells)
    reference = Reference(ckpt)
    source = perplexity(reference, text.probes)
    rises = {} if bits else _rises(ckpt, reference, text, source)
    for mix in [bits] if bits else candidates(rises, cells, BOUND):
        tensors = _quantised(ckpt, mix, text.windows)
        reference.weights |= {name: tensor.dequantised() for name, tensor in tensors.items()}
        found = perplexity(reference, text.probes)
        if bits or found - source <= np.log1p(BOUND):
            break
    else:
        what = f"weights of 6 bits raise perplexity by {_percent(found - source):.1f} %"
        raise InputError(what, ckpt.path, f"use a model that keeps within {100 * BOUND:g} %")
    report = {
        "source": Path(ckpt.path).name,
        "source_sha256": ckpt.sha256,
        "calibration_tokens": sum(map(len, text.windows)),
        "probe_tokens": sum(map(len, text.probes)),
        "bound_percent": 100 * BOUND,
        "kinds": {
            kind: {"bits": mix[kind], "weights": count, "rise_percent_at_3_bits": _percent(rises.get(kind))}
            for kind, count in cells.items()
        },
        "expected_rise_percent": _percent(sum(rises[kind] for kind in rises if mix[kind] == 3) if rises else None),
        "perplexity_source": float(np.exp(source)),
        "perplexity": float(np.exp(found)),
        "rise_percent": _percent(found - source),
    }
    try:
        _write(ckpt, tensors, sorted(set(mix.values())), report, out)
    except OSError as error:
        raise InputError(f"cannot write the mix: {error.strerror}", str(out), "free or name another place") from None
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


def perplexity(reference: Reference, windows: Sequence[Sequence[int]]) -> float:
    """The logarithm of the perplexity of a model over windows of tokens: the mean surprise of a token, nats."""
    return float(np.concatenate([surprise(reference.logits(w)[:-1], np.array(w[1:])) for w in windows]).mean())


def _check(bits: Mapping[str, int], cells: Mapping[str, int]) -> None:
    if bits.keys() != cells.keys():
        raise InputError(f"widths for {', '.join(bits)}", "bits", f"give one for each of {', '.join(cells)}")
    for kind, width in bits.items():
        if width not in WIDTHS:
            raise InputError(f"{kind} of {width} bits", "bits", f"a die has {' or '.join(map(str, WIDTHS))}")


def _percent(rise: float | None) -> float | None:
    return None if rise is None else float(100 * np.expm1(rise))


def _names(ckpt: Checkpoint, kind: str, layer: int) -> list[str]:
    """Tensors of a kind in a layer."""
    if kind in PARTS:
        return [f"blk.{layer}.{part}.weight" for part in PARTS[kind]]
    return [HEAD if kind == "head" and HEAD in ckpt.tensors else EMBEDDING]


def _each(
    calibration: Calibration, ckpt: Checkpoint, bits: Mapping[str, int], what: str
) -> Iterator[tuple[str, Quantised]]:
    """Every matrix at its kind's width, for the inputs that ``calibration`` has when its layer comes."""
    for layer, grams in tqdm(calibration.grams(), what, ckpt.shape.layers + 1, unit="layer"):
        for kind in filter(bits.get, grams):
            for name in _names(ckpt, kind, layer):
                yield name, gptq.quantise(calibration.weights[name], grams[kind], bits[kind])


def _rises(ckpt: Checkpoint, reference: Reference, text: Text, source: float) -> dict[str, float]:
    """By how much the mean surprise rises with each kind at 3 bits and the others as in the source."""
    threes = dict.fromkeys(kinds(ckpt), 3)
    trial, rises = dict(_each(Calibration(ckpt, text.windows), ckpt, threes, "calibrating")), {}
    for kind in tqdm(threes, "measuring", unit="kind"):
        kept = {name: reference.weights[name] for at in range(ckpt.shape.layers) for name in _names(ckpt, kind, at)}
        reference.weights |= {name: trial[name].dequantised() for name in kept}
        rises[kind] = perplexity(reference, text.probes) - source
        reference.weights |= kept
    return rises


def _quantised(ckpt: Checkpoint, bits: Mapping[str, int], windows: Sequence[Sequence[int]]) -> dict[str, Quantised]:
    """Every matrix, for the inputs that those quantised before it give."""
    calibration, tensors = Calibration(ckpt, windows), {}
    for name, tensor in _each(calibration, ckpt, bits, "quantising"):
        tensors[name] = tensor
        calibration.weights[name] = tensor.dequantised()
    return tensors


def _write(ckpt: Checkpoint, tensors: Mapping[str, Quantised], widths: list[int], report: dict, out: Path) -> None:
    """The source's file with these tensors in place of its own, and the report beside it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        file = Path(scratch, "mix.gguf")
        rewrite(ckpt.path, file, tensors, widths)
        notes = Path(scratch, "mix.json")
        notes.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        os.replace(file, out)
        os.replace(notes, out.with_suffix(".json"))
