# SPDX-License-Identifier: Apache-2.0
"""The plot of ``make ppa``: speed against size, the documented chip beside the dies of the sweep."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator


def draw(points: list[dict], chosen: dict, chip: dict, run: dict, path: Path) -> None:
    """Write an SVG of a frontier's ``points``, as counted before and as timed, with the die ``chosen`` among them and
    the documented ``chip``. ``run`` is the ``clock`` of old, the one that ``holds``, and the ``place`` of the speeds.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    cells = [p["cells"] for p in points]
    before = [p["transistors_per_parameter_before"] for p in points]
    speed, size = "tokens_per_second_user", "transistors_per_parameter"
    if run["holds"] < run["clock"]:
        label = f"all counted in 7 nm cells, at the clock that holds: {run['holds']:.2f} GHz, slow corner"
        axes.step(*_columns(cells, cells, speed, size), "o-", where="pre", markersize=4, linewidth=0.9, label=label)
    label = f"the same at {run['clock']:g} GHz, if longer paths were cut"
    axes.step(*_columns(points, cells, speed, size), "o-", where="pre", markersize=4, linewidth=0.7, label=label)
    label = f"before: static CMOS, not timed, {run['clock']:g} GHz"
    style = {"markersize": 3, "linewidth": 0.5, "color": "0.6"}
    axes.step([p[speed] for p in points], before, "o--", where="pre", label=label, **style)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([4, 6.6, 10, 20, 40, 80]))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    own = chosen["cells"]
    label = f"at most {chip[size]} in static CMOS: {own[speed]:,.0f} tokens/s"
    axes.plot(own[speed], own[size], "o", markersize=14, fillstyle="none", color="k", label=label)
    for key, what, fill in (("", "as claimed", "full"), ("_measured", "as its users measured", "none")):
        rate = chip[f"tokens_per_second{key}"]
        label = f"documented chip, {what}: {rate:,} tokens/s"
        axes.plot(rate, chip[size], "*", markersize=14, fillstyle=fill, color="crimson", label=label, linestyle="none")
    place = f"KV of {chip['kv_positions']:,}, to position {chip['position']:,}"
    axes.annotate(place, (chip["tokens_per_second"], chip[size]), (0, -16), textcoords="offset points", ha="right")
    axes.set_xlabel(f"tokens/s for one user; dies: {run['place']}")
    axes.set_ylabel("transistors a parameter, KV SRAM included")
    axes.set_title("Llama 3.1 8B on one die: synthesis, timing and cycle model")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})


def _columns(fast: list[dict], small: list[dict], speed: str, size: str) -> tuple[list[float], list[float]]:
    return [p[speed] for p in fast], [p[size] for p in small]
