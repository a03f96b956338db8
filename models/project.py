# SPDX-License-Identifier: Apache-2.0
"""Where things are: the checkout, its RTL, and what is built in it."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
HDL = ROOT / "hdl"
BUILD = ROOT / "build"
