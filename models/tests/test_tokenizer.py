# SPDX-License-Identifier: Apache-2.0
"""Tokens, text and chat templates, from the checkpoints' own metadata."""

import pytest

from models.checkpoint import fetch, tiny
from models.checkpoint.checkpoint import load
from models.checkpoint.tokenizer import STOPS, Tokenizer, byte_alphabet
from models.checkpoint.tokens import SPACE
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
    **dict.fromkeys(
        ("llama-bpe", "llama3", "llama-v3", "falcon3", "smaug-bpe", "dbrx"),
        ("a 1234 B'S!\n x", ["a", " ", "123", "4", " B", "'S", "!\n", " x"]),
    ),
    "qwen2": ("a 12 B'S!\n x", ["a", " ", "1", "2", " B", "'S", "!\n", " x"]),
    "tekken": ("aBcD 12 it's!/\n", ["a", "Bc", "D", " ", "1", "2", " it", "'s", "!/\n"]),
    "gpt-4o": ("aBcD 1234 it's!/\n", ["a", "Bc", "D", " ", "123", "4", " it's", "!/\n"]),
    "deepseek-llm": ("a b\n\nc1234 d!! ", ["a", " b", "\n", "\n", "c", "1234", " d", "!!", " "]),
    "deepseek-coder": ("a b\nc12 ,.", ["a", " b", "\n", "c", "1", "2", " ,."]),
    "deepseek-v3": ("a 1234 b!x", ["a", " ", "123", "4", " b", "!x"]),
    "falcon": ("a`b 1234", ["a", "`", "b", " ", "123", "4"]),
    "viking": ("ab, 12", ["ab", ",", " ", "1", "2"]),
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


def test_begin_of_text_stands_once_before_a_template():
    """Where the file asks for it: a template that writes it as well does not get two."""
    plain = "{% for m in messages %}[{{ m.content }}]{% endfor %}"
    for tokenizer in (byte_level("llama-bpe"), sentencepiece(), byte_level("gpt-2")):
        tokenizer.template = plain
        body = tokenizer.encode("[What is the capital of France?]")
        assert tokenizer.chat(USER) == [tokenizer.bos] * tokenizer.add_bos + body
        tokenizer.template = "{{ bos_token }}" + plain
        assert tokenizer.chat(USER) == [tokenizer.bos, *body]


@pytest.mark.parametrize("pre", ["llama-bpe", "llama3", "tekken", "falcon3"])
def test_vocabularies_that_begin_a_text_by_themselves(pre):
    assert byte_level(pre).add_bos and not byte_level("smaug-bpe").add_bos and not byte_level("qwen2").add_bos


@pytest.mark.parametrize("template", ["", " \n", ["{{ x }}"], 7, None])
def test_what_is_no_template(template):
    made = byte_level("gpt-2")
    made._metadata["tokenizer.chat_template"] = template
    tokenizer = Tokenizer(made._metadata, "made.gguf")
    assert tokenizer.template is None and tokenizer.decode(tokenizer.chat(USER)) == USER[0]["content"]


CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def chatml(kind: int | None, eos: str = "</s>") -> Tokenizer:
    """A vocabulary to which ChatML's tokens were added, of a type or in a file without types."""
    texts = [*byte_alphabet(), "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    types = {} if kind is None else {"token_type": [1] * 256 + [3, 3, kind, kind]}
    table = {"model": "gpt2", "pre": "gpt-2", "tokens": texts, "merges": [], "bos_token_id": 256} | types
    keys = {f"tokenizer.ggml.{key}": value for key, value in table.items()}
    return Tokenizer(
        keys | {"tokenizer.ggml.eos_token_id": texts.index(eos)} | {"tokenizer.chat_template": CHATML}, "m"
    )


@pytest.mark.parametrize("kind", [1, 3, 4, None])
def test_answers_end_at_tokens_known_by_their_text(kind):
    tokenizer = chatml(kind)
    assert tokenizer.stop_ids == {257, 259}
    assert tokenizer.decode([65, 259]) == tokenizer.decode([65])  # and it is not shown
    assert tokenizer.encode("<|im_end|>") == [259]


def test_no_more_tokens_end_an_answer_than_a_die_knows():
    texts = [*byte_alphabet(), "<EOT>", "<|end|>", "<|endoftext|>", "<|eot_id|>", "<|im_end|>", "</s>"]
    tokenizer = byte_level("gpt-2", tokens=texts, token_type=[1] * 262, bos_token_id=None, eos_token_id=261)
    assert tokenizer.stop_ids == {261, 260, 259, 258} and len(tokenizer.stop_ids) == STOPS


def test_special_tokens_that_a_user_types_are_those_tokens():
    """As in llama.cpp and transformers, which encode the rendered text: docs/models.md says so."""
    tokenizer = chatml(4)
    ids = tokenizer.chat([{"role": "user", "content": "a<|im_end|>b"}])
    assert ids.count(259) == 2 and ids[-1] == tokenizer.encode("\n")[0]
    tokenizer.template = None
    assert 259 not in tokenizer.chat([{"role": "user", "content": "a<|im_end|>b"}])


LLAMA2 = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + ' ' + eos_token }}{% endif %}{% endfor %}"
)
BARE = "{% for m in messages %}{{ m.content + '\n\n' }}{% endfor %}"


@pytest.mark.parametrize("source", [CHATML, LLAMA2, BARE, None])
@pytest.mark.parametrize("make", [lambda: chatml(4), sentencepiece, lambda: byte_level("llama-bpe")])
def test_a_second_turn_is_that_of_the_whole_conversation(source, make):
    tokenizer = make()
    tokenizer.template = source
    turns = [("user", "the cat"), ("assistant", "a the"), ("user", "the t")]
    messages = [{"role": role, "content": content} for role, content in turns]
    whole, turn = tokenizer.chat(messages), tokenizer.turn("the t")
    begin = tokenizer.chat(messages[:1])
    assert whole[: len(begin)] == begin and whole[-len(turn) :] == turn
    held = tokenizer.decode(whole[: -len(turn)], skip_special=False)
    assert held.endswith("a the")


def test_templates_may_mark_what_an_assistant_says():
    plain = "{% for m in messages %}{% set x = m.content %}{{ x }};{% endfor %}{{ [1, 'a<b'] | tojson }}{{ tools }}"
    marked = plain.replace("{{ x }}", "{% generation %}{{ x }}{%- endgeneration %}")
    tokenizer = byte_level("gpt-2")
    for tokenizer.template in (plain, marked):
        text = tokenizer.decode(tokenizer.chat(USER))
        assert text == 'What is the capital of France?;[1, "a<b"]None'


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
        ({"pre": "bloom"}, "pre-tokenizer 'bloom' is not supported .* one of default, gpt-2"),
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
