"""Segmentation without learning on rendered rooms.

`python benchmarks/segmentation_planes.py DATASET` labels the views of a data set that
`ddff simulate dataset rooms` rendered, their depth as a structured-light camera measures it, by the
method `planes`: with gravity as an IMU knows it, and with gravity estimated from the depth. True
classes are put together to what the method tells apart: windows and pictures are wall, and
furniture, chairs, beds, sofas and the rest are objects.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from _record import write_record

from ddff_perception.segmentation.capture.frames import RawRgbd
from ddff_perception.segmentation.evaluation.counts import Scores, confusion
from ddff_perception.segmentation.pipeline import SegmentationPipeline
from ddff_perception.segmentation.types import CLASSES
from ddff_perception.simulation.classes import UNLABELLED, to_13
from ddff_perception.simulation.dataset.reader import WorldDataset, WorldView
from ddff_perception.simulation.rgbd_camera.depth_sensor import sensed_depth

SHOWN = ("floor", "wall", "ceiling", "table", "objects")
GATHERED = {"window": "wall", "picture": "wall"}


def gathered() -> np.ndarray:
    """The class of `SHOWN` for each of the 13, by label."""
    table = np.full(256, UNLABELLED, np.uint8)
    for number, name in enumerate(CLASSES):
        meant = name if name in SHOWN else GATHERED.get(name, "objects")
        table[number] = CLASSES.index(meant)
    return table


def raw_frame(view: WorldView, number: int, gravity: bool) -> RawRgbd:
    """What such a camera sees of a view; the method has no use for colour."""
    rng = np.random.default_rng(number)
    depth = sensed_depth(view.depth, view.glass | view.mirror, view.camera.fx, rng)
    pose = np.asarray(view.facts["pose"])
    down = (pose[:3, :3].T @ [0.0, 0.0, -1.0]).astype(np.float32)
    return RawRgbd(None, depth, None, view.camera, None, down if gravity else None)


def scored(dataset: WorldDataset, gravity: bool) -> list[dict[str, Any]]:
    """A row per class, and one of all."""
    pipeline, table = SegmentationPipeline({"method": "planes", "capture.fill": False}), gathered()
    counts = np.zeros((len(CLASSES), len(CLASSES) + 1), np.int64)
    times, sure, right = [], 0.0, 0
    for number in range(len(dataset)):
        view = dataset[number]
        pipeline.add_rgbd(number * 10**8 + 1, raw_frame(view, number, gravity))
        started = time.process_time()
        found = pipeline.estimate().found
        times.append(time.process_time() - started)
        truth = table[to_13(view.classes)]
        counts += confusion(truth, found.labels)
        known = (truth != UNLABELLED) & (found.labels != UNLABELLED)
        sure += float(found.confidence[known].sum())
        right += int((found.labels == truth)[known].sum())
    scores, source = Scores.of(counts), "given" if gravity else "estimated"
    rows: list[dict[str, Any]] = []
    for name in SHOWN:
        n = CLASSES.index(name)
        row = {"gravity": source, "class": name, "share": 100 * float(scores.frequency[n])}
        kinds = {"recall": scores.recall, "precision": scores.precision, "iou": scores.iou}
        rows.append(row | {key: 100 * float(values[n]) for key, values in kinds.items()})
    labelled = int(counts[:, :-1].sum())
    every = {
        "gravity": source,
        "class": "all",
        "share": 100.0,
        "recall": 100 * scores.global_accuracy,
        "precision": 100 * right / labelled,
        "iou": 100 * scores.mean_iou,
        "confidence": 100 * sure / labelled,
        "processor_ms": 1e3 * float(np.median(times)),
    }
    return [*rows, every]


def main(dataset: Annotated[Path, typer.Argument(help="A data set of rooms.")]) -> None:
    """Scores the method and writes the record."""
    views = WorldDataset(dataset)
    rows = [row for gravity in (True, False) for row in scored(views, gravity)]
    settings = views.settings
    what = f"{len(views)} views of {settings.preset}, seed {settings.seed}"
    path = write_record("segmentation_planes", rows, data=what)
    for row in rows:
        print(row)
    print(path)


if __name__ == "__main__":
    typer.run(main)
