# SPDX-License-Identifier: Apache-2.0
"""Tokens, text and chat templates, from the checkpoints' own metadata."""

import pytest

from models.checkpoint import fetch, tiny
from models.checkpoint.checkpoint import load
from models.checkpoint.tokenizer import SPACE, Tokenizer, byte_alphabet
from models.errors import InputError

USER = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture(scope="module")
def smol() -> Tokenizer:
    return Tokenizer.from_checkpoint(load(fetch.smollm2()))


@pytest.fixture(scope="module")
def metadata(tmp_path_factory) -> dict:
    """Metadata of the tiny checkpoint."""
    return load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")).metadata


def byte_level(pre: str, merges: tuple[str, ...] = (), /, **keys) -> Tokenizer:
    """A byte-level tokenizer of all bytes and these merges (given in byte-level spelling)."""
    texts = [*byte_alphabet(), *(merge.replace(" ", "") for merge in merges), "<|begin|>"]
    kinds = [1] * (len(texts) - 1) + [3]
    table = {
        "model": "gpt2",
        "pre": pre,
        "tokens": texts,
        "token_type": kinds,
        "merges": list(merges),
        "bos_token_id": len(texts) - 1,
    }
    return Tokenizer({f"tokenizer.ggml.{key}": value for key, value in (table | keys).items()}, "made.gguf")


def sentencepiece(**keys) -> Tokenizer:
    """A SentencePiece vocabulary: control tokens, all bytes, and pieces with scores."""
    pieces = [SPACE + "the", "the", SPACE + "t", "he", SPACE, "t", "h", "e", "c", "a", "ca"]
    texts = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    table = {
        "model": "llama",
        "tokens": texts,
        "token_type": [2, 3, 3] + [6] * 256 + [1] * len(pieces),
        "scores": [0.0] * 259 + [-float(rank) for rank in range(len(pieces))],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "unknown_token_id": 0,
    }
    return Tokenizer({f"tokenizer.ggml.{key}": value for key, value in (table | keys).items()}, "made.gguf")


# Token ids of SmolLM2-135M-Instruct as llama.cpp gives them.
LLAMA_CPP = {
    "What is the capital of France?": [1780, 314, 260, 3575, 282, 4649, 47],
    "Hello   world\n\n  x = 12345;\t\ty": [
        19556,
        256,
        905,
        8866,
        1792,
        446,
        216,
        33,
        34,
        35,
        36,
        37,
        43,
        197,
        197,
        105,
    ],
    "it's we'll I'M DON'T": [269, 506, 392, 3060, 339, 23, 61, 422, 2154, 23, 68],
    "naïve café — “quotes” … 🙂": [3546, 46494, 37366, 1841, 619, 385, 2346, 573, 5548, 47526],
    "日本語 Ωμέγα": [23274, 115, 40993, 179, 120, 248, 5664, 119, 16674, 34075, 23098, 8998],
    "  leading and trailing  ": [216, 2899, 284, 35079, 256],
    "<|im_start|>user\nhi<|im_end|>\n": [1, 4093, 198, 6004, 2, 198],
    "a\r\nb\r\n\r\n c": [81, 201, 198, 82, 18682, 265],
    "1,234.56 ½ ٣٤ ²": [33, 28, 34, 35, 36, 30, 37, 38, 216, 16738, 216, 164, 113, 164, 114, 216, 19133],
    "foo_bar(baz)[0]{x}->y::z //#!%&": [
        15236,
        79,
        6299,
        24,
        45511,
        12993,
        32,
        36939,
        104,
        109,
        22690,
        105,
        9533,
        106,
        13241,
        15352,
        21,
        22,
    ],
    "   \n \n\t x": [333, 3805, 3354, 1792],
    "Zażółć gęślą jaźń": [
        74,
        81,
        144,
        137,
        7342,
        25954,
        27804,
        310,
        48137,
        27588,
        92,
        143,
        223,
        48868,
        144,
        135,
        41146,
    ],
    "": [],
}


@pytest.mark.parametrize("text", LLAMA_CPP)
def test_smollm2_ids_are_those_of_llama_cpp(smol, text):
    assert smol.encode(text) == LLAMA_CPP[text]
    assert smol.decode(LLAMA_CPP[text], skip_special=False) == text


