# SPDX-License-Identifier: Apache-2.0
"""What is common to all commands of the Makefile: reading parameters, exit status, and errors of one line."""

import functools
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

import click

from models.errors import InputError
from models.project import BUILD
from scripts.cli import given as command_line
from scripts.cli import trouble
from scripts.cli.parameters import SETUP, Parameter
from tb.rig import processes, surroundings


def command(name: str, *parameters: Parameter) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Make a function the command ``name``, which is a target of the Makefile.

    What the function is called with stays, ``argv`` is taken away, and each of ``parameters`` is added by its name in
    lower case: from ``argv``, else from the environment, else the parameter's default for this command. The function
    gives the exit status; an InputError is one line and status 2, an AssertionError, a check that failed, status 1.
    Before it is called, make's command line is held against ``parameters``, and nothing foreign is in what is built.
    """
    options = [parameter.of(name) for parameter in parameters]
    known = [parameter.name for parameter in (*parameters, *SETUP)]

    def decorate(job: Callable[..., int]) -> Callable[..., int]:
        reader = click.Command(name, params=options, help=job.__doc__)

        @functools.wraps(job)
        def main(*given: object, argv: Sequence[str] = (), **more: object) -> int:
            def run() -> int:
                surroundings.settle()
                command_line.take(name, known)
                trouble.refuse_foreign(BUILD)
                with reader.make_context(name, list(argv)) as context:
                    return job(*given, **more, **context.params)

            return guard(run)

        return main

    return decorate


def guard(job: Callable[[], int]) -> int:
    """Do a job: its status, or 1 with one line where a check fails, 2 with one line for bad input or a bad machine.

    Whatever ends it, nothing that it started is left.
    """
    processes.take_charge()
    try:
        status = job()
        sys.stdout.flush()
        return status
    except click.exceptions.Exit as asked_for_help:
        return asked_for_help.exit_code
    except click.UsageError as problem:
        print(f"error: {problem.format_message()} (command line); see --help", file=sys.stderr)
        return 2
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        if isinstance(problem, BrokenPipeError) and trouble.reader_has_gone():
            return 128 + signal.SIGPIPE
        print(f"error: {trouble.explain(problem)}", file=sys.stderr)
        return 2
    except AssertionError as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stopped:
        print(str(stopped) or "stopped", file=sys.stderr)
        return processes.status(stopped)


def given() -> Mapping[str, str]:
    """The parameters of the running command that its user gave, as the environment would hold them."""
    context = click.get_current_context()
    return {
        option.name.upper(): str(context.params[option.name])
        for option in context.command.params
        if context.get_parameter_source(option.name) is not click.core.ParameterSource.DEFAULT
    }


def again(target: str = "", *parameters: Parameter) -> str:
    """The command line that does the running command again: all that its user gave. Or that of another ``target``, with
    those of ``parameters`` that the user gave.
    """
    asked = given()
    if not target:
        return make_line(click.get_current_context().command.name, asked, asked)
    return make_line(target, asked, [parameter.name for parameter in parameters])


def make_line(target: str, asked: Mapping[str, str], names: Iterable[str]) -> str:
    """A target of the Makefile with those of ``names`` that were ``asked`` for, as a shell reads it."""
    return " ".join(["make", target, *(f"{name}={shlex.quote(asked[name])}" for name in names if name in asked)])
