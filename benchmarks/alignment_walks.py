"""Real walks laid over each other: one corridor on other floors, every other image, other places.

    python benchmarks/alignment_walks.py out/ie-tower/data/processed_frames

The folder is that of the public set `ie-tower-visual-place-recognition` (JSebastianIEU, MIT): 2,877
images of about 100 walks on 25 floors, one a second. Nothing learned from it; `lasting`,
`lasting_s` and what goes with them were chosen on these walks (`every other image` on the first of
each two of them), the rest was not. On six floors a walk goes the same way along the same corridor:
from one end to the other, by which their truth is the share of the way.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _record import run, write_record
from rich.progress import track

from ddff_perception.alignment.live.follower import Follower
from ddff_perception.alignment.live.route import Route
from ddff_perception.alignment.matching.alignment import align
from ddff_perception.alignment.matching.costs import cost_matrix, excess
from ddff_perception.alignment.matching.grid import rows_by_column, shortest_path
from ddff_perception.alignment.methods import METHODS
from ddff_perception.types import FloatArray, InputError

CORRIDOR = (
    "f06_hallway_main", "f07_hallway_main", "f09_hallway_alt2", "f15_hallway_right",
    "f17_hallway_alt", "f21_hallway_main",
)  # fmt: skip
LEAST, ELSEWHERE = 20, ("stairs", "elevator", "b2_", "b3_", "b4_", "cafeteria")
SHARE, NEAR_S = 0.15, 2.5
"""Tolerances: of the way along the corridor, and of every other image of one walk."""


def tours(a: FloatArray, b: FloatArray, step_s: float) -> FloatArray:
    """Rows of `a` per image of `b`, NaN where it is said to have no place."""
    times = [np.arange(len(own)) * step_s for own in (a, b)]
    return np.asarray(align(a, b, *times).reference_s / step_s, np.float32)


def plain(a: FloatArray, b: FloatArray, step_s: float) -> FloatArray:
    """The cheapest path with free ends; it lays anything over anything."""
    return rows_by_column(shortest_path(excess(cost_matrix(a, b))), len(b))


def live(a: FloatArray, b: FloatArray, step_s: float) -> FloatArray:
    """What the node says."""
    follower = Follower(Route.of(a, np.arange(len(a)) * step_s))
    found = [follower.add(n * step_s, own) for n, own in enumerate(b)]
    return np.array([np.nan if match.lost else match.row for match in found], np.float32)


def main(
    frames: Annotated[Path, typer.Argument(help="Folder of the floors' folders.")],
    output: Annotated[Path | None, typer.Option(help="Where the record goes.")] = None,
) -> None:
    """Measure, print and record."""
    rows: list[dict[str, Any]] = []
    for name in ("encoder", "sift"):
        walks = _described(frames, name)
        for way in (tours, plain, live):
            rows.append({"descriptor": name, "path": way.__name__, **_scores(walks, way)})
            print(rows[-1], flush=True)
    print("recorded in", write_record("alignment_walks", rows, output))


def _described(frames: Path, method: str) -> dict[str, FloatArray]:
    describe, walks = METHODS.create(method), {}
    named: dict[str, list[Path]] = {}
    for file in sorted(frames.glob("*/*_frame_*.jpg")):
        named.setdefault(file.name.split("_frame_")[0], []).append(file)
    if not set(CORRIDOR) <= set(named):
        raise InputError(f"{frames} is not the folder processed_frames of the public set")
    for name, files in track(named.items(), method):
        if len(files) >= LEAST:
            walks[name] = np.stack([describe(cv2.imread(str(file))) for file in files])
    return walks


def _scores(walks: dict[str, FloatArray], way: Any) -> dict[str, float]:
    floors, same, halves = [], [], []
    for a, b in itertools.permutations(CORRIDOR, 2):
        found = way(walks[a], walks[b], 1.0) / (len(walks[a]) - 1)
        floors.append(np.abs(found - np.linspace(0, 1, len(walks[b]))) < SHARE)
        same.append(~np.isnan(found))
    for walk in list(walks.values())[1::2]:
        known, asked = walk[::2], walk[1::2]
        halves.append(np.abs(way(known, asked, 2.0) - np.arange(len(asked)) - 0.5) * 2 <= NEAR_S)
    halls = [own for name, own in walks.items() if "hallway" in name]
    elsewhere = [name for name in walks if any(part in name for part in ELSEWHERE)]
    others = [walks[name] for name in elsewhere if "hallway" not in name]
    false = [np.mean(~np.isnan(way(a, b, 1.0))) for a in halls for b in others]
    return {
        "floors_matched": float(np.mean(np.concatenate(same))),
        "floors_near": float(np.mean(np.concatenate(floors))),
        "halves_near": float(np.mean(np.concatenate(halves))),
        "foreign_pairs": len(false),
        "false_pairs": float(np.mean(np.array(false) > 0)),
        "false_frames": float(np.mean(false)),
    }


if __name__ == "__main__":
    run(lambda: typer.run(main))
