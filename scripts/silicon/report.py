# SPDX-License-Identifier: Apache-2.0
"""What ``make ppa`` prints."""

from rich.console import Console
from rich.table import Table

from scripts.cli import tables


def weights(table: list[dict], by_kind: list[dict]) -> None:
    """Print what a weight costs, by size of block and by kind."""
    console = Console()
    sheet = Table(title="transistors a weight, 4096 x 4096 matrix (yosys)")
    titles = "weight", "bit lines", "block", "clocks", "cell", "accumulator", "generator", "scaling", "all", "ROM + MAC"
    for title in titles:
        sheet.add_column(title, justify="right")
    for row in table:
        if row["weight_bits"] == 4 or row["bit_lines"] == 32:
            made = row["parts"]
            names = ("weight cells", "accumulators", "product generators", "scaling")
            sheet.add_row(
                *(f"{row[key]:,}" for key in ("weight_bits", "bit_lines", "block", "clocks")),
                *(f"{made[name]:.2f}" for name in names),
                f"{row['transistors']:.2f}",
                f"{row['rom_and_mac']:.2f}",
            )
    tables.show(console, sheet)
    sheet = Table(
        title="transistors a weight by kind: blocks of 1,024 rows, 16 on at once, four columns a scaling unit"
    )
    titles = "kind", "cells", "bits of scales", "clocks", "cells of weight", "of scales", "accumulator", "scaling"
    for title in (*titles, "all", "sub_scale", "scaling unit"):
        sheet.add_column(title, justify="right")
    for row in by_kind:
        made = row["parts"]
        sheet.add_row(
            row["kind"],
            f"{row['cells']} of {row['cell_bits']}",
            f"{row['scale_bits']:.2f}",
            f"{row['clocks']:,}",
            *(f"{made[name]:.2f}" for name in ("weight cells", "scale cells", "accumulators", "scaling")),
            f"{row['transistors']:.2f}",
            *(f"{row[name]:,.0f}" for name in ("sub_scale", "scaling_unit")),
        )
    tables.show(console, sheet)


def dies(figures: dict) -> None:
    """Print the fastest dies, where transistors and clocks of the best go, what is asked of it, what is assumed."""
    console = Console()
    chosen, clock = figures["chosen"], figures["clock_ghz"]
    sheet = Table(title=f"Llama 3.1 8B on one die at {clock} GHz: the fastest of each size and KV SRAM")
    for title in ("weights", "KV positions", "at", "rows at once", "lanes", "positions a clock", "block", "share"):
        sheet.add_column(title, justify="right")
    for title in ("cycles a token", "GHz", "tokens/s, one user", "in aggregate", "trans. a param."):
        sheet.add_column(title, justify="right")
    mixed = [figures["chosen_in_3_and_6_bits"], figures["best_in_3_and_6_bits"]]
    wide = figures["best_by_kv_positions_if_more_positions_a_clock_held"]
    for p in [*figures["fastest"], *wide.values(), *mixed]:
        sheet.add_row(
            "3/6" if p in mixed else "4",
            *(f"{p[key]:,}" for key in ("kv_positions", "position", "bit_lines", "lanes", "positions_a_clock")),
            *("/".join(map(str, p[key].values())) for key in ("block", "share")),
            f"{p['cycles_per_token'][str(p['position'])]:,}",
            f"{p['clock_ghz']:.2f}",
            f"{p['tokens_per_second_user']:,.0f}",
            f"{p['tokens_per_second_aggregate']:,.0f}",
            f"{p['transistors_per_parameter']:.2f}",
            style="bold" if p["transistors"] == chosen["transistors"] else "",
        )
    tables.show(console, sheet)
    where = ", ".join(f"{name} {n:.2f}" for name, n in chosen["parts_per_parameter"].items())
    console.print(f"where the bold die's transistors go, a parameter: {where}")
    plain = figures["chosen_with_weights_not_symmetric"]["transistors_per_parameter"]
    console.print(f"with weights that are not symmetric (Q4_1): {plain:.2f} transistors a parameter")
    when = ", ".join(f"{name} {n:,}" for name, n in chosen["clocks_a_layer"].items())
    console.print(f"where its clocks go, a layer at position {chosen['position']}: {when}")
    for name, value in figures["reach"].items():
        console.print(f"{name.replace('_', ' ')}: {value:,.2f}")
    for assumption in figures["assumptions"]:
        console.print(f"[dim]{assumption['kind']}: {assumption['what']}")


def timing(blocks: list[dict], clock: float, holds: float) -> None:
    """Print the slowest path of each block."""
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


def cells(chosen: dict) -> None:
    """Print what the die ``chosen`` is in cells of the library."""
    console, own = Console(), chosen["cells"]
    sheet = Table(title=f"the bold die in these cells: {own['die_mm2']:,.0f} mm2")
    for title in ("part", "static CMOS", "cells", "mm2 of cells"):
        sheet.add_column(title, justify="left" if title == "part" else "right")
    for name, n in chosen["parts_per_parameter"].items():
        sheet.add_row(name, f"{n:.4f}", f"{own['parts_per_parameter'][name]:.4f}", f"{own['cells_mm2'][name]:,.2f}")
    whole = (one["transistors_per_parameter"] for one in (chosen, own))
    sheet.add_row("all", *(f"{n:.2f}" for n in whole), f"{sum(own['cells_mm2'].values()):,.2f}")
    tables.show(console, sheet)
    held = own["tokens_per_second_user"]
    console.print(f"at the clock that holds: {held:,.0f} tokens/s for one user")


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
