"""What restoration gains, per degradation and method, and what it costs.

`python benchmarks/restoration.py FOLDER ...` degrades the images of folders by
`optics/degradation.py` (photographs of twice 640 pixels or more are made 640 wide, smaller ones
taken as they are, as those of BSD100, Urban100 and Set14), restores them, and writes the record;
`clean` is the image itself, which has to stay as it is; images that were made small by 2 to 4 are
enlarged again (`large_2` and so on: what came is there the bicubic one). `--model` adds a
RestoreStream.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _record import write_record

from ddff_perception.evaluation.artefacts.measures import artefacts
from ddff_perception.evaluation.image_metrics import image_scores, unit_image
from ddff_perception.files.images import read_image
from ddff_perception.files.photographs import find_photographs
from ddff_perception.optics.degradation import DEGRADATIONS, degraded
from ddff_perception.parameters import Value
from ddff_perception.restoration.methods import METHODS
from ddff_perception.restoration.pipeline import RestorationPipeline
from ddff_perception.types import ImageArray

THREADS, WIDTH = 2, 640
# Equal images have no error: they count as so much.
_EQUAL_DB = 99.0
# What each method is for.
_NOISE = ("noise", "low_light")
_BLUR = ("blur_2", "blur_4")
_LARGE = {f"large_{scale}": scale for scale in (2, 3, 4)}
WORK: dict[str, tuple[str, ...]] = {
    "adaptive": ("clean", *DEGRADATIONS),
    "shrinkage": _NOISE,
    "total_variation": _NOISE,
    "nonlocal_means": _NOISE,
    "wiener": _BLUR,
    "richardson_lucy": _BLUR,
    **dict.fromkeys(("bicubic", "edge_directed"), tuple(_LARGE)),
}


def worse(clean: ImageArray, name: str, seed: int) -> ImageArray:
    """The photograph after one degradation, in 8 bits; smaller where it is to be enlarged."""
    if name == "clean":
        return clean
    if name in _LARGE:
        size = [n // _LARGE[name] for n in clean.shape[1::-1]]
        return np.asarray(cv2.resize(clean, size, interpolation=cv2.INTER_AREA), np.uint8)
    values = degraded(unit_image(clean), [name], np.random.default_rng(seed))
    return np.asarray(np.rint(values.clip(0, 1) * 255), np.uint8)


def measured(
    clean: ImageArray, name: str, values: Mapping[str, Value], seed: int
) -> dict[str, float]:
    """PSNR and SSIM before and after, artefacts, and milliseconds of the processor for the first
    frame of a stream, in which it is looked for what is wrong, and for its second one.
    """
    scale = _LARGE.get(name, 1)
    whole = [n - n % scale for n in clean.shape[:2]]
    clean = clean[: whole[0], : whole[1]]
    image = worse(clean, name, seed)
    pipeline = RestorationPipeline({**values, "enlarge.scale": scale})
    spent = []
    for stamp in (1, 2):
        pipeline.add_image(stamp, image)
        begun = time.process_time()
        found = pipeline.estimate().found
        spent.append(time.process_time() - begun)
    pipeline.close()
    if scale > 1:
        size = clean.shape[1::-1]
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    made_unit, true = unit_image(found.image), unit_image(clean)
    came, made = (image_scores(one, true) for one in (unit_image(image), made_unit))
    return {
        "came_db": min(came.psnr_db, _EQUAL_DB),
        "made_db": min(made.psnr_db, _EQUAL_DB),
        "came_ssim": came.ssim,
        "made_ssim": made.ssim,
        "untouched": float(found.untouched),
        **asdict(artefacts(made_unit, true)),
        "first_ms": 1e3 * spent[0],
        "processor_ms": 1e3 * spent[1],
    }


def row(images: str, name: str, method: str, each: list[dict[str, float]]) -> dict[str, Any]:
    """Means over the images of one folder, and the one that lost most."""
    values = {key: float(np.mean([one[key] for one in each])) for key in each[0]}
    if name == "clean":
        values["came_db"] = math.nan
    gains = [one["made_db"] - one["came_db"] for one in each]
    known = name != "clean"
    return {
        "set": images,
        "degradation": name,
        "method": method,
        "images": len(each),
        **values,
        "gain_db": float(np.mean(gains)) if known else math.nan,
        "worst_db": float(np.min(gains)) if known else math.nan,
    }


def photographs(folder: Path, most: int) -> list[ImageArray]:
    """The first `most` in colour; large ones 640 pixels wide."""
    found: list[ImageArray] = []
    for file in find_photographs(folder, 1):
        image = read_image(file)
        if len(found) == most or image.ndim != 3:
            continue
        if image.shape[1] >= 2 * WIDTH:
            scale = WIDTH / image.shape[1]
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            image = np.asarray(small, np.uint8)
        found.append(image)
    return found


def runs(model: str | None) -> dict[str, Mapping[str, Value]]:
    """The values of the pipeline by the name of the run."""
    wanted: dict[str, Mapping[str, Value]] = {
        name: {"method": name} for name, entry in METHODS.items() if not entry.network
    }
    wanted |= {name: {"enlarge.method": name} for name in ("bicubic", "edge_directed")}
    if model is not None:
        network = {"method": "restore_stream", "restore_stream.model": model}
        wanted["restore_stream"] = {**network, "engine.threads": THREADS}
    return wanted


def headline(rows: list[dict[str, Any]]) -> str:
    """What the default gains on the worst and on the best set, and the image that lost most."""
    own = [r for r in rows if r["method"] == "adaptive"]
    said = {"noise": "noise", "low_light": "low light", "blur_2": "blur of 2 px", "jpeg": "JPEG"}
    parts = []
    for name, words in said.items():
        gains = [r["gain_db"] for r in own if r["degradation"] == name]
        parts.append(f"{min(gains):.1f} to {max(gains):.1f} dB on {words}")
    worst = min((r for r in own if r["degradation"] != "clean"), key=lambda r: r["worst_db"])
    kept = min(r["untouched"] for r in own if r["degradation"] == "clean")
    return (
        f"The default gains, from the worst set to the best, {', '.join(parts)}; the image that "
        f"lost most lost {-worst['worst_db']:.1f} dB ({worst['set']}, {worst['degradation']}). "
        f"Of each set at least {100 * kept:.0f} % of the clean images stay, bit by bit."
    )


def main(
    folders: Annotated[list[Path], typer.Argument(help="Folders of images.")],
    most: Annotated[int, typer.Option(help="How many of each.", min=1)] = 12,
    model: Annotated[str | None, typer.Option(help="A RestoreStream of one's own, too.")] = None,
) -> None:
    """Measures every method at what it is for, and writes the record."""
    cv2.setNumThreads(THREADS)
    rows = []
    for folder in folders:
        cleans = photographs(folder, most)
        for method, values in runs(model).items():
            for name in WORK.get(method, WORK["adaptive"]):
                each = [measured(clean, name, values, seed) for seed, clean in enumerate(cleans)]
                rows.append(row(folder.name, name, method, each))
                typer.echo(" ".join(f"{k} {v}" for k, v in rows[-1].items()))
    write_record("restoration", rows, headline=headline(rows))


if __name__ == "__main__":
    typer.run(main)
