# SPDX-License-Identifier: Apache-2.0
"""Runs the rms_norm bench on random gains."""

import os

import numpy as np
import pytest

from models.die.shape import LANES, norm_constants
from models.mask.image import Kind
from tb.rig import masks
from tb.rig.cases import on_each
from tb.rig.record import RunError
from tb.rig.runner import default_seed, run, simulators
from tb.rms_norm.rms_norm_shape import shape_of

INSTANCE = 3
WIDE = (512, 1e-5, 32)  # more beats than the stages behind them hold: they have to wait
SHAPES = [(64, 1e-5, 32), (96, 1e-6, 32), (32, 1e-3, 32), (288, 1e-5, 96), WIDE]  # values, epsilon, lanes


def gains(n):
    """binary32 words: ones, any below 256, the largest, zero, a subnormal, the smallest, both signs."""
    rng = np.random.default_rng(default_seed())
    words = rng.integers(0, 135 << 23, n) | rng.integers(0, 2, n) << 31
    words[: n // 2] = (1 + rng.normal(size=n // 2) / 4).astype(np.float32).view(np.uint32)
    words[-6:] = [0, 1, 1 << 23, (135 << 23) - 1, 1 << 31, 134 << 23 | 1 << 31]
    return words


def bench(simulator, n, eps, mask, lanes=LANES):
    """The bench of a norm of ``n`` values, in beats of ``lanes``, on a mask."""
    neps, sqn, sqe = norm_constants(shape_of(n, eps))
    run(
        "rms_norm",
        "tb.rms_norm.rms_norm_tests",
        simulator=simulator,
        parameters={"N": n, "NEPS": f"40'd{neps}", "SQN": f"16'd{sqn}", "SQE": sqe, "NAME": "ffn_norm"},
        plusargs=(f"+mask={mask}",),
        build_args=(f"-DLANES={lanes}",),
        env={"INSTANCE": str(INSTANCE), "EPS": str(eps)},
    )


@pytest.mark.parametrize(("shape", "simulator"), on_each(SHAPES, slow=((288, 1e-5, 96), WIDE)))
def test_rms_norm(simulator, shape, tmp_path):
    n, eps, lanes = shape
    words = gains(n)
    masks.write(tmp_path, "ffn_norm", INSTANCE, Kind.TABLE, words)
    np.save(tmp_path / "gains.npy", words)
    bench(simulator, n, eps, tmp_path, lanes)


@pytest.mark.once
@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("size", "says"), [(None, "no"), (0, "short"), (255, "short"), (257, "long")])
def test_an_image_of_another_size_is_refused(simulator, size, says, tmp_path, capfd):
    """By the RTL itself, as it reads any image (hdl/mask_load.svh): it takes neither less nor more than its memory."""
    words = gains(64)
    masks.write(tmp_path, "ffn_norm", INSTANCE, Kind.TABLE, words)
    np.save(tmp_path / "gains.npy", words)
    image = tmp_path / "ffn_norm_003.bin"
    if size is None:
        image.unlink()
    else:
        os.truncate(image, size)
    with pytest.raises(RunError):
        bench(simulator, 64, 1e-5, tmp_path)
    assert f"{says} mask image {image}" in "".join(capfd.readouterr())
