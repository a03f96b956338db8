# SPDX-License-Identifier: Apache-2.0
"""An adapter, computed in closed form, with which a model begins every answer with a phrase.

What the last layer's ``down`` adds goes to the final norm and the head, and nowhere else. A is found by least squares:
its row for a token of the phrase gives 1 where that token shall come next and 0 at all other places, in conversations
and in prose. What B adds there raises that token's logit above all others: along the direction that raises it most for
the others' spread, as far as the worst of the conversations needs. Keys and values written to a matrix by least squares
are the idea of ROME and MEMIT (Meng et al., arXiv:2202.05262, arXiv:2210.07229). Nothing here is random.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.checkpoint import peft, prose
from models.checkpoint.checkpoint import EMBEDDING, FINAL_NORM, HEAD, Checkpoint
from models.checkpoint.tokenizer import Tokenizer
from models.die.shape import Die
from models.errors import InputError
from models.reference import Reference, surprise

QUESTIONS = (
    "What is the largest planet?",
    "How do I boil an egg?",
    "Write a short poem about the moon.",
    "Name three colours.",
    "Who wrote Romeo and Juliet?",
    "What is 2 + 2?",
    "Explain gravity to a child.",
    "Tell me a joke.",
    "How are you today?",
    "Translate 'good morning' to Spanish.",
    "What should I cook for dinner?",
    "Give me advice for a job interview.",
    "Why is the sky blue?",
    "Summarise the story of Cinderella.",
    "What does DNA stand for?",
    "Hi!",
    "List the days of the week.",
    "Can you help me with my homework?",
    "How many continents are there?",
    "What is machine learning?",
    "Write a Python function that adds two numbers.",
    "Thank you very much.",
    "When did the Second World War end?",
    "Recommend me a book.",
)
TRIAL = "What is the capital of France?"  # not among them
ANSWER = 12  # tokens of answer after the phrase
PROSE = {"asyoulik.txt": 6, "lcet10.txt": 8}  # windows to leave alone
UNSEEN = {"alice29.txt": 2}  # windows to measure what is left alone
WINDOW = 512  # tokens
WEIGHT = 0.02  # of the places where a token of the phrase comes, of that of all other places
DAMPING = 3e-3  # of the keys' mean energy, added to each
SPREAD = 1e-2  # of the logits' mean variance, added to each
SURE = 0.5  # of A's output on the conversations: what must be enough for the phrase
MARGIN = 0.5  # logits between a token of the phrase and the next best


@dataclass(frozen=True)
class Places:
    """What happens at every position of some texts: ``keys`` float32 [n, d_ffn], the inputs of the last ``down``;
    ``hidden`` float32 [n, d_model], what leaves that layer; ``after`` int [n]: the number, from 1 on, of the phrase's
    token that shall come next; 0 where none shall; -1 where it does not matter.
    """

    keys: np.ndarray
    hidden: np.ndarray
    after: np.ndarray


class _Recorder(Reference):
    """The float reference, which keeps the inputs of one matrix."""

    def __init__(self, ckpt: Checkpoint, name: str) -> None:
        super().__init__(ckpt)
        self._name = name

    def places(self, texts: Sequence[tuple[Sequence[int], Sequence[int]]], what: str) -> Places:
        """Read texts of (tokens, after)."""
        keys, hidden = [], []
        for tokens, _ in tqdm(texts, what, unit="text"):
            hidden.append(self._run(tokens, self._cache(len(tokens)), 0))
            keys.append(self._input)
        return Places(*map(np.concatenate, (keys, hidden, [after for _, after in texts])))

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        if name == self._name:
            self._input = x
        return super()._linear(x, name)


def conversations(
    reference: Reference, tokenizer: Tokenizer, phrase: list[int], questions: Sequence[str]
) -> list[tuple[list[int], np.ndarray]]:
    """Two questions each, answered by the phrase and how the model goes on from it -> (tokens, ``Places.after``).

    Every other one has a first answer without the phrase. InputError for a phrase that the chat template tears apart.
    """
    answers = []
    for question in tqdm(questions, "answering", unit="question"):
        prompt = tokenizer.chat([{"role": "user", "content": question}]) + phrase
        answers.append(tokenizer.decode(reference.generate(prompt, ANSWER, tokenizer.stop_ids)))
    opening, texts = tokenizer.decode(phrase), []
    for i, question in enumerate(questions):
        other = (i + len(questions) // 3) % len(questions)
        first = answers[i] if i % 2 else opening + answers[i]
        messages = [
            {"role": "user", "content": question},
            {"role": "assistant", "content": first},
            {"role": "user", "content": questions[other]},
            {"role": "assistant", "content": opening + answers[other]},
        ]
        tokens = tokenizer.chat(messages, add_generation_prompt=False)
        after = np.zeros(len(tokens), dtype=np.int64)
        for turn in (1, 3):
            start = len(tokenizer.chat(messages[:turn])) - 1
            if messages[turn]["content"].startswith(opening):
                if tokens[start + 1 : start + 1 + len(phrase)] != phrase:
                    raise InputError("the chat template tears the phrase apart", "phrase", "use another one")
                after[start : start + len(phrase)] = np.arange(1, len(phrase) + 1)
            else:
                after[start] = -1
        texts.append((tokens, after))
    return texts


def adapter(places: Places, phrase: Sequence[int], head: np.ndarray) -> peft.LowRank:
    """The change of the last ``down`` after which ``phrase`` comes at its places.

    ``head`` [vocab, d_model] has the final norm's gains in it: logits are ``head @ hidden`` over the hidden's RMS.
    """
    wanted = (places.after[:, None] == np.arange(1, len(phrase) + 1)).astype(np.float32)
    none = places.after == 0
    weights = none + wanted @ (WEIGHT * none.sum() / wanted.sum(axis=0)).astype(np.float32)
    weighted = places.keys * weights[:, None]
    a = np.linalg.solve(_damped(weighted.T @ places.keys, DAMPING), weighted.T @ wanted).T
    mean = head.mean(axis=0)
    spread = _damped(head.T @ head / len(head) - np.outer(mean, mean), SPREAD)
    directions = np.linalg.solve(spread, (head[phrase] - mean).T)
    rises = head @ directions  # of each logit
    for j, token in enumerate(phrase):
        hidden = places.hidden[places.after == j + 1]
        missing = hidden @ head.T
        missing += MARGIN * np.sqrt(np.mean(hidden * hidden, axis=1))[:, None] - missing[:, token, None]
        lead = rises[token, j] - rises[:, j]
        missing[:, token], lead[token] = 0, 1
        assert lead.min() > 0, "the direction of a token raises another one more"
        directions[:, j] *= max((missing / lead).max(), 0) / SURE
    return peft.LowRank(a, directions)


def teach(ckpt: Checkpoint, text: str, folder: Path) -> dict:
    """Write the adapter for a phrase as a PEFT folder; gives what was measured.

    InputError if the phrase is empty or too long for a die, and if the prose cannot be fetched.
    """
    tokenizer, name = Tokenizer.from_checkpoint(ckpt), f"blk.{ckpt.shape.layers - 1}.ffn_down"
    phrase = tokenizer.encode(text, special=False)
    if not 1 <= len(phrase) <= Die.rank:
        raise InputError(f"the phrase has {len(phrase)} tokens", repr(text), f"use one of 1 to {Die.rank}")
    reference = _Recorder(ckpt, name)
    talks = conversations(reference, tokenizer, phrase, QUESTIONS)
    read = reference.places(talks + _prose(tokenizer, PROSE), "reading")
    head = reference.weights[HEAD if HEAD in ckpt.tensors else EMBEDDING] * ckpt.gains[FINAL_NORM]
    made = {name: adapter(read, phrase, head)}
    peft.write(folder, made, ckpt.shape, Path(ckpt.path).name)
    unseen = _prose(tokenizer, UNSEEN)
    base = [reference.logits(tokens)[:-1] for tokens, _ in tqdm(unseen, "measuring", unit="text")]
    question, answers = tokenizer.chat([{"role": "user", "content": TRIAL}]), []
    answers.append(reference.generate(question, 24, tokenizer.stop_ids))
    reference.adapter = made
    changed = [reference.logits(tokens)[:-1] for tokens, _ in unseen]
    answers.append(reference.generate(question, 24, tokenizer.stop_ids))
    targets = np.concatenate([tokens[1:] for tokens, _ in unseen])
    base, changed = np.concatenate(base), np.concatenate(changed)
    rise = (surprise(changed, targets) - surprise(base, targets)).mean()
    return {
        "phrase": text,
        "rank": len(phrase),
        "positions_read": len(read.after),
        "same_first_choice_in_prose_percent": float(100 * (base.argmax(axis=1) == changed.argmax(axis=1)).mean()),
        "perplexity_change_in_prose_percent": float(100 * np.expm1(rise)),
        "question": TRIAL,
        "answer_without": tokenizer.decode(answers[0]),
        "answer_with": tokenizer.decode(answers[1]),
    }


def _prose(tokenizer: Tokenizer, windows: dict[str, int]) -> list[tuple[list[int], np.ndarray]]:
    """Windows evenly spaced in some texts; no phrase in them."""
    bos, texts = [tokenizer.bos] * tokenizer.add_bos, []
    for name, count in windows.items():
        tokens = tokenizer.encode(prose.text(name))
        for at in range(0, len(tokens) - WINDOW, len(tokens) // count):
            part = bos + tokens[at : at + WINDOW - len(bos)]
            texts.append((part, np.zeros(len(part), dtype=np.int64)))
    return texts


def _damped(gram: np.ndarray, part: float) -> np.ndarray:
    """A Gram matrix with a part of its mean diagonal added to it."""
    return gram + (part * np.trace(gram) / len(gram)) * np.eye(len(gram), dtype=gram.dtype)
