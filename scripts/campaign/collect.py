# SPDX-License-Identifier: Apache-2.0
"""Names the benches that pytest finds, as JSON on stdout: [[node, whether one seed is enough], ...].

A process of its own, called with pytest's arguments; what pytest says goes to stderr, and its status is the status.
"""

import contextlib
import json
import sys

import pytest


class Collector:
    """A pytest plugin that keeps what was collected."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.benches = [(item.nodeid, item.get_closest_marker("once") is not None) for item in session.items]


def main(arguments: list[str]) -> int:
    """Collect; gives pytest's status."""
    collector = Collector()
    with contextlib.redirect_stdout(sys.stderr):
        status = pytest.main(["--collect-only", "-q", "-p", "no:xdist", *arguments], plugins=[collector])
    if status == pytest.ExitCode.OK:
        print(json.dumps(collector.benches))
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
