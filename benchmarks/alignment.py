"""How far time maps lie from the truth: drives along rendered routes, and pairs of other routes.

    python benchmarks/alignment.py out/drives

The folder holds drives of `ddff simulate drive --use judge`, at least two days of each of two
routes; what descriptors learned from must not have been theirs.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from _record import run, write_record
from numpy.typing import NDArray

from ddff_perception.alignment.data.drawn import DrawnRoute
from ddff_perception.alignment.evaluation.scores import OffsetScores
from ddff_perception.alignment.live.follower import Follower
from ddff_perception.alignment.live.route import Route
from ddff_perception.alignment.matching.alignment import align
from ddff_perception.alignment.matching.costs import cost_matrix
from ddff_perception.alignment.matching.grid import rows_by_column, shortest_path
from ddff_perception.alignment.methods import METHODS
from ddff_perception.engines.model_zoo import find_model
from ddff_perception.files.drive_folder import Drive, is_drive, read_drive
from ddff_perception.types import FloatArray, InputError

Describe = Callable[[NDArray[Any]], FloatArray]
HOUR_FRAMES = 36_000
LIVE_FRAMES = 60


def main(
    drives: Annotated[Path, typer.Argument(help="Folder of drives.")],
    output: Annotated[Path | None, typer.Option(help="Where the record goes.")] = None,
    untrained: Annotated[bool, typer.Option(help="The encoder before training; torch.")] = True,
) -> None:
    """Measure, print and record."""
    found = [read_drive(folder) for folder in sorted(drives.iterdir()) if is_drive(folder)]
    _require_judges(found)
    ways: dict[str, Describe] = {name: METHODS.create(name) for name in ("encoder", "sift")}
    if untrained:
        ways["untrained encoder"] = _untrained()
    rows = []
    for name, describe in ways.items():
        described = [np.stack([describe(d.image(n)) for n in range(len(d))]) for d in found]
        rows.append({"descriptor": name, "path": "tours", **_scores(found, described, _tours)})
        rows.append({"descriptor": name, "path": "plain", **_scores(found, described, _plain)})
        free = {"path": "plain, ends free"}
        rows.append({"descriptor": name, **free, **_scores(found, described, _plain_free)})
        rows.append({"descriptor": name, "path": "live", **_scores(found, described, _live)})
    for row in rows:
        print(row)
    cost = _live_cost(METHODS.create("encoder"))
    print(cost)
    print("recorded in", write_record("alignment", rows, output, live=cost))


def _require_judges(drives: list[Drive]) -> None:
    routes = [drive.route for drive in drives]
    if not drives or min(routes.count(route) for route in routes) < 2 or len(set(routes)) < 2:
        raise InputError("give a folder with two drives of two routes at least")
    seen = set(find_model("route_encoder").card.assets)
    for drive in drives:
        shared = seen & set(drive.assets)
        if shared:
            raise InputError(f"{drive.folder} shows {min(shared)}, which the encoder learned from")


def _untrained() -> Describe:
    """The encoder with ImageNet's weights, its cells as they are."""
    import torch

    from ddff_perception.alignment.learned.encoder import network_input
    from ddff_perception.alignment.networks.route_encoder import RouteEncoder
    from ddff_perception.alignment.training.route_encoder import load_encoder

    network = RouteEncoder().eval()
    load_encoder(network, 1.0)

    def describe(image: NDArray[Any]) -> FloatArray:
        with torch.no_grad():
            maps = network.trunk(torch.from_numpy(network_input(image))[None])
            found: FloatArray = network.cells(maps)[0].numpy()
        return found

    return describe


def _tours(a: Drive, b: Drive, da: FloatArray, db: FloatArray) -> NDArray[np.float64]:
    return align(da, db, a.seconds, b.seconds).reference_s


def _plain(a: Drive, b: Drive, da: FloatArray, db: FloatArray) -> NDArray[np.float64]:
    """The paper's plain row: no de-correlation, no stripes, ends taken as known."""
    costs = cost_matrix(da, db)
    path = shortest_path(costs, start=0, end=len(da) - 1)
    return np.interp(rows_by_column(path, len(db)), np.arange(len(da)), a.seconds)


def _plain_free(a: Drive, b: Drive, da: FloatArray, db: FloatArray) -> NDArray[np.float64]:
    """The plain row by one who does not know where the drives begin and end, as nobody does."""
    path = shortest_path(cost_matrix(da, db))
    return np.interp(rows_by_column(path, len(db)), np.arange(len(da)), a.seconds)


def _live(a: Drive, b: Drive, da: FloatArray, db: FloatArray) -> NDArray[np.float64]:
    follower = Follower(Route.of(da, a.seconds))
    matches = [follower.add(float(t), d) for t, d in zip(b.seconds, db, strict=True)]
    return np.array([np.nan if m.lost else a.seconds[m.row] for m in matches])


def _scores(drives: list[Drive], described: list[FloatArray], way: Any) -> dict[str, Any]:
    """Offsets of all pairs of one route, and what of pairs of two routes is matched."""
    times: list[NDArray[np.float64]] = []
    true: list[NDArray[np.float64]] = []
    foreign: list[float] = []
    for i, j in itertools.permutations(range(len(drives)), 2):
        found = way(drives[i], drives[j], described[i], described[j])
        if drives[i].route == drives[j].route:
            times.append(found)
            true.append(drives[j].true_seconds(drives[i]))
        else:
            foreign.append(float(np.mean(~np.isnan(found))))
    scores = OffsetScores.of(np.concatenate(times), np.concatenate(true))
    return {
        "pairs": len(times),
        "frames": scores.frames,
        "matched": scores.matched,
        "within_4": scores.within_4,
        "within_15": scores.within_15,
        "median": scores.median_frames,
        "foreign_pairs": len(foreign),
        "false_pairs": float(np.mean(np.array(foreign) > 0)),
        "false_frames": float(np.mean(foreign)),
    }


def _live_cost(encoder: Describe) -> dict[str, float]:
    """Milliseconds of one 640x480 frame against an hour at 10 Hz."""
    import cv2

    draw = np.random.default_rng(0).standard_normal((HOUR_FRAMES, 256)).astype(np.float32)
    route = Route.of(
        draw / np.linalg.norm(draw, axis=1, keepdims=True), np.arange(HOUR_FRAMES) / 10
    )
    follower = Follower(route)
    images = DrawnRoute(0).drive(np.linspace(0, 1, LIVE_FRAMES, dtype=np.float32))
    stages: dict[str, list[float]] = {"descriptor_ms": [], "path_ms": []}
    for number, image in enumerate(images):
        large = cv2.resize(image, (640, 480))
        start = time.perf_counter()
        descriptor = encoder(large)
        middle = time.perf_counter()
        follower.add(number / 30, descriptor)
        stages["descriptor_ms"].append(1e3 * (middle - start))
        stages["path_ms"].append(1e3 * (time.perf_counter() - middle))
    return {name: float(np.median(values)) for name, values in stages.items()}


if __name__ == "__main__":
    run(lambda: typer.run(main))
