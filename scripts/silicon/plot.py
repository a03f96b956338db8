# SPDX-License-Identifier: Apache-2.0
"""The plot of ``make ppa``: speed against size, the documented chip beside the best dies."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

SPEED, SIZE = "tokens_per_second_user", "transistors_per_parameter"
MOST = 20  # transistors a parameter that are shown


def draw(figures: dict, path: Path) -> None:
    """Write an SVG: of the ``figures`` of ppa.json the frontier before and one for each KV SRAM, the best die of the
    documented size on each, and the documented chip.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    chip, before = figures["documented"], figures["before"]
    for depth, dies in figures["frontier"].items():
        shown = [p for p in dies if p[SIZE] <= MOST] or dies
        label = f"KV of {int(depth):,}, at position {shown[0]['position']:,}"
        (line,) = axes.plot(*([p[key] for p in shown] for key in (SPEED, SIZE)), linewidth=1.2, label=label)
        best = figures["best_by_kv_positions"][depth]
        label = f"at most {chip[SIZE]}: {best[SPEED]:,.0f} tokens/s"
        style = {"markersize": 8, "color": line.get_color(), "linestyle": "none"}
        axes.plot(best[SPEED], best[SIZE], "o", label=label, **style)
    label = f"before ({before['commit']}): KV of {before['kv_positions']:,}, at position {before['position']:,}"
    kept = [pair for pair in zip(before[SPEED], before[SIZE], strict=True) if pair[1] <= MOST]
    axes.plot(*zip(*kept, strict=True), "o--", label=label, markersize=3, linewidth=0.7, color="0.5")
    for key, what, fill in (("", "as claimed", "full"), ("_measured", "as its users measured", "none")):
        rate = chip[f"tokens_per_second{key}"]
        label = f"documented chip, {what}: {rate:,} tokens/s"
        axes.plot(rate, chip[SIZE], "*", markersize=14, fillstyle=fill, color="crimson", label=label, linestyle="none")
    place = f"KV of {chip['kv_positions']:,},\nto position {chip['position']:,}"
    axes.annotate(place, (chip["tokens_per_second"], chip[SIZE]), (0, 12), textcoords="offset points", ha="center")
    axes.axhline(chip[SIZE], color="crimson", linewidth=0.5)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([4, 5, 6.6, 8, 10, 15, 20]))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlim(left=0)
    axes.set_xlabel(f"tokens/s for one user at {figures['clock_ghz']:g} GHz")
    axes.set_ylabel("transistors a parameter, all counted, static CMOS")
    axes.set_title("Llama 3.1 8B on one die: synthesis and cycle model")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="lower right")
    figure.savefig(path, metadata={"Date": None})
