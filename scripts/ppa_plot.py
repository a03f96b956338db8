"""The plot of ``make ppa``: speed against size, the documented chip beside the dies of the sweep."""

from pathlib import Path

from matplotlib.figure import Figure


def draw(points: list[dict], chosen: dict, chip: dict, path: Path) -> None:
    """Write an SVG of the frontier ``points``, the die ``chosen`` among them, and the documented ``chip``."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    by_width = sorted({p["act_w"] for p in points})
    for width in by_width:
        own = [p for p in points if p["act_w"] == width]
        speed = [p["tokens_per_second_user"] for p in own]
        axes.plot(speed, [p["transistors_per_parameter"] for p in own], "o", label=f"{width}-bit activations")
    axes.step(
        [p["tokens_per_second_user"] for p in points],
        [p["transistors_per_parameter"] for p in points],
        where="pre",
        color="0.7",
        zorder=0,
    )
    at = chosen["tokens_per_second_user"], chosen["transistors_per_parameter"]
    axes.plot(*at, "o", markersize=14, fillstyle="none", color="k", label="chosen")
    documented = chip["tokens_per_second"], chip["transistors_per_parameter"]
    axes.plot(*documented, "*", markersize=16, color="crimson", label="documented chip (clock unknown)")
    axes.set_xlabel("tokens/s for one user, in mid-context")
    axes.set_ylabel("transistors a parameter, KV SRAM included")
    axes.set_title("Llama 3.1 8B on one die: synthesis and cycle model")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})
