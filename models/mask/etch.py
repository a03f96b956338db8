"""The etcher: a checkpoint becomes the mask images of docs/masks.md, and images become the checkpoint's tensors again.

Nothing is lost on the way: ``read_back`` works from the written files alone and gives every quantised tensor byte for
byte as the checkpoint has it.
"""

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.checkpoint.checkpoint import EMBEDDING, FINAL_NORM, HEAD, KINDS, PARTS, Checkpoint, Quantised
from models.die.shape import GROUP, MATRICES, Die, Shape, check_fits
from models.errors import InputError
from models.golden import rope

FORMAT = 2  # version of docs/masks.md; masks of another version are etched anew
INDEX = "mask.json"
PARTS_OUT = {  # columns of a tensor
    "attn_q": "d_q",
    "attn_k": "d_kv",
    "attn_v": "d_kv",
    "attn_output": "d_model",
    "ffn_gate": "d_ffn",
    "ffn_up": "d_ffn",
    "ffn_down": "d_model",
}
LINE = np.dtype([("high", "<u4"), ("low", "<u4"), ("end", "u1")])  # a line of an image: eight hex digits and newline
HEX = np.frombuffer(b"".join(b"%04x" % n for n in range(1 << 16)), dtype="<u4")  # four digits of every 16-bit value
DIGIT = np.full(256, 255, dtype=np.uint8)  # value of every lower-case hex digit, 255 for other characters
DIGIT[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16)


def die_for(ckpt: Checkpoint, **overrides: int) -> Die:
    """The die that holds a checkpoint: as many slices of cells as the widest tensor of each array needs.

    Cells have 3 bits where 3 divides the width of every tensor, else 4. ``overrides`` are other fields of Die (act_w,
    kv_w, kv_depth, slots ...). InputError if no such die holds the shape.
    """
    bits = 3 if all(tensor.bits % 3 == 0 for tensor in ckpt.tensors.values()) else 4
    die = dataclasses.replace(_narrowest(ckpt, overrides.pop("cell_bits", bits)), **overrides)
    check_fits(ckpt.shape, die, ckpt.path)
    return die


