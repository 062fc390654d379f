"""`ddff segment`: colour and depth in, labels out, for one frame or folders of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from ...console import AsJson, MethodName, Output, Params, ParamsFile, console, progress_bar, say
from ...engines.settings import BACKENDS
from ...evaluation.machine import run_facts
from ...evaluation.reports.console_table import console_table
from ...files.atomic import json_text, write_json
from ...files.results import require_own
from ...optics.rigid_transform import RigidTransform
from ...parameters import ParameterTable, Value
from ...ros.parameter_file import given_settings
from ...types import InputError
from ..capture.depth import DepthSettings
from ..capture.gravity import GravitySettings, unit_vector
from ..evaluation.counts import Scores, confusion
from ..evaluation.report import class_table, shares_table
from ..evaluation.results import LABELS, RESULT_FILES, write_segmentation
from ..interface import RGBD_SEGMENTATION, InputSettings
from ..parameters import pipeline_parameters
from ..pipeline import SegmentationPipeline, Segmented
from ..rendering import resized_labels
from .inputs import Cameras, Given, depth_settings, given_frames, read_camera

# Files have no time of their own.
_STEP_NS = 100_000_000
_SAID = {
    "publish camera_info": "give --camera",
    "publish the camera_info of this image": "give --camera and --depth-camera of these images",
    "subscribe to it": "give it",
}


def segment(
    color: Annotated[
        Path | None,
        typer.Argument(help="Colour image, a folder of them, or an RGB-D folder (rgbd.json)."),
    ] = None,
    depth: Annotated[
        Path | None,
        typer.Argument(help="Depth: 16-bit PNG, metres (.npy, TIFF, EXR), or a folder."),
    ] = None,
    output: Output = Path("out/segment"),
    depth_alone: Annotated[
        Path | None, typer.Option("--depth", help="Depth without colour, in place of both.")
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(help="fx,fy,cx,cy,width,height of colour, or its calibration (YAML)."),
    ] = None,
    depth_camera: Annotated[
        str | None, typer.Option(help="The same of depth, where it is another camera's.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="True labels: 8-bit image, 0 .. 12, 255 none, or a folder."),
    ] = None,
    truth_labels: Annotated[
        str, typer.Option(help=f"How these count ({', '.join(LABELS)}): docs/segmentation.md.")
    ] = LABELS[0],
    method: MethodName = None,
    engine: Annotated[
        str | None,
        typer.Option(help=f"What runs a method's network: {', '.join(BACKENDS)}. [default: auto]"),
    ] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    as_json: AsJson = False,
) -> None:
    """Label what an RGB-D camera sees: floor, wall, table, chair and more, 13 classes.

    Writes image.png, labels.png (0 .. 12, 255 unlabelled), overlay.png, confidence.npy and
    summary.json; of folders into a folder per frame. `ddff report` makes a page of them.

    Examples:
      ddff segment color.png depth.png --camera 525,525,319.5,239.5,640,480 -o out/room

      ddff segment frames/color frames/depth --camera camera.yaml --param depth.unit_m=0.0002

      ddff segment my_room -o out/my_room

      ddff segment --depth depth.png --camera 525,525,319.5,239.5,640,480

    """
    if depth is not None and depth_alone is not None:
        raise InputError("give depth once: beside colour, or with --depth alone")
    if truth_labels not in LABELS:
        raise InputError(f"--truth-labels is one of {', '.join(LABELS)}, not {truth_labels!r}")
    given = given_settings(
        RGBD_SEGMENTATION, params_file, param or [], method=method, engine=engine, used=_used
    )
    values = RGBD_SEGMENTATION.parameters.complete(given)
    folder = color
    values["depth.unit_m"] = depth_settings(folder, DepthSettings.of(values, "depth")).unit_m
    cameras = _cameras(camera, depth_camera, values)
    count, frames = given_frames(color, depth or depth_alone, truth, cameras, truth_labels)
    pipeline = SegmentationPipeline(values)
    counts: list[NDArray[np.int64]] = []
    summary: dict[str, Any] = {}
    with progress_bar("labelling", count) as step:
        for number, one in enumerate(frames, 1):
            target = output if count == 1 else output / one.name
            require_own(target, RESULT_FILES)
            pipeline.add_rgbd(number * _STEP_NS, one.raw)
            found = _estimated(pipeline, one)
            summary, counted = _written(target, one, found, values)
            counts += [] if counted is None else [counted]
            step(number)
    pipeline.close()
    if as_json:
        typer.echo(json_text(summary | ({"frames": count} if count > 1 else {})))
        return
    _print(found, counts)
    say(f"Results of {count} frames are in {output}" if count > 1 else f"Results are in {output}")


def _used(method: str) -> ParameterTable:
    own = InputSettings.table()
    shown = ParameterTable(own[name] for name in ("registration", "extrinsics"))
    return shown + GravitySettings.table().prefixed("gravity") + pipeline_parameters(method)


def _cameras(camera: str | None, depth_camera: str | None, values: Mapping[str, Value]) -> Cameras:
    settings, gravity = InputSettings.of(values), GravitySettings.of(values, "gravity")
    if gravity.source not in ("estimated", "fixed"):
        raise InputError(f"files have no {gravity.source}: gravity.source is estimated or fixed")
    stand = None
    if settings.extrinsics and not settings.aligned:
        stand = RigidTransform.of_numbers(settings.extrinsics)
    return Cameras(
        None if camera is None else read_camera(camera),
        None if depth_camera is None else read_camera(depth_camera),
        stand,
        unit_vector(gravity.down) if gravity.source == "fixed" else None,
        settings.aligned,
    )


def _estimated(pipeline: SegmentationPipeline, given: Given) -> Segmented:
    try:
        return pipeline.estimate()
    except InputError as error:
        raise InputError(f"{', '.join(given.files)}: {_for_files(str(error))}") from None


def _for_files(text: str) -> str:
    """What is said of topics, said of a command's options."""
    for said, meant in _SAID.items():
        text = text.replace(said, meant)
    return text


