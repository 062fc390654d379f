"""Learned methods beside the classical ones on path-traced stacks.

Same stacks and scores as `benchmarks/accuracy.py`, whose seeds no training has. `--clean` scores
richly textured stacks without noise as well, where sub-slice precision is all that counts. The
papers' networks are compared by `--methods` where their files lie in `weights/`.
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
from ddff_perception.simulation.scene_types import SceneSettings
from ddff_perception.simulation.sensor import SensorSettings
from ddff_perception.simulation.sweep import SweepSettings
from ddff_perception.simulation.sweep_folder import holds_sweep, render_to_folder

COMPARED = ("yardstick", "vdff", "multiscale", "focus_stream")
CLEAN = {
    f"clean_{layout}": SweepSettings(
        scene=SceneSettings(seed=seed, layout=layout, near_m=0.5, far_m=3.0),
        slices=9,
        aperture_diameter_m=0.010,
        near_m=0.5,
        far_m=3.5,
        samples=400,
        sensor=SensorSettings(noise=0.0),
    )
    for layout, seed in (("table_top", 920), ("room", 921))
}


def main() -> None:
    arguments = _arguments()
    methods: dict[str, dict[str, Any]] = {name: {} for name in arguments.methods if name in METHODS}
    if "focus_stream" in methods:
        methods["focus_stream"] = {"engine": arguments.engine}
    folders = arguments.stacks
    if arguments.clean:
        folders = _render_clean(arguments.folder.parent / "clean_set")
    elif not folders:
        folders = _render(arguments.folder)
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
        name = "learned_accuracy_clean" if arguments.clean else "learned_accuracy"
        path = write_record(name, rows, stacks=_stack_rows(results, stacks))
        console.print(f"recorded in {path}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stacks", nargs="*", type=Path, help="stack folders with depth.npy")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "accuracy_set")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "learned_accuracy")
    parser.add_argument("--methods", nargs="+", default=list(COMPARED))
    parser.add_argument("--engine", default="auto", help="what runs FocusStream")
    parser.add_argument("--clean", action="store_true", help="textured stacks without noise")
    return parser.parse_args()


def _render_clean(folder: Path) -> list[Path]:
    for name, settings in CLEAN.items():
        if not holds_sweep(folder / name, settings):
            render_to_folder(folder / name, settings)
    return [folder / name for name in CLEAN]


if __name__ == "__main__":
    main()