def etch(ckpt: Checkpoint, die: Die, out_dir: str | os.PathLike) -> Path:
    """Write the mask images of ``ckpt`` into the folder ``out_dir``, which appears in one step when all are written.

    A mask of the same checkpoint and die that is there already is kept (its files are checked by their sizes only).
    InputError if the die cannot hold the checkpoint, ``out_dir`` is something else than a mask, or writing fails.
    """
    out = Path(out_dir)
    check_fits(ckpt.shape, die, ckpt.path)
    _check_slices(ckpt, die)
    index = json.loads(json.dumps(_index(ckpt, die)))  # as it will be read: tuples become lists
    if _is_etched(out, index):
        return out
    if out.exists() and not (out / INDEX).is_file():
        raise InputError("the mask would replace something else", str(out), "remove it or name another folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
            new = Path(scratch, "new")
            new.mkdir()
            made = images(ckpt, die)
            bar = tqdm(made.items(), desc="etching", unit="image", disable=None)  # on terminals only
            index["files"] = {name: _write(new / name, words()) for name, words in bar}
            (new / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
            if out.exists():
                os.replace(out, Path(scratch, "old"))
            os.replace(new, out)
    except OSError as error:
        raise InputError(f"cannot write the mask: {error.strerror}", str(out), "free or name another place") from None
    return out


def read_back(mask_dir: str | os.PathLike) -> dict[str, bytes]:
    """The tensors of a mask by name, from its images: GGUF blocks of matrices, little-endian binary32 of gains.

    ``mask.json`` tells only how to read (shape, die, tensor types). InputError where an image is missing or damaged, or
    holds a digit that no such tensor could have put there.
    """
    folder = Path(mask_dir)
    shape, die, kinds = _read_index(folder)
    found: dict[str, bytes] = {}

    def keep(name: str, q: np.ndarray, d: np.ndarray, m: np.ndarray) -> None:
        """Add a tensor; a tied head reads the embedding a second time, which must be the same."""
        kind = kinds[name]
        raw = Quantised(kind, q, d, m).to_bytes()
        if q.max() >= 1 << KINDS[kind].bits or (Quantised.from_bytes(kind, raw, *q.shape).m != m).any():
            raise _damaged(folder, f"the images of {name} hold values that {kind} has not")
        if found.setdefault(name, raw) != raw:
            raise _damaged(folder, f"head and embedding hold different images of {name}")

    def read(name: str, *size: int) -> np.ndarray:
        return read_image(folder / name, size)

    groups = shape.d_model // GROUP
    cells = read(_file("embed", 0, ".w"), shape.vocab, die.embed_slices, shape.d_model // 8)
    scales = _halves(read(_file("embed", 0, ".s"), shape.vocab, groups))
    keep(EMBEDDING, _embedding_codes(cells, die.cell_bits), *scales)
    for array, layer in _arrays(shape):
        rows, columns = shape.matrix_size(array, die.lanes)
        names, outs = _parts(array, layer, kinds), _outs(array, shape)
        q = _matrix_codes(read(_file(array, layer, ".w"), die.slices[array], rows, columns // 8), die.cell_bits)
        d, m = _halves(read(_file(array, layer, ".s"), rows // GROUP, columns).T)
        if any(values[sum(outs) :].any() for values in (q, d, m)):
            raise _damaged(folder, f"the padding of {_file(array, layer, '.*')} is not zero")
        for name, *tensor in zip(names, *(_split(array, values, outs, die.lanes) for values in (q, d, m)), strict=True):
            keep(name, *tensor)
    for file, name in _norms(shape).items():
        found[name] = read(file, shape.d_model).tobytes()
    return found


# ---- what a mask consists of


def _file(name: str, layer: int, ending: str = "") -> str:
    return f"{name}_{layer:03d}{ending}.hex"


def _arrays(shape: Shape) -> list[tuple[str, int]]:
    """(name, layer) of every cell array."""
    return [(name, layer) for layer in range(shape.layers) for name in PARTS] + [("head", 0)]


def _parts(array: str, layer: int, tensors: Iterable[str]) -> list[str]:
    """The tensors in an array's columns, in the order of Checkpoint.matrix."""
    if array == "head":
        return [HEAD if HEAD in tensors else EMBEDDING]
    return [f"blk.{layer}.{part}.weight" for part in PARTS[array]]


def _outs(array: str, shape: Shape) -> list[int]:
    """Columns of each of an array's tensors."""
    return [shape.vocab] if array == "head" else [getattr(shape, PARTS_OUT[part]) for part in PARTS[array]]


def _norms(shape: Shape) -> dict[str, str]:
    """The norms' images and the gains they hold."""
    layers = range(shape.layers)
    norms = {_file(norm, i): f"blk.{i}.{norm}.weight" for norm in ("attn_norm", "ffn_norm") for i in layers}
    return norms | {_file("final_norm", 0): FINAL_NORM}


def images(ckpt: Checkpoint, die: Die) -> dict[str, Callable[[], np.ndarray]]:
    """Name and words of every image; the words are made when they are asked for, one image at a time."""
    made = {}
    for array, layer in _arrays(ckpt.shape):
        made[_file(array, layer, ".w")] = partial(_matrix_cells, ckpt, die, array, layer)
        made[_file(array, layer, ".s")] = partial(_matrix_scales, ckpt, die, array, layer)
    made[_file("embed", 0, ".w")] = partial(_embedding_cells, ckpt.tensors[EMBEDDING], die)
    made[_file("embed", 0, ".s")] = partial(_words, ckpt.tensors[EMBEDDING])
    for file, name in _norms(ckpt.shape).items():
        made[file] = partial(ckpt.gains[name].view, "<u4")
    made[_file("rope", 0)] = partial(_angles, ckpt.shape, die.kv_depth)
    return made


def _slices(tensors: Iterable[Quantised], cell_bits: int) -> int:
    return max(-(-tensor.bits // cell_bits) for tensor in tensors)


def _narrowest(ckpt: Checkpoint, cell_bits: int) -> Die:
    """A die with no slice too many."""
    slices = dict.fromkeys(MATRICES, 1)
    for array, layer in _arrays(ckpt.shape):
        slices[array] = max(slices[array], _slices(ckpt.matrix(array, layer), cell_bits))
    return Die(cell_bits=cell_bits, slices=slices, embed_slices=_slices([ckpt.tensors[EMBEDDING]], cell_bits))


def _check_slices(ckpt: Checkpoint, die: Die) -> None:
    need = _narrowest(ckpt, die.cell_bits)
    wants = need.slices | {"embed": need.embed_slices}
    has = die.slices | {"embed": die.embed_slices}
    for array, slices in wants.items():
        if has.get(array, 0) < slices:
            what = f"the weights of {array} need {slices} slices, the die has {has.get(array, 0)}"
            raise InputError(what, ckpt.path, "take the die of die_for")


def _index(ckpt: Checkpoint, die: Die) -> dict:
    """What identifies a mask; the files' sizes and hashes join it when they are written."""
    return {
        "format": FORMAT,
        "checkpoint": ckpt.sha256,
        "shape": dataclasses.asdict(ckpt.shape),
        "die": dataclasses.asdict(die),
        "tensors": {name: tensor.kind for name, tensor in ckpt.tensors.items()},
    }


def _is_etched(folder: Path, index: dict) -> bool:
    """Whether ``folder`` holds the mask of ``index``, every file in its full size."""
    try:
        found = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        files = found.pop("files")
        return found == index and all((folder / name).stat().st_size == file["bytes"] for name, file in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _read_index(folder: Path) -> tuple[Shape, Die, dict[str, str]]:
    """Shape, die and the tensors' types."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if index["format"] != FORMAT:
            raise InputError(f"the mask has format {index['format']}, not {FORMAT}", str(folder), "etch it anew")
        factors = tuple(index["shape"].pop("rope_factors"))
        return Shape(**index["shape"], rope_factors=factors), Die(**index["die"]), index["tensors"]
    except OSError as error:
        raise InputError(f"no mask here: {error.strerror}", str(folder / INDEX), "etch one") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(folder, f"{INDEX} is corrupt") from None


def _damaged(folder: Path, what: str) -> InputError:
    return InputError(f"the mask is damaged: {what}", str(folder), "remove the folder and etch it anew")


# ---- tensors to columns of cells, and back


def _join(array: str, parts: list[np.ndarray], columns: int, lanes: int) -> np.ndarray:
    """Values of an array's tensors, [out, n] each, in column order: [columns, n], padded with zeros."""
    if array == "gateup":  # a beat of gate, a beat of up, in turn
        parts = [np.stack([part.reshape(-1, lanes, part.shape[1]) for part in parts], axis=1)]
    values = np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts])
    return np.pad(values, ((0, columns - len(values)), (0, 0)))


def _split(array: str, values: np.ndarray, outs: list[int], lanes: int) -> list[np.ndarray]:
    """The tensors' values again: the inverse of _join."""
    if array == "gateup":
        beats = values.reshape(-1, 2, lanes, values.shape[1])
        return [np.ascontiguousarray(beats[:, part]).reshape(-1, values.shape[1]) for part in (0, 1)]
    return np.split(values[: sum(outs)], np.cumsum(outs)[:-1])


def _matrix_cells(ckpt: Checkpoint, die: Die, array: str, layer: int) -> np.ndarray:
    """Words [slice, row, N/8]; digit k of word c is the cell of column k*N/8 + c."""
    rows, columns = ckpt.shape.matrix_size(array, die.lanes)
    q = _join(array, [part.q for part in ckpt.matrix(array, layer)], columns, die.lanes)
    q = q.reshape(4, 2, columns // 8, rows)  # byte of a word, digit of the byte, word, row
    out = np.empty((die.slices[array], rows, columns // 8, 4), dtype=np.uint8)
    for piece in range(len(out)):
        out[piece] = _pair(q[:, 0], q[:, 1], piece, die.cell_bits).transpose(2, 1, 0)
    return out.view("<u4")


def _matrix_codes(words: np.ndarray, cell_bits: int) -> np.ndarray:
    """Codes [N, K] of words [slice, K, N/8]: the inverse of _matrix_cells."""
    pieces, rows, width = words.shape
    digits = words.view(np.uint8).reshape(pieces, rows, width, 4).transpose(0, 3, 2, 1)
    q = np.zeros((4, 2, width, rows), dtype=np.uint8)
    for piece, pair in enumerate(digits):
        q[:, 0] |= (pair & 15) << cell_bits * piece
        q[:, 1] |= (pair >> 4) << cell_bits * piece
    return q.reshape(8 * width, rows)


def _embedding_cells(tensor: Quantised, die: Die) -> np.ndarray:
    """Words [token, slice, d_model/8]; digit k of word w is the cell of dimension 8w + k."""
    q = tensor.q.reshape(len(tensor.q), -1, 2)
    pieces = [_pair(q[..., 0], q[..., 1], piece, die.cell_bits) for piece in range(die.embed_slices)]
    return np.stack(pieces, axis=1).view("<u4")


def _embedding_codes(words: np.ndarray, cell_bits: int) -> np.ndarray:
    """Codes [token, d_model] of words [token, slice, d_model/8]: the inverse of _embedding_cells."""
    tokens, pieces, width = words.shape
    q = np.zeros((tokens, 4 * width, 2), dtype=np.uint8)
    for piece in range(pieces):
        pair = np.ascontiguousarray(words[:, piece]).view(np.uint8)
        q[..., 0] |= (pair & 15) << cell_bits * piece
        q[..., 1] |= (pair >> 4) << cell_bits * piece
    return q.reshape(tokens, -1)


def _pair(low: np.ndarray, high: np.ndarray, piece: int, cell_bits: int) -> np.ndarray:
    """Slice ``piece`` (0: low cells) of two codes in a byte, a digit each."""
    places, ones = cell_bits * piece, (1 << cell_bits) - 1
    return (low >> places & ones) | (high >> places & ones) << 4


def _words(tensor: Quantised) -> np.ndarray:
    """Scales {m, d}, words [out, group]."""
    return tensor.m.astype("<u4") << 16 | tensor.d


def _halves(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(d, m) of words {m, d}."""
    return (words & 0xFFFF).astype("<u2"), (words >> 16).astype("<u2")


def _matrix_scales(ckpt: Checkpoint, die: Die, array: str, layer: int) -> np.ndarray:
    """Words [block, column]."""
    parts = [_words(part) for part in ckpt.matrix(array, layer)]
    return _join(array, parts, ckpt.shape.matrix_size(array, die.lanes)[1], die.lanes).T


def _angles(shape: Shape, depth: int) -> np.ndarray:
    """Words {sin, cos} [position, pair]."""
    cos, sin = rope.table(shape, depth)
    return ((sin & 0xFFFF) << 16 | (cos & 0xFFFF)).astype("<u4")


# ---- images


def _write(path: Path, words: np.ndarray) -> dict:
    """Write 32-bit words as hex lines; returns what mask.json says of the file."""
    words = np.ascontiguousarray(words).reshape(-1)
    lines = np.empty(len(words), dtype=LINE)
    lines["high"], lines["low"], lines["end"] = HEX[words >> 16], HEX[words & 0xFFFF], ord("\n")
    lines.tofile(path)
    return {"bytes": lines.nbytes, "sha256": hashlib.sha256(lines.view(np.uint8)).hexdigest()}


def read_image(path: Path, size: tuple[int, ...]) -> np.ndarray:
    """The words of an image, which must be of this size."""
    try:
        text = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise _damaged(path.parent, f"{path.name}: {error.strerror}") from None
    count = int(np.prod(size))
    if len(text) != count * LINE.itemsize:
        raise _damaged(path.parent, f"{path.name} does not hold {count} words")
    text = text.reshape(count, LINE.itemsize)
    digits = DIGIT[text[:, :8]]
    if digits.max() > 15 or (text[:, 8] != ord("\n")).any():
        raise _damaged(path.parent, f"{path.name} is not lines of eight hex digits")
    return (digits[:, 0::2] << 4 | digits[:, 1::2]).view(">u4").astype("<u4").reshape(size)
