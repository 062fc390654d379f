"""How right labels are: rendered rooms that no training has seen, and real frames.

    python benchmarks/segmentation_accuracy.py ROOMS [--captures FOLDER]

`ddff simulate dataset rooms --use judge --seed 900 --views 60 -o ROOMS` makes ROOMS: furniture,
light and pictures are held out. Each view goes through one of three models of depth cameras and
through a colour camera with noise and JPEG. Real frames: `nyu_colour_labels` in FOLDER (else
DDFF_CAPTURES, else `../shared/data`), seven frames of NYUv2, colour alone.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _record import ROOT, write_record
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ddff_perception.console import progress_bar
from ddff_perception.files.atomic import make_folder
from ddff_perception.files.images import read_image, write_image
from ddff_perception.files.results import written_by
from ddff_perception.segmentation.data.depth_sensors import SENSORS
from ddff_perception.segmentation.data.views import rendered_frame
from ddff_perception.segmentation.evaluation.counts import Scores, calibration_error, confusion
from ddff_perception.segmentation.methods import METHODS
from ddff_perception.segmentation.palette import label_colours
from ddff_perception.segmentation.rendering import overlay, resized_confidence, resized_labels
from ddff_perception.segmentation.types import CLASSES, Labelling, RgbdFrame
from ddff_perception.simulation.classes import to_13
from ddff_perception.simulation.dataset.reader import WorldDataset

# Labels of the real frames count from 1; 0 is void.
_CAPTURE = "nyu_colour_labels"
_BORDER_PX = 8


@dataclass
class Tally:
    """Counts of one method on one set, and what its confidence was worth."""

    counts: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((len(CLASSES), len(CLASSES) + 1), np.int64)
    )
    confidence: list[NDArray[np.float32]] = field(default_factory=list)
    right: list[NDArray[np.bool_]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, found: Labelling, truth: NDArray[np.uint8], seconds: float) -> None:
        labels = resized_labels(found.labels, (truth.shape[0], truth.shape[1]))
        confidence = resized_confidence(found.confidence, (truth.shape[0], truth.shape[1]))
        self.counts += confusion(truth, labels)
        labelled = truth < len(CLASSES)
        self.confidence.append(confidence[labelled][::7])
        self.right.append((labels == truth)[labelled][::7])
        self.seconds.append(seconds)

    def row(self, data: str, method: str) -> dict[str, Any]:
        error = calibration_error(np.concatenate(self.confidence), np.concatenate(self.right))
        record = Scores.of(self.counts).record()
        return {
            "set": data,
            "method": method,
            "frames": len(self.seconds),
            "calibration_error": round(error, 4),
            "seconds": round(float(np.median(self.seconds)), 4),
            **record,
        }


def rooms(folder: Path) -> Iterator[tuple[RgbdFrame, NDArray[np.uint8]]]:
    """Frames and true labels of a rendered data set."""
    dataset = WorldDataset(folder)
    for number in range(len(dataset)):
        view, rng = dataset[number], np.random.default_rng([9, number])
        yield rendered_frame(view, SENSORS[number % len(SENSORS)], rng), to_13(view.classes)


def real_frames(folder: Path) -> Iterator[tuple[RgbdFrame, NDArray[np.uint8]]]:
    """The frames of NYUv2, without depth, at half their size; the white border is left out."""
    for file in sorted(folder.glob("*_rgb.png")):
        truth = read_image(file.with_name(file.name.replace("_rgb", "_label13")))
        inside = np.s_[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX]
        image = read_image(file)[inside]
        half = (image.shape[1] // 2, image.shape[0] // 2)
        colour = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        labels = truth[inside].astype(np.uint8) - np.uint8(1)  # 0 becomes 255
        yield RgbdFrame(np.asarray(colour, np.uint8)), labels


def ways(frame: RgbdFrame) -> dict[str, RgbdFrame]:
    """The frame with both, with colour alone, and with depth alone."""
    found = {"colour": replace(frame, depth=None, filled=None)} if frame.colour is not None else {}
    if frame.depth is not None:
        found |= {"both": frame, "depth": replace(frame, colour=None)}
    return found


def evaluate(
    data: str,
    frames: Iterator[tuple[RgbdFrame, NDArray[np.uint8]]],
    count: int,
    methods: dict[str, Callable[[RgbdFrame], Labelling]],
    pictures: Path,
) -> list[dict[str, Any]]:
    """A row for each method and what it was given; pictures of the frames go into `pictures`."""
    tallies: dict[str, Tally] = {}
    with progress_bar(data, count) as report:
        for number, (frame, truth) in enumerate(frames):
            shown = []
            for name, method in methods.items():
                for given, partial in ways(frame).items():
                    if name == "planes" and given != "depth":
                        continue
                    begin = time.perf_counter()
                    found = method(partial)
                    tally = tallies.setdefault(f"{name} ({given})", Tally())
                    tally.add(found, truth, time.perf_counter() - begin)
                    shown.append(overlay(frame, found))
            true = resized_labels(truth, frame.size)
            tiles = [label_colours(true), *shown]
            if frame.colour is not None:
                tiles.insert(0, frame.colour)
            write_image(pictures / f"{data}_{number:03d}.png", np.hstack(tiles))
            report()
    return [tally.row(data, name) for name, tally in tallies.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("DDFF_CAPTURES", ROOT.parent / "shared" / "data"))
    parser.add_argument("rooms", type=Path)
    parser.add_argument("--captures", type=Path, default=default)
    parser.add_argument("--model", default="fuse_light", help="an ONNX file, or a shipped name")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "segmentation_accuracy")
    parser.add_argument("--record", type=Path, help="where the record goes")
    arguments = parser.parse_args()
    made = {
        "planes": METHODS.create("planes"),
        "fuse_light": METHODS.create("fuse_light", {"model": arguments.model}),
    }
    methods: dict[str, Callable[[RgbdFrame], Labelling]] = dict(made)
    with written_by(None):
        pictures = make_folder(arguments.output)
        count = len(WorldDataset(arguments.rooms))
        rows = evaluate("rooms", rooms(arguments.rooms), count, methods, pictures)
        real = arguments.captures / _CAPTURE
        if real.is_dir():
            learned = {"fuse_light": methods["fuse_light"]}
            total = len(list(real.glob("*_rgb.png")))
            rows += evaluate("nyu", real_frames(real), total, learned, pictures)
    table = Table(
        "set", "method", "frames", "global", "mean recall", "mean IoU", "calibration", "s"
    )
    for row in rows:
        names = ("global", "mean_recall", "mean_iou", "calibration_error", "seconds")
        numbers = (f"{row[name]:.3f}" for name in names)
        table.add_row(row["set"], row["method"], str(row["frames"]), *numbers)
    Console(width=120).print(table)
    settings = WorldDataset(arguments.rooms).settings
    write_record("segmentation_accuracy", rows, arguments.record, rooms_seed=settings.seed)


if __name__ == "__main__":
    main()
