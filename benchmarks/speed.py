"""Depth from focus against the yardstick in one run: `python benchmarks/speed.py`."""

from __future__ import annotations

import typer
from _record import write_record
from rich.console import Console

from ddff_perception.depth_from_focus.commands.bench import speed_table
from ddff_perception.depth_from_focus.evaluation.speed import measure_speed


def main() -> None:
    """Measures, prints the table and records it."""
    rows = measure_speed(slice_counts=(3, 5, 10, 20, 40))
    Console().print(speed_table(rows))
    path = write_record("speed", [row.to_dict() for row in rows])
    print(f"recorded in {path}")


if __name__ == "__main__":
    typer.run(main)
