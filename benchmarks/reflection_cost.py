"""What reflection separation costs: every method, the network on every engine, the decomposition.

`python benchmarks/reflection_cost.py` takes turns between all jobs of one size, so that a busy
moment hits all of them, and records the median of `--repeats` runs each. `ratio`: to OpenCV's 3 x 3
Sobel of the same three images, both writing into arrays that they wrote before, as in a live node,
by the clock: time of the processor counts threads, too, that wait for work after another job.
`mosaic`: from a raw 8-bit mosaic of twice the size (the common 5-megapixel sensor) to both layers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _record import write_record
from reflection import ANGLES, mixture
from rich.console import Console
from rich.progress import track
from rich.table import Table

from ddff_perception.engines.create import available_backends
from ddff_perception.optics.polarization import canonical_images
from ddff_perception.reflection.capture.images import images_from_mosaic
from ddff_perception.reflection.methods import METHODS, create_method, separate
from ddff_perception.types import PolarizedImages

SIZES = ((640, 512), (1224, 1024))
PHYSICS = tuple(name for name in METHODS if name != "network")
YARDSTICK = "Sobel 3x3 of the three images"
Jobs = dict[str, Callable[[], object]]


def jobs_of(images: PolarizedImages) -> Jobs:
    """All that is timed on `images`."""
    kept = canonical_images(images.images, images.angles_deg)
    edges = [np.empty(image.shape, np.float32) for image in images.images]
    jobs: Jobs = {
        YARDSTICK: lambda: [
            cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=3, dst=out)
            for image, out in zip(images.images, edges, strict=True)
        ],
        "canonical images": lambda: canonical_images(images.images, images.angles_deg, out=kept),
    }
    jobs |= {name: lambda n=name: separate(images, n) for name in PHYSICS}
    for backend in available_backends():
        for model in ("reflection_surface", "reflection_surface_float16"):
            values = {"engine.backend": backend, "model": model}
            label = f"network, {backend}, {model.rpartition('_')[2].replace('surface', 'float32')}"
            jobs[label] = partial(create_method("network", values), images)
    return jobs


def mosaic_jobs(images: PolarizedImages) -> Jobs:
    """From the raw mosaic to layers; `images` grey, of half the sensor's size."""
    height, width = images.images[0].shape
    raw = np.empty((2 * height, 2 * width), np.uint8)
    # The fourth angle of an ideal camera: I(135) = I(0) + I(90) - I(45).
    fourth = images.images[0].astype(int) + images.images[2] - images.images[1]
    cells = (images.images[2], images.images[1], np.clip(fourth, 0, 255), images.images[0])
    for number, cell in enumerate(cells):
        raw[number // 2 :: 2, number % 2 :: 2] = cell
    return {
        f"mosaic, {name}": lambda n=name: separate(images_from_mosaic(raw), n) for name in PHYSICS
    }


def medians_ms(jobs: Jobs, repeats: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds per job, by the clock and of the processor; the jobs take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in track(range(repeats), "Timing"):
        for name, job in jobs.items():
            wall, processor = time.perf_counter(), time.process_time()
            job()
            times[name].append((time.perf_counter() - wall, time.process_time() - processor))
    medians = {name: 1e3 * np.median(found, axis=0) for name, found in times.items()}
    return {name: (float(both[0]), float(both[1])) for name, both in medians.items()}


def measured(repeats: int) -> list[dict[str, Any]]:
    rows = []
    for size in SIZES:
        grey, _, _ = mixture(np.random.default_rng(0), 56.0, 1.0, False, size)
        colour = PolarizedImages(tuple(cv2.merge([image] * 3) for image in grey.images), ANGLES)
        for images in (grey, colour):
            jobs = jobs_of(images)
            if images is grey and size == SIZES[-1]:
                jobs |= mosaic_jobs(images)
            found = medians_ms(jobs, repeats)
            rows += [
                {
                    "method": name,
                    "width": size[0],
                    "height": size[1],
                    "channels": 1 if images is grey else 3,
                    "median_ms": round(wall, 2),
                    "processor_ms": round(processor, 2),
                    "ratio": round(wall / found[YARDSTICK][0], 2),
                    "rate_hz": round(1e3 / wall, 1),
                }
                for name, (wall, processor) in found.items()
            ]
    return rows


def table(rows: list[dict[str, Any]]) -> Table:
    result = Table(title="Cost (ms by the clock, and in Sobels), three 8-bit images")
    result.add_column("Method", no_wrap=True)
    cases = list(dict.fromkeys((r["width"], r["height"], r["channels"]) for r in rows))
    for width, height, channels in cases:
        result.add_column(f"{width}x{height} {'grey' if channels == 1 else 'BGR'}", justify="right")
    for name in dict.fromkeys(row["method"] for row in rows):
        cells = {(r["width"], r["height"], r["channels"]): r for r in rows if r["method"] == name}
        texts = [
            f"{cells[c]['median_ms']:.1f} ({cells[c]['ratio']:.1f}x)" if c in cells else ""
            for c in cases
        ]
        result.add_row(name, *texts)
    return result


def main(repeats: Annotated[int, typer.Option(min=1, help="Runs per job")] = 15) -> None:
    """Times everything and records it."""
    rows = measured(repeats)
    console = Console()
    console.print(table(rows))
    path = write_record("reflection_cost", rows, setup={"angles_deg": ANGLES, "repeats": repeats})
    console.print(f"recorded in {path}")


if __name__ == "__main__":
    typer.run(main)
