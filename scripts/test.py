# SPDX-License-Identifier: Apache-2.0
"""``make test``: the test suite, tests side by side, or with TEST=name a part of it. It leaves test.xml, as JUnit.

Tests that are marked ``night`` are for `make regress` and `make nightly`, and for whoever names them by TEST; those
marked ``by_name`` for whoever names their file.
"""

import sys

from scripts.cli import benches
from scripts.cli.command import command
from scripts.cli.files import RESULTS
from scripts.cli.parameters import JOBS, SEED, SIM, TEST, WAVES


@command("test", TEST, SIM, SEED, JOBS, WAVES)
def main(*, test: str, sim: str, seed: int, jobs: int | None, waves: str) -> int:
    """Run the tests; gives pytest's status."""
    options = ["-n", str(jobs or "auto"), "--dist", "worksteal", f"--junitxml={RESULTS / 'test.xml'}"]
    if not test:
        options += ["-m", "not night"]
    return benches.run(test, seed, sim, tuple(options), rooms=(), WAVES=waves)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
