# SPDX-License-Identifier: Apache-2.0
"""Chat templates, rendered as the ``transformers`` library does: the same filters, globals and tags."""

import datetime
import json
from collections.abc import Mapping

import jinja2
import jinja2.ext
import jinja2.sandbox


class Generation(jinja2.ext.Extension):
    """The tags around what an assistant says, with which ``transformers`` marks it for training: here as if absent."""

    tags = frozenset({"generation"})

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        """What is between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def render(source: str, messages: list[dict], add_generation_prompt: bool, specials: Mapping[str, str]) -> str:
    """The text of a conversation; ``specials`` are the texts of special tokens by name (``bos_token``).

    A template is a program: it may fail with any exception.
    """
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    env.filters["tojson"] = _tojson
    env.globals["raise_exception"] = _refuse
    env.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return env.from_string(source).render(
        messages=messages, tools=None, documents=None, add_generation_prompt=add_generation_prompt, **specials
    )


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON as it is: Jinja's own filter spells characters for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _refuse(message: object) -> None:
    raise jinja2.TemplateError(str(message))
