"""What the methods without learning gain and cost, frame by frame.

`python benchmarks/deblurring.py FOLDER` shakes a camera before sharp pictures (a folder of
photographs, or a rendered data set), three strengths, and deblurs the last frames; without a
folder before procedural ones. `--pairs FOLDER` adds pairs `NAME_blur1.png`, `NAME_sharp1.png`, for
what takes a single image.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _record import write_record

from ddff_perception.deblurring.data.pictures import sharp_pictures
from ddff_perception.deblurring.pipeline import DeblurringPipeline
from ddff_perception.evaluation.image_metrics import image_scores, unit_image
from ddff_perception.files.images import read_image
from ddff_perception.simulation.moving_camera.folder import MotionSettings, shaken_frames
from ddff_perception.simulation.moving_camera.shake import ShakeSettings

THREADS, WIDTH = 2, 800
STRENGTHS = {"still": 0.0, "mild": 0.8, "strong": 2.5}
RUNS = {
    "fba, 1 frame": {"capture.frames": 1},
    "fba, 2 frames": {"capture.frames": 2},
    "fba": {},
    "fba, 5 frames": {"capture.frames": 5},
    "fba, 8 frames": {"capture.frames": 8},
    "fba, flow": {"capture.alignment": "flow"},
    "average": {"method": "average"},
    "blind": {"method": "blind"},
}
STEP_NS = 66_000_000


def measured(frames: list[Any], values: dict[str, Any]) -> list[tuple[float, ...]]:
    """PSNR and SSIM as it came and as it was made, and milliseconds of the processor, from the
    eighth frame on (pairs: the first).
    """
    pipeline = DeblurringPipeline({"capture.sharp_below": 0.0, **values})
    rows = []
    for number, (image, sharp) in enumerate(frames):
        begun = time.process_time()
        pipeline.add_image((number + 1) * STEP_NS, image)
        found = pipeline.estimate().found.image
        spent = 1e3 * (time.process_time() - begun)
        if number < min(len(frames) - 1, 7):
            continue
        one, other = (image_scores(unit_image(i), unit_image(sharp)) for i in (image, found))
        rows.append((one.psnr_db, one.ssim, other.psnr_db, other.ssim, spent))
    return rows


def row(name: str, run: str, scores: list[tuple[float, ...]]) -> dict[str, Any]:
    """Means, and the frame that lost most."""
    table = np.array(scores)
    came, came_ssim, made, made_ssim, spent = table.mean(axis=0).tolist()
    return {
        **{"frames of": name, "method": run, "frames": len(scores), "came_db": came},
        **{"came_ssim": came_ssim, "made_db": made, "made_ssim": made_ssim},
        **{"gain_db": made - came, "worst_db": float((table[:, 2] - table[:, 0]).min())},
        "processor_ms": spent,
    }


def main(
    folder: Annotated[Path | None, typer.Argument(help="Sharp pictures.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="Folder of blurred and sharp pairs.")] = None,
    pictures: Annotated[int, typer.Option(help="How many are used.")] = 8,
) -> None:
    """Measures all methods and writes the record."""
    cv2.setNumThreads(THREADS)
    lights = sharp_pictures([folder] if folder else [], pictures)
    chosen = lights[:: max(1, len(lights) // pictures)][:pictures]
    rows = []
    for strength, degrees in STRENGTHS.items():
        bursts = []
        for number, light in enumerate(chosen):
            wide = np.ascontiguousarray(light.float().numpy().transpose(1, 2, 0))
            scale = WIDTH / wide.shape[1]
            wide = cv2.resize(wide, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            shake = ShakeSettings(
                9, angle_deg=degrees, roll_deg=degrees / 2, period_s=0.25, seed=number
            )
            bursts.append(shaken_frames(np.maximum(wide, 0), MotionSettings(shake))[0])
        for run, values in RUNS.items():
            scores = [s for burst in bursts for s in measured(burst, values)]
            rows.append(row(strength, run, scores))
            print(rows[-1])
    for file in sorted(pairs.glob("*_blur*.png")) if pairs else []:
        sharp = file.with_name(file.name.replace("_blur", "_sharp"))
        burst = [(read_image(file), read_image(sharp))]
        for run in ("fba, 1 frame", "blind"):
            rows.append(row(file.stem, run, measured(burst, RUNS[run])))
            print(rows[-1])
    print(write_record("deblurring", rows, threads=THREADS))


if __name__ == "__main__":
    typer.run(main)
