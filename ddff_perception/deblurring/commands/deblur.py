"""`ddff deblur`: blurred images, a video or a frame folder in, sharp images out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

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
from ..interface import BURST_DEBLURRING
from ..methods import ALONE
from ..parameters import pipeline_parameters
from ..pipeline import DeblurringPipeline, Sharpened

# Images whose times are not known are never too old.
_STEP_NS = 1_000_000
_MOST_FRAMES = 32
_LEFT_OUT = {
    "size_changes": "the size or type changed",
    "cuts": "the view changed or could not be followed",
    "exposure_jumps": "the brightness jumped",
    "dropped_exposure": "their brightness has drifted too far",
    "dropped_old": "older than capture.max_age_s",
    "dropped_hopeless": "far more blurred than the newest",
}
_FRAME = "deblurred_{:06d}.png"


def deblur(
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Images in the order they were taken, a folder of them, a frame folder "
            "(frames.json), a stack folder, or a video."
        ),
    ],
    output: Output = Path("out/deblur"),
    every: Annotated[
        bool,
        typer.Option(
            "--every",
            help="Deblur every image by those before it (a video always); else the last by all.",
        ),
    ] = False,
    truth: Annotated[
        Path | None, typer.Option(help="The sharp image of the last one, to compare with.")
    ] = None,
    method: MethodName = None,
    param: Params = None,
    params_file: ParamsFile = None,
    as_json: AsJson = False,
) -> None:
    """Take the blur of a moving camera out of an image, by other images of the same scene.

    Writes image.png (the last one as it came), deblurred.png, confidence.png (how much of the
    detail was seen rather than guessed) and summary.json; with --every also deblurred_000000.png
    and so on. `ddff report` makes a page with a slider.

    Examples:
      ddff deblur IMG_1.jpg IMG_2.jpg IMG_3.jpg -o out/sign

      ddff deblur video.mp4 -o out/video

      ddff deblur burst_folder --method average -p capture.alignment=flow

      ddff deblur one.png --method wiener -p wiener.length_px=12 -p wiener.angle_deg=30

    """
    given = given_settings(
        BURST_DEBLURRING, params_file, param or [], method=method, used=pipeline_parameters
    )
    source = given_images(images)
    # A robot's parameter file may hold it all the same.
    if source.rate_hz is None and any(p.startswith("capture.max_age_s") for p in param or []):
        raise InputError(
            "nothing says when these images were taken: capture.max_age_s changes nothing here"
        )
    true = source.truth if truth is None else read_image(truth)
    every = every or source.video
    if "capture.frames" not in given and not every:
        given["capture.frames"] = min(source.count, _MOST_FRAMES)
    values = BURST_DEBLURRING.parameters.complete(given)
    names = [_FRAME.format(n) for n in range(source.count)] if every else []
    require_own(output, [*FOLDER.files, *names])
    pipeline = DeblurringPipeline(values)
    try:
        found = _run(pipeline, source, output if every else None)
    finally:
        pipeline.close()
    summary = _summary(found, source, true, values) | {"left_out": _left_out(pipeline.counters)}
    FOLDER.write(output, found)
    write_json(output / "summary.json", summary)
    if as_json:
        typer.echo(json_text(summary))
    else:
        _tell(summary, found.image.sharp, output)


def _run(pipeline: DeblurringPipeline, source: Given, output: Path | None) -> Sharpened:
    found: Sharpened | None = None
    step_ns = _STEP_NS if source.rate_hz is None else round(1e9 / source.rate_hz)
    with progress_bar("deblurring", source.count) as step:
        for number, image in enumerate(source.images(), 1):
            pipeline.add_image(number * step_ns, image)
            if output is not None or number == source.count:
                found = pipeline.estimate()
            if output is not None and found is not None:
                make_folder(output)
                write_image(output / _FRAME.format(number - 1), found.found.image)
            step(number)
    if found is None:
        # A video's header promised more than there was.
        found = pipeline.estimate()
    return found


def _left_out(counters: Mapping[str, int]) -> dict[str, int]:
    """How often earlier images were not used, by why."""
    return {why: counters[name] for name, why in _LEFT_OUT.items() if counters[name]}


def _summary(
    found: Sharpened, source: Given, truth: ImageArray | None, values: Mapping[str, Value]
) -> dict[str, Any]:
    burst, made = found.image, found.found
    height, width = burst.newest.shape[:2]
    scores = {}
    if truth is not None:
        if truth.shape != burst.newest.shape:
            raise InputError(f"the truth is {truth.shape}, the image {burst.newest.shape}")
        pairs = {"image": burst.newest, "deblurred": made.image}
        for name, image in pairs.items():
            one = image_scores(unit_image(image), unit_image(truth))
            scores[name] = {"psnr_db": one.psnr_db, "ssim": one.ssim}
    return {
        **run_facts(),
        "files": list(source.files),
        "width": width,
        "height": height,
        "images": source.count,
        "images_used": len(burst.blur),
        "blur_scores": list(burst.blur),
        "untouched": made.untouched,
        "method": found.method,
        "parameters": pipeline_parameters(found.method).part(values),
        "timings_ms": dict(found.timings_ms),
        "mean_confidence": float(confidence(made).mean()),
        "scores": scores,
    }


def _tell(summary: Mapping[str, Any], sharp: bool, output: Path) -> None:
    used, count, blur = summary["images_used"], summary["images"], summary["blur_scores"][0]
    for why, times in summary["left_out"].items():
        say(f"Earlier images left out: {why}" + (f" ({times} times)" if times > 1 else ""))
    if math.isnan(blur):
        say("There is nothing to see in the image: it is handed on as it is")
    elif summary["untouched"] and not sharp:
        say(
            "No kernel was found that makes the image sharper: it is left as it came; "
            "-p blind.guarded=false takes what was found"
        )
    elif sharp:
        say(
            f"The image is sharp already (blur score {blur:.2f}): it is handed on as it is; "
            "-p capture.sharp_below=0 deblurs it all the same"
        )
    else:
        say(f"{used} of {count} images used, blur score of the last {blur:.2f}")
        if used == 1 and summary["method"] not in ALONE:
            say(
                f"{summary['method']} needs several images of the scene: one alone is handed on as "
                "it came. --method wiener undoes a blur that is known, --method blind guesses it, "
                "at times wrongly"
            )
    for name, scores in summary["scores"].items():
        say(f"{name}: {scores['psnr_db']:.2f} dB, SSIM {scores['ssim']:.3f}")
    say(f"Results are in {output}")
