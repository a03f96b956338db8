# SPDX-License-Identifier: Apache-2.0
"""What a user has from a public hub, whole: a folder of transformers and one of PEFT answer from RTL."""

import numpy as np
import pytest

from models.adapter import rank_for
from models.checkpoint import checkpoint
from models.tests import test_folder, test_peft
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation

# A width that no group of 32 divides, and one KV head of 16: both are padded.
NARROW = {"intermediate_size": 172, "num_key_value_heads": 1}


@pytest.mark.once
def test_folders(tmp_path, capfd):
    """An adapter of rank 16 with a value far beyond its others, which is said; bits and clocks."""
    config = test_folder.CONFIG | NARROW
    ckpt = checkpoint.load(test_folder.write(tmp_path / "model", test_folder.weights(config), config))
    tensors = test_peft.weights(ckpt.shape, np.random.default_rng(4), ["attn_q"], [0, 1], rank=16)
    outlier = next(values for name, values in tensors.items() if "lora_B" in name)
    outlier[3, 2] = 67 * outlier.std()
    path = test_peft.folder(tmp_path / "adapter", tensors, target_modules=["q_proj"], r=16)
    chip = BuiltChip.of(ckpt, kv_depth=8, rank=rank_for([path], ckpt.shape))
    assert chip.die.rank == 16
    how = {"test": "one_after_another", "bench": "cartridge", "adapters": [str(path)], "hold_cycles": True}
    report = chip.run([Conversation(0, [5, 6], 2, adapter=1)], [], simulator="verilator", poll=100, **how)
    assert (report["mismatches"], report["tokens_through_layers"]) == (0, 3)
    assert "adapter: single large values make 1 of 2 modules coarse" in capfd.readouterr().err
