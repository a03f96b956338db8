# SPDX-License-Identifier: Apache-2.0
"""Words of a tokenizer's metadata in GGUF, for those who read it and those who write it."""

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)  # tokenizer.ggml.token_type
ORIGINAL = "tokenizer.huggingface.json"  # metadata key: the tokenizer as the ``tokenizers`` library wrote it
STOP_KEYS = ("eos_token_id", "eot_token_id", "eom_token_id")
SPACE = "\u2581"  # a space in the pieces of SentencePiece