def _written(
    target: Path, given: Given, found: Segmented, values: Mapping[str, Value]
) -> tuple[dict[str, Any], NDArray[np.int64] | None]:
    image = given.raw.colour if given.raw.colour is not None else given.raw.depth
    assert image is not None
    size = (image.shape[0], image.shape[1])
    write_segmentation(target, found, size)
    counts = None
    if given.truth is not None:
        shape = (given.truth.shape[0], given.truth.shape[1])
        counts = confusion(given.truth, resized_labels(found.found.labels, shape))
    summary = {
        **run_facts(),
        "files": list(given.files),
        "frames": 1,
        "method": found.method,
        "parameters": _used(found.method).part(values),
        "method_ms": found.timings_ms[found.method],
        "capture_ms": found.timings_ms["before"],
        "without_depth": _without_depth(found),
        "unlabelled_share": float(np.mean(found.found.labels == 255)),
        "mean_confidence": float(found.found.confidence.mean()),
        "counts": None if counts is None else counts.tolist(),
        "scores": None if counts is None else Scores.of(counts).record(),
    }
    write_json(target / "summary.json", summary)
    return summary, counts


def _print(found: Segmented, counts: list[NDArray[np.int64]]) -> None:
    if counts:
        console.print(console_table(class_table(np.sum(counts, axis=0))))
    else:
        console.print(console_table(shares_table(found.found.labels)))
    if _without_depth(found):
        why = _for_files(found.image.lacks or "there was no depth")
        console.print(f"Colour alone was labelled: {why}.", style="yellow")


def _without_depth(found: Segmented) -> bool:
    """Whether nothing of depth was looked at."""
    return found.image.depth is None or bool(found.image.lacks)
