# SPDX-License-Identifier: Apache-2.0
"""The tokenizer and chat template that a GGUF checkpoint carries, built with ``tokenizers`` and ``jinja2``.

Ids are those of llama.cpp, BOS and the tokens that end an answer among them. A folder's ``tokenizer.json`` is taken as
it is (models.checkpoint.folder).
"""

import codecs
from collections.abc import Iterable

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from models.checkpoint import template
from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.pre_tokenizers import PRE_TOKENIZERS
from models.checkpoint.tokens import BYTE, CONTROL, NORMAL, ORIGINAL, SPACE, STOP_KEYS, UNKNOWN, USER_DEFINED
from models.errors import InputError

FAMILIES = ("gpt2 (byte-level BPE)", "llama (SentencePiece)")  # tokenizer.ggml.model
SPECIALS = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}  # name in templates -> in the metadata
STOP_TEXTS = (  # of tokens that end an answer whatever their type says, as in llama.cpp; likelier ones first
    *("<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "<|eom_id|>", "<|end|>", "<end_of_turn>"),
    *("<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|return|>", "<|call|>", "<end_of_utterance>"),
)
STOPS = 4  # tokens that may end an answer: hdl/cartridge_pkg.sv, STOP_TOKENS
ANSWER = "\ue000"  # stands for an answer in a template: a character that no text has


def byte_alphabet() -> list[str]:
    """The character that stands for each byte in a byte-level vocabulary (GPT-2's ``bytes_to_unicode``)."""
    shown = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = (chr(code) for code in range(0x100, 0x200))
    return [chr(byte) if byte in shown else next(hidden) for byte in range(256)]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


class TextStream:
    """Text of tokens as they come; the bytes of an incomplete character wait for the rest of it."""

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The text that this token completes; special tokens have none."""
        return self._decoder.decode(self._tokenizer.token_bytes(token))

    def close(self) -> str:
        """What is left: a replacement character if the last one stayed incomplete."""
        return self._decoder.decode(b"", final=True)


class Tokenizer:
    """Text to token ids and back. Build it with ``from_checkpoint``.

    ``bos`` is the id of the beginning-of-text token, or None; ``add_bos`` says whether the model wants it before a
    plain text; ``stop_ids`` are the tokens that end an answer; ``template`` is the chat template's source, or None.
    """

    def __init__(self, metadata: dict, path: str) -> None:
        """Build from the ``tokenizer.*`` metadata of the GGUF file ``path``. InputError as ``from_checkpoint``."""
        self._path, self._metadata = path, metadata
        self._texts = self._value("tokens", list)
        if not all(isinstance(text, str) for text in self._texts):
            raise self._error("metadata tokenizer.ggml.tokens holds what is no text")
        untyped = "tokenizer.ggml.token_type" not in metadata
        self._kinds = list(self._value("token_type", list, [NORMAL] * len(self._texts)))
        if len(self._kinds) != len(self._texts):
            raise self._error(f"{len(self._texts)} tokens have {len(self._kinds)} types")
        family, pre = self._value("model", str), self._value("pre", str, "default")
        if family not in ("gpt2", "llama"):
            raise self._error(f"tokenizer model {family!r} is not supported", f"use one of {', '.join(FAMILIES)}")
        if family == "gpt2" and pre not in PRE_TOKENIZERS:
            hint = f"use a checkpoint with one of {', '.join(PRE_TOKENIZERS)}"
            raise self._error(f"pre-tokenizer {pre!r} is not supported", hint)
        self.bos = self._special("bos_token_id")
        wants_bos = family == "llama" or PRE_TOKENIZERS[pre].bos  # llama.cpp's defaults
        self.add_bos = self._value("add_bos_token", bool, wants_bos) and self.bos is not None
        self.template = self._template()
        self.stop_ids = self._stops(untyped)
        self._leading_space = family == "llama" and self._value("add_space_prefix", bool, True)
        try:
            self._coder = self._library() or (self._byte_level(pre) if family == "gpt2" else self._sentencepiece())
        except InputError:
            raise
        except Exception as error:  # the library raises bare Exceptions
            raise self._error(f"the tokenizer is inconsistent: {_one_line(error)}") from None
        for token, kind in enumerate(self._kinds):
            if kind in (CONTROL, USER_DEFINED):
                added = tokenizers.AddedToken(self._texts[token], special=kind == CONTROL, normalized=False)
                (self._coder.add_special_tokens if kind == CONTROL else self._coder.add_tokens)([added])
        self._bytes = self._byte_table(family)
        known = {text for text, kind in zip(self._texts, self._kinds, strict=True) if kind == NORMAL}
        absent = [byte for byte, char in enumerate(byte_alphabet()) if char not in known]
        self._absent = frozenset(absent if family == "gpt2" else ())

    @classmethod
    def from_checkpoint(cls, ckpt: Checkpoint) -> "Tokenizer":
        """The checkpoint's own tokenizer. InputError if it has none, or one that is broken or not supported."""
        return cls(ckpt.metadata, ckpt.path)

    def encode(self, text: str, special: bool = True) -> list[int]:
        """Token ids of a text, as it stands (no token is put before it).

        ``special``: control tokens written in the text become those tokens; without it they are plain text.
        InputError if the text is not Unicode or has bytes that the vocabulary lacks.
        """
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"the text is not Unicode: {error.reason}", "prompt", "write it in UTF-8") from None
        self._coder.encode_special_tokens = not special
        ids = self._coder.encode(text, add_special_tokens=False).ids
        lossy = not self._absent.isdisjoint(data)  # the library drops what it cannot encode
        if lossy and self.decode(ids, skip_special=False) != text:
            byte = next(byte for byte in data if byte in self._absent)
            raise InputError(f"the vocabulary has no token for byte 0x{byte:02x}", "prompt", "leave that character out")
        return ids

    def decode(self, ids: Iterable[int], skip_special: bool = True) -> str:
        """Text of token ids; bytes that are not UTF-8 become U+FFFD. ``skip_special``: control tokens have no text."""
        text = b"".join(self.token_bytes(token, skip_special) for token in ids).decode("utf-8", "replace")
        return text.removeprefix(" ") if self._leading_space else text

    def token_bytes(self, token: int, skip_special: bool = True) -> bytes:
        """The bytes that one token stands for."""
        return b"" if skip_special and self._kinds[token] in (UNKNOWN, CONTROL) else self._bytes[token]

    def stream(self) -> TextStream:
        """A decoder that takes an answer token by token."""
        return TextStream(self)

    def chat(self, messages: list[dict], add_generation_prompt: bool = True) -> list[int]:
        """Token ids of a conversation (dicts of ``role`` and ``content``) in the checkpoint's chat template.

        Without a template: the contents as plain text, after ``bos`` where the model wants one. InputError if the
        template is broken or refuses the messages.
        """
        if self.template is None:
            return [self.bos] * self.add_bos + self.encode("\n".join(m["content"] for m in messages), special=False)
        text = self._rendered(messages, add_generation_prompt)
        if self.add_bos:  # what the template writes of it counts, and llama.cpp takes it for the one that is due
            return [self.bos, *self.encode(text.removeprefix(self._texts[self.bos]))]
        return self.encode(text)

    def turn(self, question: str) -> list[int]:
        """Token ids of a further question to a conversation that the model holds up to its last answer's text.

        They are those which the whole conversation has there, after an answer that ends in a letter, and begin with the
        token that ends an answer, where the template has one. InputError as ``chat``.
        """
        if self.template is None:
            return self._continued(f"\n{question}", special=False)
        turns = [("user", "?"), ("assistant", ANSWER), ("user", question)]
        text = self._rendered([{"role": role, "content": content} for role, content in turns], True)
        return self._continued(text.split(ANSWER, 1)[-1], special=True)

    def _continued(self, text: str, special: bool) -> list[int]:
        """Token ids of a text behind a letter, of which none takes part in them."""
        start, whole = self.encode("x", special), self.encode(f"x{text}", special)
        return whole[len(start) :] if whole[: len(start)] == start else self.encode(text, special)

    def _template(self) -> str | None:
        """The chat template's source, if there is one: files have empty ones, and lists."""
        found = self._metadata.get("tokenizer.chat_template")
        return found if isinstance(found, str) and found.strip() else None

    def _stops(self, untyped: bool) -> set[int]:
        """The tokens that end an answer, as many as a die knows. They become control tokens: an answer shows none.

        So do, in a file without types, those which the metadata names.
        """
        named = [self._special(key) for key in STOP_KEYS]
        ids = {text: token for token, text in enumerate(self._texts)}
        known = [ids[text] for text in STOP_TEXTS if text in ids]
        for token in (*known, *((*named, self.bos) if untyped else ())):
            if token is not None:
                self._kinds[token] = CONTROL
        return set([token for token in dict.fromkeys([*named, *known]) if token is not None][:STOPS])

    def _rendered(self, messages: list[dict], add_generation_prompt: bool) -> str:
        """The template's text."""
        names = {f"{name}_token": self._special(f"{key}_token_id") for name, key in SPECIALS.items()}
        texts = {name: "" if token is None else self._texts[token] for name, token in names.items()}
        try:
            return template.render(self.template, messages, add_generation_prompt, texts)
        except Exception as error:
            what = f"the chat template fails: {_one_line(error)}"
            raise self._error(what, "use other messages or another checkpoint") from None

    def _library(self) -> tokenizers.Tokenizer | None:
        """The tokenizer as the library itself wrote it, where the checkpoint has that."""
        source = self._metadata.get(ORIGINAL)
        return None if source is None else tokenizers.Tokenizer.from_str(source)

    def _byte_level(self, pre: str) -> tokenizers.Tokenizer:
        """Byte-level BPE, as GPT-2 introduced it."""
        merges = [tuple(str(merge).split(" ")) for merge in self._value("merges", list)]
        if any(len(pair) != 2 for pair in merges):
            raise self._error("the tokenizer is inconsistent: a merge is no pair")
        vocab = {text: token for token, text in enumerate(self._texts)}
        coder = tokenizers.Tokenizer(models.BPE(vocab, merges, ignore_merges=PRE_TOKENIZERS[pre].whole))
        cuts = [pre_tokenizers.Split(tokenizers.Regex(cut), "isolated") for cut in PRE_TOKENIZERS[pre].cuts]
        to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        coder.pre_tokenizer = pre_tokenizers.Sequence([*cuts, to_bytes])
        return coder

    def _sentencepiece(self) -> tokenizers.Tokenizer:
        """BPE of SentencePiece: the pair whose piece has the best score merges first."""
        scores = self._value("scores", list)
        vocab = {text: token for token, text in enumerate(self._texts)}
        pieces = [token for token, kind in enumerate(self._kinds) if kind == NORMAL]
        normal = {self._texts[token] for token in pieces}
        merges = [
            (text[:cut], text[cut:])
            for text in (self._texts[token] for token in sorted(pieces, key=lambda token: -scores[token]))
            for cut in range(1, len(text))
            if text[:cut] in normal and text[cut:] in normal
        ]
        unknown = self._special("unknown_token_id")
        unk = None if unknown is None else self._texts[unknown]
        coder = tokenizers.Tokenizer(models.BPE(vocab, merges, unk_token=unk, fuse_unk=True, byte_fallback=True))
        prefix = [normalizers.Prepend(SPACE)] if self._leading_space else []
        coder.normalizer = normalizers.Sequence([*prefix, normalizers.Replace(" ", SPACE)])
        return coder

    def _byte_table(self, family: str) -> list[bytes]:
        """What every token decodes to."""
        byte_of = {char: byte for byte, char in enumerate(byte_alphabet())}

        def data(text: str, kind: int) -> bytes:
            if kind == BYTE:  # <0xNN>
                return bytes([int(text[3:5], 16)])
            if kind != NORMAL:
                return text.encode()
            if family == "llama":
                return text.replace(SPACE, " ").encode()
            return b"".join(bytes([byte_of[c]]) if c in byte_of else c.encode() for c in text)

        try:
            return [data(text, kind) for text, kind in zip(self._texts, self._kinds, strict=True)]
        except ValueError:
            raise self._error("a byte token is not written <0xNN>") from None

    def _value(self, key: str, kind: type, default=None):
        """``tokenizer.ggml.<key>``, of the type it must have."""
        found = self._metadata.get(f"tokenizer.ggml.{key}", default)
        if not isinstance(found, kind):
            raise self._error(f"metadata tokenizer.ggml.{key} is missing or no {kind.__name__}")
        return found

    def _special(self, key: str) -> int | None:
        """A token id of the metadata, or None."""
        token = self._metadata.get(f"tokenizer.ggml.{key}")
        if token is not None and not (
            isinstance(token, int) and not isinstance(token, bool) and 0 <= token < len(self._texts)
        ):
            raise self._error(f"metadata tokenizer.ggml.{key} is no token: {token}")
        return token

    def _error(self, what: str, hint: str = "use a checkpoint with a byte-level BPE or SentencePiece tokenizer"):
        return InputError(what, self._path, hint)
