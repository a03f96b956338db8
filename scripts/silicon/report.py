# SPDX-License-Identifier: Apache-2.0
"""What ``make ppa`` prints of timing and energy."""

from rich.console import Console
from rich.table import Table

from scripts.cli import tables


def timing(blocks: list[dict], points: list[dict], chosen: dict, clock: float, holds: float) -> None:
    """Print the slowest path of each block, and the dies of ``points`` in cells of the library."""
    console = Console()
    sheet = Table(title="slowest path of each block, 7 nm cells, slow corner (0.63 V, 100 C)")
    for title in ("block", "ns", "typical", "GHz", f"stages for {clock:g} GHz", "from", "to"):
        sheet.add_column(title, justify="left" if title in ("block", "from", "to") else "right")
    for row in sorted(blocks, key=lambda row: -row["slow_ns"]):
        name = f"{row['block']} ({row['note']})" if row["note"] else row["block"]
        ns = (f"{row[key]:.2f}" for key in ("slow_ns", "typical_ns", "clock_ghz"))
        sheet.add_row(name, *ns, str(row["stages"] or "-"), row["start"], row["end"])
    tables.show(console, sheet)
    console.print(f"the clock that holds at the slow corner: {holds:.3f} GHz")
    sheet = Table(title=f"the dies of {chosen['act_w']}-bit activations in these cells")
    for title in ("bit lines", "block", "lanes", "share", "tokens/s, one user", f"if {clock:g} GHz held"):
        sheet.add_column(title, justify="right")
    for title in ("trans. a param.", "static CMOS", "mm2"):
        sheet.add_column(title, justify="right")
    for p in points:
        sheet.add_row(
            *(str(p[key]) for key in ("bit_lines", "block", "lanes")),
            f"{p['share']}/{p['share_down']}",
            *(f"{one['tokens_per_second_user']:,.0f}" for one in (p["cells"], p)),
            *(f"{one['transistors_per_parameter']:.2f}" for one in (p["cells"], p)),
            f"{p['cells']['die_mm2']:,.0f}",
            style="bold" if p is chosen else "",
        )
    tables.show(console, sheet)


def energy(spent: dict) -> None:
    """Print the energy of a token, by part."""
    console = Console()
    lines = ", ".join(f"{name.replace('_', ' ')} {n:.1f}" for name, n in spent["measured_changes_a_turn"].items())
    console.print(f"changes a turn, measured on a tiny model: {lines}")
    parts = ", ".join(f"{name} {n:.0f}" for name, n in spent["projected_uj"].items())
    console.print(f"microjoules a token, projected, of what was looked at: {spent['total_uj']:.0f} ({parts})")
    user, aggregate = (spent["watts"][key] for key in ("user", "aggregate"))
    console.print(
        f"that is {user:.1f} W for one user, {aggregate:.0f} W with every layer busy; documented: 200 to 250 W"
    )
