# SPDX-License-Identifier: Apache-2.0
"""The report of a night in a browser: ``python -m scripts.night.browser [PICTURE]``, after ``make nightly``.

Headless Chromium opens it from disk, every section unfolded, as wide as a laptop and as wide as a phone. Nothing may be
fetched, nothing may stick out sideways, no testpoint may be lost. PICTURE is where a picture of both goes.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from models.errors import InputError
from scripts.cli.command import guard
from scripts.cli.files import RESULTS
from tb.evidence.plan import plan

NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = {"laptop": 1180, "phone": 390}  # CSS pixels
HEIGHT = 860
MARGIN = 24
LIMIT_S = 120
# Chromium's own windows are never as narrow as a phone; frames are. Both have the page to themselves.
WRAPPER = """<!doctype html>
<style>
body {{ margin: 0; background: #8a8f98; }}
iframe {{ border: 0; border-radius: 10px; height: {height}px; margin: {margin}px 0 0 {margin}px; background: #fff; }}
</style>
{frames}
<pre id="seen" hidden></pre>
<script>
onload = () => {{
  const seen = {{}};
  for (const frame of document.querySelectorAll("iframe")) {{
    const page = frame.contentDocument, folded = [...page.querySelectorAll("details:not([open])")];
    folded.forEach((one) => one.open = true);
    seen[frame.id] = {{
      width: page.documentElement.scrollWidth,
      testpoints: page.querySelectorAll(".point").length,
      fetched: frame.contentWindow.performance.getEntriesByType("resource").map((one) => one.name),
    }};
    folded.forEach((one) => one.open = false);
  }}
  document.getElementById("seen").textContent = JSON.stringify(seen);
}};
</script>
"""


def main(report: Path = RESULTS / "nightly.html") -> int:
    """Check the report, and draw it where the command line says; gives the exit status."""
    return guard(lambda: check(report, *map(Path, sys.argv[1:])))


def check(report: Path, picture: Path | None = None) -> int:
    """0 if the report reads well. AssertionError if not, InputError without a report or a browser."""
    if not report.is_file():
        raise InputError("there is no report", str(report), "run `make nightly` first")
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if not browser:
        raise InputError("there is no Chromium", "PATH", "install it: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        wrapper = Path(folder, "wrapper.html")
        frame = '<iframe id="{}" src="{}" width="{}"></iframe>'
        frames = "".join(frame.format(name, report.resolve().as_uri(), width) for name, width in WIDTHS.items())
        wrapper.write_text(WRAPPER.format(frames=frames, height=HEIGHT, margin=MARGIN), encoding="utf-8")
        document = _browse(browser, folder, wrapper, "--dump-dom")
        if picture:
            _browse(browser, folder, wrapper, f"--screenshot={picture.resolve()}")
    seen = json.loads(re.search(r'<pre id="seen" hidden="">(.*?)</pre>', document)[1])
    testpoints = len(plan.load())
    for name, width in WIDTHS.items():
        one = seen[name]
        assert one["width"] <= width, f"on a {name}, {width} pixels wide, the report is {one['width']} wide"
        assert one["testpoints"] == testpoints, f"on a {name} there are {one['testpoints']} of {testpoints} testpoints"
        assert not one["fetched"], f"the report fetches {one['fetched'][0]}"
        print(f"{name}: {width} pixels, {testpoints} testpoints, nothing sticks out, nothing is fetched")
    return 0


def _browse(browser: str, folder: str, page: Path, *action: str) -> str:
    """What Chromium prints; its profile goes to ``folder``. The files of a folder may look at each other."""
    across = sum(WIDTHS.values()) + 3 * MARGIN + 4
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files"]
    options += [f"--user-data-dir={folder}/profile", f"--window-size={across},{HEIGHT + 2 * MARGIN}"]
    command = [browser, *options, *action, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, f"Chromium left with status {done.returncode}"
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
