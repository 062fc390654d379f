"""ZEDD, the benchmark of 100 real scenes: our methods beside the published rows; a submission.

    python benchmarks/zedd.py [FOLDER] [--methods focus_stream multiscale] [--weights NAME]
    python benchmarks/zedd.py FOLDER --submission focus_stream.zip

FOLDER is the unpacked data set (https://zedd.cs.princeton.edu, CC BY 4.0). Without it the published
rows are printed. Scored is the validation split as the published rows are: F2.8, five of the nine
distances, 480 rows, 640 columns around the middle, depth in metres, mean over scenes. A submission
is of the test split, for the test server.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _record import run, write_record
from rich.console import Console
from rich.table import Table

from ddff_perception.console import progress_bar
from ddff_perception.depth_from_focus.data.zedd import (
    TEST_SIZE,
    check_submission,
    find_scenes,
    read_focus_runs,
    read_scene,
    write_submission,
)
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.evaluation.depth.maps import fill_to_full_coverage
from ddff_perception.types import FloatArray, InputError

_FOSSA = "README of princeton-vl/FOSSA, validation split"
PUBLISHED: tuple[dict[str, Any], ...] = (
    {
        "method": "FOSSA ViT-S",
        "data": "ZEDD validation",
        "abs_rel": 0.0985,
        "delta_1_05": 44.50,
        "delta_1_15": 78.66,
        "delta_1_25": 88.58,
        "source": _FOSSA,
    },
    {
        "method": "FOSSA ViT-B",
        "data": "ZEDD validation",
        "abs_rel": 0.0957,
        "delta_1_05": 43.17,
        "delta_1_15": 81.01,
        "delta_1_25": 91.94,
        "source": _FOSSA,
    },
    {
        "method": "FOSSA",
        "data": "ZEDD test",
        "abs_rel": 0.089,
        "source": "arXiv 2603.26658, as summed up by arxivlens.com",
    },
    {
        "method": "FOSSA ViT-S, fine-tuned",
        "data": "DDFF-12 validation",
        "mse_px2": 4e-4,
        "source": "README of princeton-vl/FOSSA",
    },
    {
        "method": "FOSSA ViT-B, fine-tuned",
        "data": "DDFF-12 validation",
        "mse_px2": 3e-4,
        "source": "README of princeton-vl/FOSSA",
    },
    {
        "method": "DFV",
        "data": "DDFF-12 validation",
        "mse_px2": 5.7e-4,
        "source": "F. Yang et al., CVPR 2022",
    },
)
"""What others report of themselves; nothing here was run by us."""
DELTAS = {"delta_1_05": 1.05, "delta_1_15": 1.15, "delta_1_25": 1.25}


def main() -> None:
    arguments = _arguments()
    rows: list[dict[str, Any]] = [dict(row) for row in PUBLISHED]
    if arguments.submission is not None:
        if arguments.folder is None:
            raise InputError("a submission needs the folder of the data set")
        write_submission(arguments.submission, _test_depths(arguments))
        check_submission(arguments.submission)
        print(f"{arguments.submission} is ready for https://zedd.cs.princeton.edu/submissions/new/")
        return
    if arguments.folder is not None:
        rows += validation_rows(arguments.folder, _methods(arguments))
    table = Table(title="ZEDD and the published rows")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    for name in columns:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    Console(width=150).print(table)
    print(f"recorded in {write_record('zedd', rows)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="the unpacked data set")
    parser.add_argument("--methods", nargs="+", default=["multiscale", "focus_stream"])
    parser.add_argument("--weights", default="focus_stream", help="FocusStream's model")
    parser.add_argument("--submission", type=Path, help="zip file to write, by the last method")
    return parser.parse_args()


def _methods(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    own = {"model": arguments.weights}
    return {name: own if name == "focus_stream" else {} for name in arguments.methods}


def validation_rows(folder: Path, methods: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per method over the validation split of the data set in `folder`."""
    runs, scenes = read_focus_runs(folder), find_scenes(folder, "val")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    with progress_bar("ZEDD", len(scenes) * len(methods)) as report:
        for path in scenes:
            scene = read_scene(path, runs)
            if scene.truth is None:
                raise InputError(f"{path} has no gt/depth.npy: the validation split has")
            for name, parameters in methods.items():
                depth = DepthFromFocus(name, parameters).process(scene.stack).depth
                found[name].append(scores(fill_to_full_coverage(depth), scene.truth))
                report()
    return [
        {
            "method": name,
            "data": "ZEDD validation",
            **{key: float(np.mean([one[key] for one in each])) for key in each[0]},
            "source": f"this command, {len(scenes)} scenes",
        }
        for name, each in found.items()
    ]


def scores(depth: FloatArray, truth: FloatArray) -> dict[str, float]:
    """Mean relative error and per cent of the pixels within factors, where the truth is known."""
    known = np.isfinite(truth)
    estimate, true = depth[known].astype(np.float64), truth[known].astype(np.float64)
    ratio = np.maximum(estimate / true, true / estimate)
    result = {"abs_rel": float(np.mean(np.abs(estimate - true) / true))}
    return result | {key: 100 * float(np.mean(ratio < factor)) for key, factor in DELTAS.items()}


def _test_depths(arguments: argparse.Namespace) -> Iterator[FloatArray]:
    runs = read_focus_runs(arguments.folder)
    scenes = find_scenes(arguments.folder, "test")
    name, parameters = list(_methods(arguments).items())[-1]
    with progress_bar("ZEDD test", len(scenes)) as report:
        for path in scenes:
            stack = read_scene(path, runs, size=TEST_SIZE).stack
            farthest = max(item.focus_distance_m for item in stack.slices)
            depth = fill_to_full_coverage(DepthFromFocus(name, parameters).process(stack).depth)
            yield np.minimum(depth, np.float32(farthest))
            report()


if __name__ == "__main__":
    run(main)
