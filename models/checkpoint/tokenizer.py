# SPDX-License-Identifier: Apache-2.0
"""The tokenizer and chat template that a GGUF checkpoint carries, built with ``tokenizers`` and ``jinja2``.

The pre-tokenizer expressions are those that llama.cpp's ``llama-vocab.cpp`` gives for ``tokenizer.ggml.pre``; chat
templates are rendered as the ``transformers`` library does.
"""

import codecs
import datetime
from collections.abc import Iterable

import jinja2
import jinja2.sandbox
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from models.checkpoint.checkpoint import Checkpoint
from models.errors import InputError

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PRE_TOKENIZERS = {  # tokenizer.ggml.pre -> expressions that cut the text, one after the other
    "default": (r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"),
    "gpt-2": (GPT2,),
    "smollm": (r"\p{N}", GPT2),
    "llama-bpe": (LLAMA3,),
}
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6  # tokenizer.ggml.token_type
STOP_KEYS = ("eos_token_id", "eot_token_id", "eom_token_id")
STOP_TEXTS = ("<|endoftext|>", "<|end_of_text|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>")  # as llama.cpp stops on
ANSWER = "\ue000"  # stands for an answer in a template: a character that no text has
SPACE = "\u2581"  # a space in the pieces of SentencePiece


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
        self._kinds = self._value("token_type", list, [NORMAL] * len(self._texts))
        if len(self._kinds) != len(self._texts):
            raise self._error(f"{len(self._texts)} tokens have {len(self._kinds)} types")
        family, pre = self._value("model", str), self._value("pre", str, "default")
        if family not in ("gpt2", "llama"):
            raise self._error(f"tokenizer model {family!r} is not supported")
        if family == "gpt2" and pre not in PRE_TOKENIZERS:
            raise self._error(f"pre-tokenizer {pre!r} is not supported")
        self.bos = self._special("bos_token_id")
        wants_bos = family == "llama" or pre == "llama-bpe"  # llama.cpp's defaults
        self.add_bos = self.bos is not None and self._value("add_bos_token", bool, wants_bos)
        self.template = metadata.get("tokenizer.chat_template")
        controls = {token for token, kind in enumerate(self._kinds) if kind == CONTROL}
        self.stop_ids = {self._special(key) for key in STOP_KEYS} - {None}
        self.stop_ids |= {token for token in controls if self._texts[token] in STOP_TEXTS}
        self._leading_space = family == "llama" and self._value("add_space_prefix", bool, True)
        try:
            self._coder = self._byte_level(pre) if family == "gpt2" else self._sentencepiece()
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
        return self.encode(self._rendered(messages, add_generation_prompt))

    def turn(self, question: str) -> list[int]:
        """Token ids of a further question to a conversation that the model holds up to its last answer's text.

        They begin with the token that ends an answer, where the template has one. InputError as ``chat``.
        """
        if self.template is None:
            return self.encode(f"\n{question}", special=False)
        turns = [("user", "?"), ("assistant", ANSWER), ("user", question)]
        text = self._rendered([{"role": role, "content": content} for role, content in turns], True)
        return self.encode(text.split(ANSWER, 1)[-1])

    def _rendered(self, messages: list[dict], add_generation_prompt: bool) -> str:
        """The template's text."""
        env = jinja2.sandbox.ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        env.globals["raise_exception"] = self._refuse
        env.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
        names = {f"{name}_token": self._special(f"{name}_token_id") for name in ("bos", "eos", "unk", "pad")}
        texts = {name: "" if token is None else self._texts[token] for name, token in names.items()}
        try:
            text = env.from_string(self.template).render(
                messages=messages, add_generation_prompt=add_generation_prompt, **texts
            )
        except Exception as error:  # a template is a program: it may fail in any way
            raise self._error(
                f"the chat template fails: {_one_line(error)}", "use other messages or another checkpoint"
            ) from None
        return text

    def _byte_level(self, pre: str) -> tokenizers.Tokenizer:
        """Byte-level BPE, as GPT-2 introduced it."""
        merges = [tuple(str(merge).split(" ")) for merge in self._value("merges", list)]
        if any(len(pair) != 2 for pair in merges):
            raise self._error("the tokenizer is inconsistent: a merge is no pair")
        vocab = {text: token for token, text in enumerate(self._texts)}
        coder = tokenizers.Tokenizer(models.BPE(vocab, merges, ignore_merges=pre == "llama-bpe"))
        cuts = [pre_tokenizers.Split(tokenizers.Regex(cut), "isolated") for cut in PRE_TOKENIZERS[pre]]
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
        if token is not None and not (isinstance(token, int) and 0 <= token < len(self._texts)):
            raise self._error(f"metadata tokenizer.ggml.{key} is no token: {token}")
        return token

    def _refuse(self, message: str) -> None:
        raise jinja2.TemplateError(message)

    def _error(self, what: str, hint: str = "use a checkpoint with a byte-level BPE or SentencePiece tokenizer"):
        return InputError(what, self._path, hint)
