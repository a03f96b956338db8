# SPDX-License-Identifier: Apache-2.0
"""``make regress`` on stand-in benches: what is run, what is told, and that results, log and exit status agree."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import types
from pathlib import Path

import dask
import psutil
import pytest
from distributed import LocalCluster
from junitparser import JUnitXml

from models.golden.stage import Stage
from scripts import regress
from scripts.campaign import job
from scripts.campaign.benches import collect_benches, list_runs
from scripts.campaign.result import Run
from tb.oracle.finding import Divergence
from tb.oracle.place import Place
from tb.rig import toolchain

ROOT = Path(__file__).parents[2]
BENCHES = {
    "good": """
        import pytest
        from stand_in import leave

        @pytest.mark.parametrize("simulator", ["verilator", "icarus"])
        def test_good(simulator):
            leave(simulator=simulator, verdict="passed", build_seconds=1.5)

        @pytest.mark.once
        def test_once():
            pass

        @pytest.mark.xfail(reason="the checker can fail")
        def test_expected_to_fail():
            raise AssertionError
        """,
    "diverging": """
        import os
        from stand_in import DIVERGENCE, leave

        def test_diverging():
            seed = os.environ["SEED"]
            leave(verdict="failed", message="as the test expects")
            bad = {"verdict": "failed", "divergence": DIVERGENCE, "fatal": True} if seed == "5" else {}
            waves = "build/diverging.gtkw" if os.environ.get("WAVES") else ""
            leave(replay=f"make waves TEST=diverging SEED={seed}", waves=waves, **bad)
            leave(verdict="passed")
            assert seed != "5", "it diverges"
        """,
    "crashing": """
        import os
        import signal

        def test_crashing():
            os.kill(os.getpid(), signal.SIGSEGV)
        """,
    "skipping": """
        import pytest

        def test_skipping():
            pytest.skip("nothing to compare with")
        """,
}
DIVERGENCE = Divergence(Place(0, 2, 1, Stage.Q), 3, 5, 7, 8)
# What the runner leaves of a simulation, for stand-ins that start none.
STAND_IN = f"""
import json
import os
import time

DIVERGENCE = {DIVERGENCE.fields()}
RECORD = dict(test="t", bench="b", simulator="icarus", seed=1, replay="r", folder="f", hdl="h", sources=[])

def leave(**fields):
    with open(os.path.join(os.environ["RECORDS"], f"{{time.time_ns()}}.json"), "w") as file:
        json.dump(RECORD | fields, file)
"""
SLOW = """
    import os
    import pathlib
    import time

    import pytest

    @pytest.mark.parametrize("part", range(3))
    def test_slow(part):
        pathlib.Path(f"started-{os.getpid()}").touch()
        time.sleep(SECONDS)
    """


def stand_in(root: Path, benches: dict[str, str]) -> Path:
    """A folder with these benches in its tb/."""
    (root / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = --import-mode=importlib\nmarkers = once\n")
    for name, text in benches.items():
        (root / "tb" / name).mkdir(parents=True)
        (root / "tb" / name / f"test_{name}.py").write_text(textwrap.dedent(text))
    (root / "stand_in.py").write_text(STAND_IN)
    (root / "tb" / "rig").mkdir()
    (root / "tb" / "rig" / "test_parts.py").write_text("def test_part():\n    raise AssertionError\n")  # of no bench
    return root


def left(root: Path) -> tuple[dict, list]:
    """What a regression left: its figures, and its JUnit cases."""
    results = root / "build" / "results"
    cases = [case for suite in JUnitXml.fromfile(str(results / "regress.xml")) for case in suite]
    return json.loads((results / "regress.json").read_text()), cases


def gone(pid: int) -> bool:
    """Whether a process has ended, soon."""
    until = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def started(root: Path, above: int) -> set[int]:
    """Waits until a stand-in below the process ``above`` runs; its processes and those that watch it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        below = {process.pid for process in psutil.Process(above).children(recursive=True)}
        if below & {int(file.name.split("-")[1]) for file in root.glob("started-*")}:
            return below
        time.sleep(0.05)
    raise AssertionError("no run started")


