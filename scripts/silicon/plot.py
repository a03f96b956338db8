# SPDX-License-Identifier: Apache-2.0
"""The plot of ``make ppa``: speed against size, the documented chip beside the dies of the sweep."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator


def draw(points: list[dict], chosen: dict, chip: dict, clock: float, path: Path) -> None:
    """Write an SVG of the frontiers' ``points``, the die ``chosen`` among them, and the documented ``chip``."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    by_width = sorted({p["act_w"] for p in points})
    for width in by_width:
        own = [p for p in points if p["act_w"] == width]
        speed = [p["tokens_per_second_user"] for p in own]
        size = [p["transistors_per_parameter"] for p in own]
        axes.step(speed, size, "o-", where="pre", markersize=4, linewidth=0.7, label=f"{width}-bit activations")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([4, 6.6, 10, 20, 40, 80]))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    at = chosen["tokens_per_second_user"], chosen["transistors_per_parameter"]
    label = f"at most {chip['transistors_per_parameter']}: {chosen['tokens_per_second_user']:,.0f} tokens/s"
    axes.plot(*at, "o", markersize=14, fillstyle="none", color="k", label=label)
    documented = chip["tokens_per_second"], chip["transistors_per_parameter"]
    axes.plot(*documented, "*", markersize=16, color="crimson", label="documented chip (clock unknown)")
    axes.set_xlabel("tokens/s for one user, in mid-context")
    axes.set_ylabel("transistors a parameter, KV SRAM included")
    axes.set_title(f"Llama 3.1 8B on one die at {clock:g} GHz: synthesis and cycle model")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})
