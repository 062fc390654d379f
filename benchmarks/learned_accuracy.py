"""Learned methods beside the classical ones on path-traced stacks.

Same stacks and scores as `benchmarks/accuracy.py`, whose seeds no training has. `--set vga` scores
larger stacks, `--set clean` richly textured ones without noise, where precision between the slices
is all that counts.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from _operations import cost_of
from _record import ROOT, write_record
from accuracy import _render, _row, _run, _stack_rows, _stack_table, _table, write_pictures
from rich.console import Console

from ddff_perception.depth_from_focus.methods import METHODS
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.simulation.focus_camera.accuracy_set import ACCURACY_SET, CLEAN_SET, VGA_SET

COMPARED = ("yardstick", "vdff", "multiscale", "ddffnet", "dynamic_fusion", "focus_stream")
# FocusStream with larger images; small ones, as of the other sets, are not concerned.
FINE = "focus_stream fine"
# Of each set: its sweeps, the folder that they are rendered into, and the record.
SETS = {
    "usual": (ACCURACY_SET, "accuracy_set", "learned_accuracy"),
    "vga": (VGA_SET, "vga_set", "learned_accuracy_vga"),
    "clean": (CLEAN_SET, "clean_set", "learned_accuracy_clean"),
}


def main() -> None:
    arguments = _arguments()
    methods: dict[str, dict[str, Any]] = {name: {} for name in arguments.methods if name in METHODS}
    if arguments.set == "vga" and "focus_stream" in methods:
        methods[FINE] = {"fine": True}
    for name in methods:
        if name.split()[0] in ("ddffnet", "dynamic_fusion", "focus_stream"):
            methods[name]["engine"] = arguments.engine
    sweeps, folder, record = SETS[arguments.set]
    folders = arguments.stacks or _render(arguments.folder / folder, sweeps)
    stacks = [read_stack(folder) for folder in folders]
    results = _run(stacks, methods)
    rows = [
        _row(name, result, results["yardstick"]) | cost_of(name) for name, result in results.items()
    ]
    console = Console(width=150)
    console.print(_table(rows))
    console.print(_stack_table(results))
    for row in (row for row in rows if "operations_g" in row):
        console.print(
            f"{row['method']}: {row['parameters_m']} million parameters, {row['operations_g']} x "
            "10^9 multiply-adds for ten slices of 640x480"
        )
    write_pictures(arguments.output, stacks, results)
    if not arguments.stacks:
        words = "" if arguments.set == "usual" else f" --set {arguments.set}"
        command = f"python benchmarks/learned_accuracy.py{words}"
        path = write_record(record, rows, stacks=_stack_rows(results, stacks), command=command)
        console.print(f"recorded in {path}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stacks", nargs="*", type=Path, help="stack folders with depth.npy")
    parser.add_argument("--set", default="usual", choices=list(SETS), help="which stacks")
    parser.add_argument("--folder", type=Path, default=ROOT / "out", help="holds rendered sets")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "learned_accuracy")
    parser.add_argument("--methods", nargs="+", default=list(COMPARED))
    parser.add_argument("--engine", default="auto", help="what runs the networks")
    return parser.parse_args()


if __name__ == "__main__":
    main()
