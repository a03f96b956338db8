# SPDX-License-Identifier: Apache-2.0
"""What all commands share: which parameters they take from make's command line, and one line for every refusal."""

import errno
import importlib
import os
import pwd
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from models import space
from models.errors import InputError
from models.project import BUILD, ROOT
from scripts.cli import given, parameters, trouble
from scripts.cli.command import again, command, guard

NOBODY = 65534
REFUSED = r"error: .+ \(.+\); .+\n"


@command("demo", parameters.TOKENS, parameters.SEED)
def demo(*, tokens: int, seed: int) -> int:
    """Says what it got."""
    print(tokens, seed)
    return 0


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("TOKEN", "`make demo` takes no TOKEN (make's command line); did you mean TOKENS?"),
        ("seed", "`make demo` takes no seed (make's command line); did you mean SEED?"),
        ("SEED SIM", "`make demo` takes no SIM (make's command line); it takes BUILD, PYTHON, SEED, TOKENS"),
    ],
)
def test_a_parameter_that_the_command_has_not(names, says, monkeypatch, capsys):
    monkeypatch.setenv(given.GIVEN, names)
    monkeypatch.setenv("TOKEN", "secret")
    assert demo() == 2
    assert capsys.readouterr() == ("", f"error: {says}\n")


def test_a_parameter_of_the_environment_is_said_to_be_none(monkeypatch, capsys):
    """Its name, not its value; names that are no parameters of this command, not at all."""
    monkeypatch.setenv(given.GIVEN, "TOKENS PYTHON BUILD")
    monkeypatch.setenv(given.PASSED_OVER, "SEED TOKEN")
    assert demo(argv=["--tokens", "5"]) == 0
    line = "note: SEED of the environment is not taken; write `make demo SEED=...`\n"
    assert capsys.readouterr() == ("5 1\n", line)
    assert given.GIVEN not in os.environ, "it would be held against the commands that this one starts"


def test_the_makefile_and_python_read_the_same_names():
    assert given.declared() == list(parameters.EVERY)
    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "PARAMETERS :=" in line)
    found = subprocess.run(
        re.search(r"shell (sed .*)\)", line)[1], shell=True, cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout.split() == given.declared()


def refusal(problem: OSError, capsys) -> str:
    """The line that a command prints for what the machine refuses."""

    def job() -> int:
        raise problem

    assert guard(job) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(REFUSED, said), said
    return said


def test_what_the_machine_refuses_is_one_line(tmp_path, capsys):
    said = refusal(OSError(errno.ENOSPC, "No space left on device"), capsys)  # as of a write: without the file's name
    assert "no space left: " in said and str(BUILD) in said and space.NEED in said
    (gone := tmp_path / "gone" / "file").parent.mkdir()
    said = refusal(FileNotFoundError(errno.ENOENT, "No such file", str(gone)), capsys)
    assert f"no such file or folder ({gone})" in said
    said = refusal(IsADirectoryError(errno.EISDIR, "Is a directory", str(tmp_path)), capsys)
    assert said == f"error: is a directory ({tmp_path}); mend that, and do the same again\n"


def test_foreign_files_are_told_with_their_owner(tmp_path, monkeypatch, capsys):
    """What sudo left: whose it is, and the command that mends it."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    build = tmp_path / "build"
    monkeypatch.setattr(trouble, "_may_change", lambda path: not path.is_relative_to(build))
    monkeypatch.setattr(trouble, "ROOT", tmp_path)
    monkeypatch.setattr(trouble, "BUILD", build)
    (build / "sim").mkdir(parents=True)
    problem = PermissionError(errno.EACCES, "Permission denied", str(build / "sim" / "lock"))
    where = f"({build}/sim)"
    assert (
        refusal(problem, capsys)
        == f"error: its owner, {user}, may not change it {where}; `chmod -R u+rwX {build}/sim`\n"
    )
    monkeypatch.setattr(trouble, "_name", {os.getuid(): "root", os.geteuid() + 1: "ann"}.get)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    says = f"error: it belongs to root, and ann may not change it {where}; `sudo chown -R ann {build}`\n"
    assert refusal(problem, capsys) == says
    with pytest.raises(InputError, match="belongs to root"):
        trouble.refuse_foreign(build)


def test_no_command_begins_on_foreign_files(monkeypatch, capsys):
    def refuse(folder: Path) -> None:
        raise InputError("it belongs to root", str(folder), "`sudo chown`")

    monkeypatch.setattr(trouble, "refuse_foreign", refuse)
    assert demo() == 2
    assert capsys.readouterr() == ("", f"error: it belongs to root ({BUILD}); `sudo chown`\n")


@pytest.mark.parametrize("name", ["users", "chat"])
def test_who_has_one_simulator_takes_no_other(name, monkeypatch, capsys):
    monkeypatch.setenv(given.GIVEN, "SIM")
    assert importlib.import_module(f"scripts.{name}").main() == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"error: `make {name}` takes no SIM (make's command line)") and not said.out


def test_a_command_says_how_it_is_done_again(capsys):
    """With what its user gave and no default; and how another command does it, which takes fewer parameters."""

    @command("soak", parameters.MODEL, parameters.SEED, parameters.ANSWERS)
    def job(**_) -> int:
        print(again(), again("waves", parameters.SEED, parameters.MODEL), sep="\n")
        return 0

    assert job(argv=["--answers", "5", "--model", "my models/lo.gguf"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "make soak MODEL='my models/lo.gguf' ANSWERS=5",
        "make waves MODEL='my models/lo.gguf'",
    ]


def test_a_path_that_tools_take_apart():
    """As setup refuses it for the checkout, so every command does for BUILD."""
    with pytest.raises(InputError, match=r"a path of letters, digits .* is needed"):
        trouble.refuse_foreign(Path("/scratch/my builds"))
    setup = (ROOT / "scripts/setup.sh").read_text(encoding="utf-8")
    assert f"*[!{trouble.PATH.pattern[1:-2]}]*) fail" in setup


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_finds_what_root_has_built():
    """For real: another user's process, in a folder of which root owns a part."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        (sim := Path(name, "build", "sim")).mkdir(parents=True)
        os.chown(sim.parent, NOBODY, NOBODY)
        program = "import os, pathlib; from scripts.cli import trouble\n"  # before it loses the right to read modules
        program += f"os.setuid({NOBODY}); trouble.refuse_foreign(pathlib.Path({str(sim.parent)!r}))"
        line = [sys.executable, "-c", program]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
        assert f"it belongs to root, and nobody may not change it ({sim})" in done.stderr, done.stderr
        sim.rmdir()
        assert subprocess.run(line, cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("length", [10, 10**6])
def test_a_reader_that_has_gone(length):
    """``make sim | head``: no traceback, and the status of a broken pipe."""
    program = "import sys; from scripts.cli.command import guard; "
    program += f"sys.exit(guard(lambda: print('x' * {length}) or 0))"
    reader, writer = os.pipe()
    os.close(reader)
    line = [sys.executable, "-c", program]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(line, cwd=ROOT, env=env, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
