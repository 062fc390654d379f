"""`ddff bench`: how fast depth from focus is here."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from ...console import AsJson, console, progress_bar
from ...files.atomic import json_text
from ..methods import METHODS


def bench(
    method: Annotated[str, typer.Option(help=f"One of: {', '.join(METHODS)}.")] = "multiscale",
    width: Annotated[int, typer.Option(help="Width in pixels.", min=64, max=8192)] = 640,
    height: Annotated[int, typer.Option(help="Height in pixels.", min=48, max=8192)] = 480,
    slices: Annotated[list[int] | None, typer.Option(help="Stack sizes to time.", min=2)] = None,
    repeats: Annotated[int, typer.Option(help="Timings per median.", min=3, max=1000)] = 40,
    as_json: AsJson = False,
) -> None:
    """Time depth from focus on this machine, against the yardstick in the same run.

    The yardstick is the sum-modified Laplacian as everyone writes it: filter2D, box mean, argmax.

    Example:
      ddff bench --slices 5 --slices 10 --slices 40

    """
    from ..evaluation.speed import measure_speed

    counts = tuple(slices or (5, 10, 20, 40))
    with progress_bar("timing", len(counts)) as report:
        rows = measure_speed(method, counts, (width, height), repeats, report)
    if as_json:
        typer.echo(json_text([row.to_dict() for row in rows]))
        return
    console.print(speed_table(rows))


def speed_table(rows: list[Any]) -> Table:
    """The speed rows as a rich table."""
    first = rows[0]
    table = Table(
        title=f"{first.method} against the yardstick, {first.width}x{first.height}, median ms"
    )
    headings = ("slices", "yardstick slice", "its measure", "new slice", "new depth")
    for heading in (*headings, "all-in-focus", "ratio", "ratio to measure", "kept per slice"):
        table.add_column(heading, justify="right")
    for row in rows:
        times = (row.yardstick_slice_ms, row.yardstick_measure_ms, row.slice_ms, row.depth_ms)
        cells = [f"{value:.2f}" for value in (*times, row.all_in_focus_ms)]
        ratios = [f"{row.ratio:.2f}", f"{row.ratio_measure:.2f}"]
        kept = f"{row.kept_bytes_per_slice / 1024:.0f} KiB"
        table.add_row(str(row.slices), *cells, *ratios, kept)
    return table
