# SPDX-License-Identifier: Apache-2.0
"""``make test``: the test suite, tests side by side; with TEST=name a part of it."""

import sys

from scripts.cli import benches
from scripts.cli.command import command
from scripts.cli.parameters import SEED, SIM, TEST

SIDE_BY_SIDE = ("-n", "auto", "--dist", "worksteal")


@command("test", TEST, SIM, SEED)
def main(*, test: str, sim: str, seed: int) -> int:
    """Run the tests; gives pytest's status."""
    return benches.run(test, seed, sim, SIDE_BY_SIDE, rooms=())


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