@pytest.mark.parametrize("test", ["good", "tb/good/test_good.py", "test_good"])
def test_choice(test, tmp_path, give):
    give()
    nodes = [node for node, _ in collect_benches(test, stand_in(tmp_path, BENCHES))]
    assert nodes[0] == "tb/good/test_good.py::test_good[verilator]"
    assert {Run(node, 1).bench for node in nodes} == {"good"}


def test_results_agree(tmp_path, give, capsys):
    """Two seeds of everything that can happen, on this machine."""
    give(SEED="4", SEEDS="2", SIM="icarus", WAVES="")
    assert regress.main(stand_in(tmp_path, BENCHES)) == 1
    data, cases = left(tmp_path)
    printed = capsys.readouterr().out
    results = data["results"]
    assert (data["first_seed"], data["seeds"]) == (4, 2)
    assert data["simulators"] == {name: toolchain.describe(name) for name in ("icarus", "verilator")}
    assert (data["runs"], data["passed"], data["failed"]) == (13, 8, 5)
    assert data["build_seconds"] == 6.0
    kinds = {bucket["what"]: bucket["runs"] for bucket in data["buckets"]}
    skipped = "no test ran (pytest left with status N)"
    assert kinds == {"stage q diverges": 1, "killed by SIGSEGV": 2, skipped: 2}
    assert printed.count("again with waves: ") == len(kinds)
    assert [(result["node"], result["seed"]) for result in results] == [
        (run.node, run.seed) for run in list_runs(collect_benches("", tmp_path), range(4, 6))
    ]
    bad = {(result["bench"], result["seed"]) for result in results if result["status"] == "failed"}
    assert bad == {("diverging", 5), *((bench, seed) for bench in ("crashing", "skipping") for seed in (4, 5))}
    assert [bool(case.result) for case in cases] == [
        (result["status"] == "failed") for result in sorted(results, key=lambda result: result["bench"])
    ]
    for result in results:
        log = (tmp_path / "build" / "results" / result["log"]).read_text()
        assert ("1 passed" in log or "1 xfailed" in log) == (result["status"] == "passed"), result["log"]
        assert printed.count(f"FAILED {result['node']} seed {result['seed']}: ") == (result["status"] == "failed")


def test_a_failed_run_is_told_and_repeated(tmp_path, give, capsys):
    give(SEED="5", SEEDS="1", TEST="diverging")
    assert regress.main(stand_in(tmp_path, BENCHES)) == 1
    (result,) = left(tmp_path)[0]["results"]
    printed = capsys.readouterr().out
    expected = {
        "simulators": ["icarus"],
        "status": "failed",
        "divergence": str(DIVERGENCE),
        "diverging": DIVERGENCE.fields(),
        "replay": "make waves TEST=diverging SEED=5",
        "repeated": "failed",
        "waves": "build/diverging.gtkw",
    }
    assert {name: result[name] for name in expected} == expected
    for line in (expected["divergence"], expected["replay"], "waves: build/diverging.gtkw"):
        assert f"\n  {line}\n" in printed


def test_what_failed_is_run_again(tmp_path, give, capsys):
    """FAILED=1: with waves, and nothing else; a choice beside it would be another regression."""
    root = stand_in(tmp_path, BENCHES)
    give(FAILED="1")
    assert regress.main(root) == 2
    give(SEED="4", SEEDS="2", SIM="icarus", TEST="diverging")
    assert regress.main(root) == 1
    give(FAILED="1", JOBS="1")
    assert regress.main(root) == 1
    data, _ = left(root)
    assert [(result["seed"], result["waves"], result["repeated"]) for result in data["results"]] == [
        (5, "build/diverging.gtkw", "")
    ]
    assert (data["sim"], data["workers"]) == ("icarus", "1 workers on this machine")
    give(FAILED="1", SEED="5")
    assert regress.main(root) == 2
    says = capsys.readouterr().err
    assert "run `make regress` first" in says and "FAILED takes the runs of the last regression, not SEED" in says


