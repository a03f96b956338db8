# SPDX-License-Identifier: Apache-2.0
"""A conversation at the terminal with the die: history in its KV cache, a stop token, Ctrl-C, commands."""

import difflib
import json
import os
import readline  # noqa: F401  gives input() its history and line editing
import signal
import sys

from models.checkpoint import checkpoint
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError
from models.golden.sampler import Sampling, beta
from tb.cartridge import driver
from tb.chip.driver import headline
from tb.chip.progress import Progress
from tb.oracle.conversation import Conversation
from tb.rig.bundles import End

SLOT = 0
PIECE = 8  # tokens that are asked for at a time: Ctrl-C ends an answer after them
HELP = """\
/lora NAME   a new conversation with an adapter ({adapters}); /lora none: without
/temperature T [K]   draw among the K (default {top_k}) likeliest tokens; 0: always the likeliest
/reset       forget the conversation
/help        these lines
/quit        leave (also Ctrl-D); Ctrl-C ends an answer, and clears a line"""
COMMANDS = ("lora", "temperature", "reset", "help", "quit")


class Voice(Progress):
    """Prints an answer that comes in pieces: the line ends when ``end`` is called."""

    def token(self, index: int, token: int, end: int) -> None:
        super().token(0, token, 0)

    def end(self) -> None:
        """The answer is complete."""
        self.clear()
        print(self.streams.pop(0).close() if 0 in self.streams else "", flush=True)
        self.text = ""


class Talk(driver.DieBench):
    """A user at a terminal in slot 0. Every stage of every token is checked as in any other run."""

    more = True

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.ckpt = checkpoint.load(self.job.model)
        self.progress = Voice(self.ckpt, headline())
        self.tokenizer = Tokenizer.from_checkpoint(self.ckpt)
        self.names = json.loads(os.environ["ADAPTERS"])
        self.answer_tokens = int(os.environ["ANSWER"])
        self.sampling = Sampling(seed=int(os.environ["COCOTB_RANDOM_SEED"]))
        self.adapter = 0
        self.interrupted = self.asking = False
        self.forget()

    def forget(self) -> None:
        """The next question begins a conversation."""
        self.held = 0  # tokens in the KV cache
        self.last: int | None = None  # token of the last answer, which is not

    async def talk(self) -> None:
        """Questions from the terminal until it ends."""
        signal.signal(signal.SIGINT, self._interrupt)
        sys.stdin.reconfigure(errors="surrogateescape")  # a line with a byte that is not UTF-8 is refused as a question
        print(self._help(), flush=True)
        while (line := self._ask()) is not None:
            if line.startswith("/"):
                if line == "/quit":
                    break
                print(self._command(*line[1:].split()), flush=True)
            elif line:
                try:
                    await self._answer(line)
                except InputError as problem:  # this line is not answered, the conversation goes on
                    print(f"error: {problem}", flush=True)

    async def drain(self) -> None:
        """As of any run; a user who asked nothing leaves nothing to compare."""
        if self.job.conversations:
            await super().drain()
        else:
            await self.hold_flags()

    def _interrupt(self, *_: object) -> None:
        self.interrupted = True
        if self.asking:
            raise KeyboardInterrupt

    def _ask(self) -> str | None:
        """A line of the terminal, '' where Ctrl-C cleared it; None at its end."""
        self.asking = True
        try:
            return input("\n> ").strip()
        except KeyboardInterrupt:
            print()
            return ""
        except EOFError:
            print()
            return None
        finally:
            self.asking = False

    def _help(self) -> str:
        return HELP.format(adapters=", ".join(self.names) or "none is loaded: LORA=folder", top_k=self.job.die.top_k)

    def _command(self, name: str = "", *words: str) -> str:
        """Do a command; gives what to say, of a wrong one what is wrong with it."""
        match name, words:
            case "help", ():
                return self._help()
            case "reset", ():
                self.forget()
                return "forgotten"
            case "lora", (adapter,):
                return self._choose(adapter)
            case "temperature", (heat,):
                return self._heat(heat, str(self.job.die.top_k))
            case "temperature", (heat, top_k):
                return self._heat(heat, top_k)
        if name in COMMANDS:
            return f"/{name} does not go with {' '.join(words) or 'nothing behind it'!r}; /help says how it is written"
        near = difflib.get_close_matches(name.lower(), COMMANDS, 1)
        return f"no command /{name}; " + (f"did you mean /{near[0]}?" if near else "/help lists all")

    def _choose(self, adapter: str) -> str:
        """Begin a conversation with an adapter."""
        known = ["none", *self.names]
        if adapter not in known:
            return f"no adapter {adapter!r}; there are {', '.join(known)}"
        self.adapter = known.index(adapter)
        self.forget()
        return f"a new conversation, adapter: {adapter}"

    def _heat(self, heat: str, top_k: str) -> str:
        """Draw answers at a temperature among the likeliest tokens."""
        try:
            degrees = float(heat)
        except ValueError:
            degrees = -1.0
        if not 0 <= degrees <= 100:
            return f"{heat!r} is no temperature from 0 to 100"
        most = self.job.die.top_k
        if not (top_k.isdecimal() and 1 <= int(top_k) <= most):
            return f"{top_k!r} is no number of tokens from 1 to {most}"
        count = int(top_k) if degrees else 1
        self.sampling = Sampling(count, beta(degrees or 1), self.sampling.seed)
        return f"temperature {degrees}, the {count} likeliest" if degrees else "always the likeliest token"

    async def _answer(self, question: str) -> None:
        first = self.last is None
        if first:
            prompt = self.tokenizer.chat([{"role": "user", "content": question}])
        else:
            prompt = self.tokenizer.turn(question)
            if self.last not in self.tokenizer.stop_ids:  # else the turn begins with it
                prompt = [self.last, *prompt]
        if self.held * (not first) + len(prompt) > self.job.die.kv_depth:
            print(f"the KV cache holds {self.job.die.kv_depth} tokens: /reset, or start with DEPTH= higher", flush=True)
            return
        self.interrupted, left = False, self.answer_tokens
        while left and not self.interrupted:
            end = await self._piece(prompt, first, min(PIECE, left))
            left -= len(self.answers[-1])
            prompt, first = [self.last], False
            if end != End.LIMIT:
                break
        self.progress.end()
        if end == End.CONTEXT:
            print("the KV cache is full: /reset", flush=True)
        elif end != End.STOP:
            print(f"({'interrupted' if self.interrupted else f'{self.answer_tokens} tokens'})", flush=True)

    async def _piece(self, prompt: list[int], first: bool, count: int) -> int:
        """At most ``count`` tokens of answer to a prompt; gives why they end."""
        how = {"top_k": self.sampling.top_k, "beta": self.sampling.beta, "seed": self.sampling.seed}
        await self.push(self.add(Conversation(SLOT, prompt, count, first, self.adapter, **how)))
        await self.until_done()
        self.held = self.held * (not first) + len(prompt) + len(self.answers[-1]) - 1
        self.last = self.answers[-1][-1]
        return self.ends[-1]
