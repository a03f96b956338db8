# SPDX-License-Identifier: Apache-2.0
"""``make test``: the test suite, tests side by side, with TEST=name a part of it; leaves build/results/test.xml."""

import sys

from scripts.cli import benches
from scripts.cli.command import command
from scripts.cli.files import RESULTS
from scripts.cli.parameters import SEED, SIM, TEST, WAVES

OPTIONS = ("-n", "auto", "--dist", "worksteal", f"--junitxml={RESULTS / 'test.xml'}")


@command("test", TEST, SIM, SEED, WAVES)
def main(*, test: str, sim: str, seed: int, waves: str) -> int:
    """Run the tests; gives pytest's status."""
    return benches.run(test, seed, sim, OPTIONS, rooms=(), WAVES=waves)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