def test_the_value_that_differed_is_in_junit(tmp_path, give):
    give(SEED="5", SEEDS="1", TEST="diverging")
    regress.main(stand_in(tmp_path, BENCHES))
    xml = (tmp_path / "build" / "results" / "regress.xml").read_text()
    for name in ("stage", "position", "expected", "got"):
        assert f'<property name="{name}" value="{DIVERGENCE.fields()[name]}"' in xml
    assert 'value="make waves TEST=diverging SEED=5"' in xml


def test_a_worker_dies(tmp_path, give):
    """One of two workers of a running scheduler is killed in the middle of a run: the other one does that run anew."""
    root = stand_in(tmp_path, {"slow": SLOW.replace("SECONDS", "0.5")})
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m"]
    options = ["--scheduler-file", str(file), "--no-dashboard", "--host", "127.0.0.1"]
    processes = [subprocess.Popen([*dask, "distributed.cli.dask_scheduler", *options, "--port", "0"], cwd=tmp_path)]
    try:
        while not file.is_file():
            assert processes[0].poll() is None
            time.sleep(0.1)
        worker = [*dask, "distributed.cli.dask_worker", *options[:3], "--no-nanny", "--nthreads", "1"]
        processes += [subprocess.Popen(worker, cwd=tmp_path) for _ in range(2)]
        children = set()

        def kill() -> None:
            children.update(started(root, processes[1].pid))
            processes[1].kill()

        killer = threading.Thread(target=kill)
        killer.start()
        give(SEEDS="3", SIM="icarus", CLUSTER=json.loads(file.read_text())["address"])
        status = regress.main(root)
        killer.join()
        assert processes[1].wait() == -signal.SIGKILL
    finally:
        for process in processes:
            process.kill()
            process.wait()
    data, cases = left(root)
    assert (status, data["runs"], data["passed"], len(cases)) == (0, 9, 9, 9)
    assert data["workers"].startswith("1 workers on tcp://127.0.0.1")
    assert len(list(root.glob("started-*"))) > 9
    assert children
    assert all(gone(pid) for pid in children)


