# SPDX-License-Identifier: Apache-2.0
"""``make test``: the test suite, tests side by side; with TEST=name a part of it. It leaves test.xml, as JUnit."""

import sys

from scripts.cli import benches
from scripts.cli.command import command
from scripts.cli.files import RESULTS
from scripts.cli.parameters import JOBS, SEED, SIM, TEST, WAVES


@command("test", TEST, SIM, SEED, JOBS, WAVES)
def main(*, test: str, sim: str, seed: int, jobs: int | None, waves: str) -> int:
    """Run the tests; gives pytest's status."""
    side_by_side = ("-n", str(jobs or "auto"), "--dist", "worksteal", f"--junitxml={RESULTS / 'test.xml'}")
    return benches.run(test, seed, sim, side_by_side, rooms=(), WAVES=waves)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
