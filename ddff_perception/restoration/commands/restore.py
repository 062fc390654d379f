"""`ddff restore`: degraded images, a folder or a video in, restored ones out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...capture.given_images import Given, given_images
from ...console import AsJson, MethodName, Output, Params, ParamsFile, progress_bar, say
from ...evaluation.image_metrics import image_scores, unit_image
from ...evaluation.machine import run_facts
from ...files.atomic import json_text, make_folder, write_json
from ...files.images import read_image, write_image
from ...files.results import require_own
from ...parameters import Value
from ...ros.parameter_file import given_settings
from ...types import ImageArray, InputError
from ..confidence import confidence
from ..evaluation.bag import FOLDER
from ..evaluation.by_class import UNLABELLED, ClassErrors
from ..health import conditions, described
from ..interface import IMAGE_RESTORATION
from ..parameters import pipeline_parameters
from ..pipeline import RestorationPipeline, RestoredFrame

_FRAME = "restored_{:06d}.png"
_STEP_NS = 33_000_000


def restore(
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Images, folders of them, a frame folder (frames.json), or a video; 8 or 16 bits."
        ),
    ],
    output: Output = Path("out/restore"),
    truth: Annotated[
        Path | None, typer.Option(help="The clean image of the last one, to compare with.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Class of each of its pixels, a grey image of 8 bits, 255 unlabelled: the scores "
            "are told by class as well."
        ),
    ] = None,
    method: MethodName = None,
    param: Params = None,
    params_file: ParamsFile = None,
    as_json: AsJson = False,
) -> None:
    """Take noise, blur and what JPEG left out of images, and enlarge them if asked for.

    Writes image.png and restored.png (of the last one), confidence.png (how sure each of its pixels
    is) and summary.json; of several images also restored_000000.png and so on, in their order. What
    is wrong is told; an image with which nothing is stays as it is. `ddff report` makes a page with
    a slider.

    Examples:
      ddff restore IMG_1.jpg -o out/sign

      ddff restore folder -o out/folder -p strength=0.7

      ddff restore small.png -p enlarge.scale=2

      ddff restore soft.png --method wiener -p wiener.blur_px=2

      ddff restore noisy.png --truth clean.png --labels classes.png --json

    """
    if truth is None and labels is not None:
        raise InputError("labels tell scores by class: give --truth as well")
    given = given_settings(
        IMAGE_RESTORATION, params_file, param or [], method=method, used=pipeline_parameters
    )
    source = given_images(images)
    true, classes = _references(truth, labels)
    values = IMAGE_RESTORATION.parameters.complete(given)
    several = source.count > 1
    names = [_FRAME.format(n) for n in range(source.count)] if several else []
    require_own(output, [*FOLDER.files, *names])
    pipeline = RestorationPipeline(values)
    every, found = [], None
    try:
        for number, found in enumerate(_found(pipeline, source)):
            every.append(_described(found))
            if several:
                make_folder(output)
                write_image(output / _FRAME.format(number), found.found.image)
    finally:
        pipeline.close()
    if found is None:
        raise InputError(f"{images[0]} holds no image that can be decoded")
    made = found.found.image
    if true is None and source.truth is not None and source.truth.shape == made.shape:
        true = source.truth
    scores = _scores(found, true, classes)
    summary = _summary(found, source, every, values) | {"scores": scores}
    FOLDER.write(output, found)
    write_json(output / "summary.json", summary)
    if as_json:
        typer.echo(json_text(summary))
    else:
        _tell(summary, output)


def _references(truth: Path | None, labels: Path | None) -> tuple[Any, Any]:
    """The true image and the labels, None where there is none."""
    true = None if truth is None else read_image(truth)
    classes = None if labels is None else read_image(labels)
    if classes is not None and (classes.ndim != 2 or classes.dtype != np.uint8):
        raise InputError(f"labels are a grey image of 8 bits, not {classes.shape} {classes.dtype}")
    return true, classes


def _found(pipeline: RestorationPipeline, source: Given) -> Iterator[RestoredFrame]:
    """A result of each; single images are no stream, so that each is looked at anew."""
    with progress_bar("restoring", source.count) as step:
        for number, image in enumerate(source.images(), 1):
            if not source.video:
                pipeline.reset()
            pipeline.add_image(number * _STEP_NS, image)
            yield pipeline.estimate()
            step(number)


def _described(found: RestoredFrame) -> dict[str, Any]:
    seen = found.image.seen
    return {
        "seen": described(seen),
        "noise": seen.noise_levels,
        "blur_px": seen.blur_px,
        "jpeg_quality": seen.compression.quality,
        "clipped": seen.clipped,
        "black": seen.black,
        "conditions": [text for text in conditions(seen).values() if text],
        "untouched": found.found.untouched,
        "mean_confidence": float(confidence(found.found).mean()),
    }


def _summary(
    found: RestoredFrame,
    source: Given,
    every: Sequence[Mapping[str, Any]],
    values: Mapping[str, Value],
) -> dict[str, Any]:
    height, width = found.found.image.shape[:2]
    return {
        **run_facts(),
        "files": list(source.files),
        "width": width,
        "height": height,
        "images": list(every),
        "method": found.method,
        "parameters": pipeline_parameters(found.method).part(values),
        "timings_ms": dict(found.timings_ms),
    }


def _scores(
    found: RestoredFrame, truth: ImageArray | None, labels: ImageArray | None
) -> dict[str, dict[str, Any]]:
    """PSNR and SSIM of the last image, and of it as it came where that is as large."""
    if truth is None:
        return {}
    made, came = found.found.image, found.image.came
    if truth.shape != made.shape:
        raise InputError(f"the truth is {truth.shape}, the restored image {made.shape}")
    pairs = {"image": came, "restored": made} if came.shape == made.shape else {"restored": made}
    scores: dict[str, dict[str, Any]] = {}
    for name, image in pairs.items():
        one = image_scores(unit_image(image), unit_image(truth))
        scores[name] = {"psnr_db": one.psnr_db, "ssim": one.ssim}
        if labels is not None:
            scores[name] |= _by_class(image, truth, labels)
    return scores


def _by_class(image: ImageArray, truth: ImageArray, labels: ImageArray) -> dict[str, Any]:
    known = labels[labels < UNLABELLED]
    names = [str(number) for number in range(int(known.max(initial=0)) + 1)]
    errors = ClassErrors(names)
    errors.add(unit_image(image), unit_image(truth), np.asarray(labels, np.uint8))
    there = {name: value for name, value in errors.psnr_db.items() if not np.isnan(value)}
    return {"class_psnr_db": there, "class_mean_db": errors.mean_db, "shares": errors.frequency}


def _tell(summary: Mapping[str, Any], output: Path) -> None:
    names = summary["files"] if len(summary["files"]) == len(summary["images"]) else []
    for number, one in enumerate(summary["images"]):
        name = Path(names[number]).name if names else f"image {number}"
        kept = "; handed on as it came" if one["untouched"] else ""
        say(f"{name}: seen is {one['seen']}{kept}")
        for what in one["conditions"]:
            say(f"{name}: {what}")
    if all(one["untouched"] for one in summary["images"]):
        say("Nothing was changed; -p keep_clean=false undoes even the least that is wrong")
    for name, scores in summary["scores"].items():
        mean = scores.get("class_mean_db")
        classes = "" if mean is None else f", mean over the classes {mean:.2f} dB"
        say(f"{name}: {scores['psnr_db']:.2f} dB, SSIM {scores['ssim']:.3f}{classes}")
    say(f"Results are in {output}")
