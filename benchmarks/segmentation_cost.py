"""What labelling an RGB-D frame costs, from the camera's images to labels of 320x240.

`python benchmarks/segmentation_cost.py` labels a room of planes at 640x480, its depth with the
errors and holes of a structured-light camera, without an engine: depth that lies on the pixels of
colour, and depth of a second camera beside it, which is registered; with holes filled, as for
networks, and without.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import cv2
import numpy as np
import typer
from _record import ROOT, write_record

from ddff_perception.optics.rigid_transform import RigidTransform
from ddff_perception.segmentation.capture.frames import RawRgbd
from ddff_perception.segmentation.pipeline import SegmentationPipeline
from ddff_perception.simulation.rgbd_camera.depth_sensor import sensed_depth

sys.path.insert(0, str(ROOT / "test" / "helpers"))
from rooms import CAMERA, picture, room

REPEATS, THREADS = 30, 2
BESIDE = [0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def raw_frame(registered: bool) -> RawRgbd:
    """640x480 of the room; depth of a camera 5 cm beside colour where it is to be registered."""
    camera = CAMERA.resized(640, 480)
    stand = RigidTransform.of_numbers(BESIDE) if registered else None
    depth, _ = room(camera, at=stand)
    rng = np.random.default_rng(0)
    sensed = sensed_depth(depth, np.zeros(depth.shape, bool), camera.fx, rng)
    return RawRgbd(picture(room(camera)[1]), sensed, camera, camera, stand)


def measured(registered: bool, fill: bool) -> dict[str, Any]:
    """Medians of one way, milliseconds."""
    pipeline, raw = (
        SegmentationPipeline({"method": "planes", "capture.fill": fill}),
        raw_frame(registered),
    )
    stages: dict[str, list[float]] = {"before": [], "planes": [], "processor": [], "clock": []}
    for number in range(REPEATS):
        pipeline.add_rgbd(number * 10**8 + 1, raw)
        clock, processor = time.perf_counter(), time.process_time()
        found = pipeline.estimate()
        stages["processor"].append(1e3 * (time.process_time() - processor))
        stages["clock"].append(1e3 * (time.perf_counter() - clock))
        for stage in ("before", "planes"):
            stages[stage].append(found.timings_ms[stage])
    medians = {f"{name}_ms": float(np.median(times[3:])) for name, times in stages.items()}
    best = {"best_ms": float(np.min(stages["clock"]))}
    kind = "registered" if registered else "on colour's pixels"
    return {"depth": kind, "holes": "filled" if fill else "left", **medians, **best}


def main() -> None:
    """Measures all ways and writes the record."""
    cv2.setNumThreads(THREADS)
    rows = [measured(kind, fill) for kind in (False, True) for fill in (False, True)]
    for row in rows:
        print(row)
    print(write_record("segmentation_cost", rows, threads=THREADS))


if __name__ == "__main__":
    typer.run(main)
