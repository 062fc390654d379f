"""What restoration without learning gains, per degradation and method, and what it costs.

`python benchmarks/restoration.py PHOTOGRAPHS` degrades the photographs of a folder (640 pixels
wide) by `optics/degradation.py`, restores them, and
writes the record; `clean` is the photograph itself, which has to stay as it is.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _record import write_record

from ddff_perception.evaluation.image_metrics import image_scores, unit_image
from ddff_perception.files.images import read_image
from ddff_perception.files.photographs import find_photographs
from ddff_perception.optics.degradation import DEGRADATIONS, degraded
from ddff_perception.restoration.methods import METHODS
from ddff_perception.restoration.pipeline import RestorationPipeline
from ddff_perception.types import ImageArray

THREADS, WIDTH = 2, 640
# Equal images have no error: they count as so much.
_EQUAL_DB = 99.0
# What each method is for.
_NOISE = ("noise", "low_light")
_BLUR = ("blur_2", "blur_4")
WORK: dict[str, tuple[str, ...]] = {
    "adaptive": ("clean", *DEGRADATIONS),
    "shrinkage": _NOISE,
    "total_variation": _NOISE,
    "nonlocal_means": _NOISE,
    "wiener": _BLUR,
    "richardson_lucy": _BLUR,
}


def worse(clean: ImageArray, name: str, seed: int) -> ImageArray:
    """The photograph after one degradation, in 8 bits."""
    if name == "clean":
        return clean
    values = degraded(unit_image(clean), [name], np.random.default_rng(seed))
    return np.asarray(np.rint(values.clip(0, 1) * 255), np.uint8)


def measured(clean: ImageArray, name: str, method: str, seed: int) -> dict[str, float]:
    """PSNR and SSIM before and after, and milliseconds of the processor for a frame of a stream."""
    image = worse(clean, name, seed)
    pipeline = RestorationPipeline({"method": method})
    pipeline.add_image(1, image)
    pipeline.estimate()
    pipeline.add_image(2, image)
    begun = time.process_time()
    found = pipeline.estimate().found
    spent = time.process_time() - begun
    pipeline.close()
    came, made = (image_scores(unit_image(i), unit_image(clean)) for i in (image, found.image))
    return {
        "came_db": min(came.psnr_db, _EQUAL_DB),
        "made_db": min(made.psnr_db, _EQUAL_DB),
        "came_ssim": came.ssim,
        "made_ssim": made.ssim,
        "untouched": float(found.untouched),
        "processor_ms": 1e3 * spent,
    }


def row(name: str, method: str, each: list[dict[str, float]]) -> dict[str, Any]:
    """Means over the photographs, and the one that lost most."""
    values = {key: float(np.mean([one[key] for one in each])) for key in each[0]}
    if name == "clean":
        values["came_db"] = math.nan
    gains = [one["made_db"] - one["came_db"] for one in each]
    known = name != "clean"
    return {
        "degradation": name,
        "method": method,
        "images": len(each),
        **values,
        "gain_db": float(np.mean(gains)) if known else math.nan,
        "worst_db": float(np.min(gains)) if known else math.nan,
    }


def photographs(folder: Path, most: int) -> list[ImageArray]:
    """The first `most` that are wide enough, 640 pixels wide."""
    found: list[ImageArray] = []
    for file in find_photographs(folder, 1):
        image = read_image(file)
        if len(found) == most or image.ndim != 3 or image.shape[1] < 2 * WIDTH:
            continue
        scale = WIDTH / image.shape[1]
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found.append(np.asarray(small, np.uint8))
    return found


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of photographs.")],
    most: Annotated[int, typer.Option(help="How many of them.", min=1)] = 12,
) -> None:
    """Measures every method at what it is for, and writes the record."""
    cv2.setNumThreads(THREADS)
    cleans = photographs(folder, most)
    rows = []
    for method in (name for name, entry in METHODS.items() if not entry.network):
        for name in WORK[method]:
            each = [measured(clean, name, method, seed) for seed, clean in enumerate(cleans)]
            rows.append(row(name, method, each))
            typer.echo(" ".join(f"{k} {v}" for k, v in rows[-1].items()))
    gains = {r["degradation"]: r["gain_db"] for r in rows if r["method"] == "adaptive"}
    kept = next(r["untouched"] for r in rows if r["degradation"] == "clean")
    write_record(
        "restoration",
        rows,
        headline=f"The default gains {gains['noise']:.1f} dB on noise, {gains['low_light']:.1f} in "
        f"low light, {gains['blur_2']:.1f} on a blur of 2 px, {gains['jpeg']:.1f} on JPEG; "
        f"{100 * kept:.0f} % of the clean photographs stay as they are, bit by bit.",
    )


if __name__ == "__main__":
    typer.run(main)