def test_smollm2_chat(smol):
    ids = smol.chat(USER)
    assert smol.decode(ids, skip_special=False) == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert len(ids) == 37
    assert (smol.bos, smol.add_bos, smol.stop_ids) == (1, False, {0, 2})
    assert smol.decode(ids).startswith("system\nYou are")
    assert smol.chat(USER, add_generation_prompt=False) == ids[:-4]


def test_special_tokens_are_text_on_demand(smol):
    text = "<|im_start|>user"
    assert smol.encode(text) == [1, 4093]
    plain = smol.encode(text, special=False)
    assert 1 not in plain
    assert smol.decode(plain) == text
    assert smol.encode(text) == [1, 4093]  # the choice does not stick


def test_tiny_round_trip_and_chat(metadata):
    tokenizer = Tokenizer(metadata, "tiny.gguf")
    text = "What is 12 + 30?\n  Paris & {France} ~"
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) < len(text)  # merges are used
    chat = tokenizer.chat(USER)
    assert tokenizer.decode(chat, skip_special=False) == (
        "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert tokenizer.stop_ids == {0, 2}
    assert max(chat) < 150


CUTS = {  # text -> its pieces, by tokenizer.ggml.pre
    "smollm": ("a 123  b's\n", ["a", " ", "1", "2", "3", " ", " b", "'s", "\n"]),
    "gpt-2": ("a 123  b's\n", ["a", " 123", " ", " b", "'s", "\n"]),
    "default": ("a<= 1234", ["a", "<=", " ", "123", "4"]),
    "llama-bpe": ("a 1234 B'S!\n x", ["a", " ", "123", "4", " B", "'S", "!\n", " x"]),
}


@pytest.mark.parametrize("pre", CUTS)
def test_pre_tokenizers_cut_where_they_should(pre):
    text, pieces = CUTS[pre]
    spelt = ["".join(byte_alphabet()[byte] for byte in piece.encode()) for piece in pieces]
    whole = "".join(spelt)
    joins = [f"{whole[:n]} {whole[n]}" for n in range(1, len(whole))]  # would make one token of the whole text
    steps = [f"{piece[:n]} {piece[n]}" for piece in spelt for n in range(1, len(piece))]
    tokenizer = byte_level(pre, tuple(dict.fromkeys(steps + joins)))
    assert [tokenizer.decode([token]) for token in tokenizer.encode(text)] == pieces


def test_begin_of_text_follows_the_metadata():
    text = [{"role": "user", "content": "hi"}]
    for tokenizer, wanted in (
        (byte_level("gpt-2"), False),
        (byte_level("gpt-2", add_bos_token=True), True),
        (byte_level("llama-bpe"), True),
        (byte_level("llama-bpe", add_bos_token=False), False),
        (sentencepiece(), True),
    ):
        assert tokenizer.template is None
        assert tokenizer.add_bos is wanted
        assert tokenizer.chat(text) == [tokenizer.bos] * wanted + tokenizer.encode("hi")


def test_a_prompt_without_a_template_is_plain_text():
    tokenizer = byte_level("gpt-2")
    assert tokenizer.chat([{"role": "user", "content": "<|begin|>"}]) == tokenizer.encode("<|begin|>", special=False)
    both = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert tokenizer.decode(tokenizer.chat(both)) == "a\nb"


def test_streams_hold_back_incomplete_characters():
    tokenizer = byte_level("gpt-2")
    text = "é🙂 x"
    ids = tokenizer.encode(text)
    stream = tokenizer.stream()
    assert [stream.push(token) for token in ids] == ["", "é", "", "", "", "🙂", " ", "x"]
    assert stream.close() == ""
    assert [stream.push(token) for token in ids[2:5]] == [""] * 3
    assert stream.close() == "\ufffd"
    stream = tokenizer.stream()
    assert stream.push(ids[3]) + stream.push(ids[-1]) + stream.push(tokenizer.bos) == "\ufffdx"
    assert tokenizer.decode(ids[:-3]) == "é\ufffd"


def test_sentencepiece_merges_by_score_and_falls_back_to_bytes():
    tokenizer = sentencepiece()
    texts = [
        "<unk>",
        "<s>",
        "</s>",
        *range(256),
        SPACE + "the",
        "the",
        SPACE + "t",
        "he",
        SPACE,
        "t",
        "h",
        "e",
        "c",
        "a",
        "ca",
    ]
    name = {text: token for token, text in enumerate(texts)}
    assert tokenizer.encode("the cat") == [name[SPACE + "the"], name[SPACE], name["ca"], name["t"]]
    assert tokenizer.encode("é</s>") == [name[SPACE], name[0xC3], name[0xA9], name["</s>"]]
    for text in ("the cat", "é tea", " the"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    bare = sentencepiece(add_space_prefix=False)
    assert bare.encode("the") == [name["the"]]
    assert bare.decode(bare.encode(" the")) == " the"
    assert tokenizer.stop_ids == {2}


def test_stop_tokens_come_from_keys_and_names():
    assert byte_level("gpt-2").stop_ids == set()
    assert byte_level("gpt-2", eos_token_id=256, eot_token_id=5, eom_token_id=6).stop_ids == {256, 5, 6}


def test_templates_see_what_transformers_gives_them():
    source = """
    {%- for m in messages %}
        {% if m.role == 'stop' %}
            {% break %}
        {% endif %}
{{ bos_token }}{{ m.content | upper }}
    {% endfor %}
{{ strftime_now('%%') }}{{ eos_token }}{{ add_generation_prompt }}"""
    tokenizer = byte_level("gpt-2")
    tokenizer.template = source
    text = [{"role": "user", "content": "hi"}, {"role": "stop", "content": "no"}]
    assert tokenizer.decode(tokenizer.chat(text), skip_special=False) == "<|begin|>HI\n%True"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{% for m in messages %}", "chat template fails"),
        ("{{ raise_exception('two\nlines') }}", "two lines"),
        ("{{ messages[0].content + 1 }}", "chat template fails"),
        ("{{ messages.append(1) }}", "chat template fails"),
        ("{{ ''.__class__.__mro__ }}", "chat template fails"),
    ],
)
def test_templates_that_fail_are_bad_input(template, words):
    tokenizer = byte_level("gpt-2")
    tokenizer.template = template
    with pytest.raises(InputError, match=words):
        tokenizer.chat(USER)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"tokens": None}, "tokenizer.ggml.tokens is missing"),
        ({"model": None}, "tokenizer.ggml.model is missing"),
        ({"model": "bert"}, "tokenizer model 'bert' is not supported"),
        ({"pre": "qwen2"}, "pre-tokenizer 'qwen2' is not supported"),
        ({"merges": None}, "tokenizer.ggml.merges is missing"),
        ({"merges": ["zz yy"]}, "the tokenizer is inconsistent"),
        ({"merges": ["abc"]}, "a merge is no pair"),
        ({"token_type": [1, 1]}, "257 tokens have 2 types"),
        ({"bos_token_id": 257}, "bos_token_id is no token: 257"),
        ({"eos_token_id": -1}, "eos_token_id is no token: -1"),
    ],
)
def test_bad_metadata_is_refused(keys, words):
    with pytest.raises(InputError, match=words) as caught:
        byte_level("gpt-2", **keys)
    assert "made.gguf" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_sentencepiece_metadata_is_refused():
    with pytest.raises(InputError, match=r"tokenizer\.ggml\.scores is missing"):
        sentencepiece(scores=None)
    with pytest.raises(InputError, match="the tokenizer is inconsistent"):
        sentencepiece(scores=[0.0])
    with pytest.raises(InputError, match="a byte token is not written <0xNN>"):
        sentencepiece(token_type=[2, 3, 3] + [6] * 267)


def test_texts_that_cannot_be_encoded_are_refused(metadata):
    tokenizer = Tokenizer(metadata, "tiny.gguf")
    with pytest.raises(InputError, match="no token for byte 0xc3"):
        tokenizer.encode("café")
    with pytest.raises(InputError, match="not Unicode"):
        tokenizer.encode("\udcff")