def test_batch_system(tmp_path, give, monkeypatch):
    """What dask-jobqueue gives is scaled within the bounds of Dask's configuration; here it is this machine."""
    batch = types.SimpleNamespace(SLURMCluster=lambda: LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0"))
    monkeypatch.setitem(sys.modules, "dask_jobqueue", batch)
    give(SEEDS="1", SIM="icarus", TEST="good", CLUSTER="slurm")
    with dask.config.set({"distributed.adaptive.minimum": 1, "distributed.adaptive.maximum": 1}):
        assert regress.main(stand_in(tmp_path, BENCHES)) == 0
    assert left(tmp_path)[0]["workers"] == "1 workers on slurm"


def test_batch_system_without_settings(tmp_path, give, monkeypatch, capsys):
    def cluster() -> None:
        raise ValueError("You must specify how many cores\nper job")

    monkeypatch.setitem(sys.modules, "dask_jobqueue", types.SimpleNamespace(LSFCluster=cluster))
    give(SIM="icarus", CLUSTER="lsf")
    assert regress.main(stand_in(tmp_path, BENCHES)) == 2
    says = "error: You must specify how many cores per job (CLUSTER=lsf); set jobqueue.lsf in "
    assert capsys.readouterr().err == f"{says}~/.config/dask/jobqueue.yaml\n"


@pytest.mark.parametrize("ends", ["exit 3", "sleep 600"])
def test_nothing_outlives_a_run(ends, tmp_path):
    """Neither the command when it takes too long, nor what it started and left behind."""
    ended = job.run(["sh", "-c", f"sleep 600 & echo $! > child; {ends}"], str(tmp_path), {}, limit=0.5)
    assert (ended["status"], ended["report"]) == (3 if ends == "exit 3" else None, None)
    assert gone(int((tmp_path / "child").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_the_user(number, tmp_path, give):
    """Nothing goes on, what was done is kept and reported, and RESUME=1 does the rest and no more."""
    slow = "0 if part == 0 or pathlib.Path('go').exists() else 60"
    root = stand_in(tmp_path, {"slow": SLOW.replace("SECONDS", slow)})
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    heard = "signal.signal(signal.SIGINT, signal.default_int_handler)"  # which a shell's background jobs do not
    program = (
        f"import sys, pathlib, signal, scripts.regress; {heard};"
        f"sys.exit(scripts.regress.main(pathlib.Path({str(root)!r})))"
    )
    (tmp_path / "stop.py").write_text(f"if __name__ == '__main__':\n    {program}\n")
    command = subprocess.Popen(
        [sys.executable, str(tmp_path / "stop.py")],
        cwd=ROOT,
        env=env | {"PYTHONPATH": str(ROOT), "SIM": "icarus", "JOBS": "1", "SEEDS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while len(list(root.glob("started-*"))) < 2:
        assert command.poll() is None
        time.sleep(0.05)
    children = started(root, command.pid)
    os.killpg(command.pid, number)
    assert command.communicate(timeout=60)[1].startswith("stopped")
    assert command.returncode == 128 + number
    assert all(gone(pid) for pid in children)
    data, cases = left(root)
    assert (data["planned"], data["runs"], data["passed"], len(cases)) == (3, 1, 1, 1)
    (root / "go").touch()
    give(RESUME="1")
    assert regress.main(root) == 0
    data, _ = left(root)
    assert (data["runs"], data["passed"], data["seeds"]) == (3, 3, 1)
    assert len(list(root.glob("started-*"))) == 4  # one of them stopped


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"SEEDS": "x"}, "'x' is no number from 1 to 1000 (SEEDS)"),
        ({"SEEDS": "0"}, "'0' is no number from 1 to 1000 (SEEDS)"),
        ({"SEED": "-1"}, "'-1' is no number from 0 to "),
        ({"SIM": "vcs"}, "'vcs' was never tried here (SIM)"),
        ({"TEST": "nonsense"}, "no bench matches 'nonsense' (TEST)"),
        ({"TEST": "a or ("}, "no bench matches 'a or (' (TEST)"),
        ({"CLUSTER": "pbs", "JOBS": "2"}, "'pbs' has workers of its own (JOBS)"),
        ({"JOBS": "0"}, "'0' is no number from 1 to 1024 (JOBS)"),
        ({"RESUME": "1", "FAILED": "1"}, "what failed and what was left are two regressions (FAILED, RESUME)"),
        ({"FAILED": "yes"}, "unknown switch 'yes' (FAILED)"),
        ({"CLUSTER": "pbs"}, "unknown cluster 'pbs' (CLUSTER)"),
        ({"CLUSTER": "tcp://127.0.0.1:1"}, "no scheduler answers at 'tcp://127.0.0.1:1' (CLUSTER)"),
        ({"CLUSTER": "fax://1"}, "no scheduler answers at 'fax://1' (CLUSTER)"),
        ({"CLUSTER": "slurm"}, "dask-jobqueue is missing, and CLUSTER=slurm needs it (CLUSTER)"),
    ],
)
def test_a_bad_parameter_is_one_line(parameters, says, tmp_path, give, monkeypatch, capsys):
    monkeypatch.setattr("scripts.campaign.cluster.WAIT_S", 1)
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    give(**{"SIM": "icarus"} | parameters)
    assert regress.main(stand_in(tmp_path, BENCHES)) == 2
    stderr = capsys.readouterr().err
    assert re.fullmatch(r"error: .+ \(.+\); .+\n", stderr) and says in stderr, stderr
    assert not (tmp_path / "build").exists()


def test_a_bench_that_cannot_be_collected(tmp_path, give, capsys):
    give(SIM="icarus")
    assert regress.main(stand_in(tmp_path, BENCHES | {"torn": "import nowhere"})) == 1
    assert "No module named 'nowhere'" in capsys.readouterr().err
