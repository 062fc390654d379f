"""Reading what `ddff depth` and `ddff eval` left in a folder, for reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...evaluation.depth.evaluated import Evaluated
from ...evaluation.depth.evaluation import DepthEvaluation
from ...evaluation.depth.figures import colorize_depth
from ...evaluation.depth.maps import aperture_baseline_focal, read_confidence, read_depth
from ...evaluation.depth.metrics import ScoreSettings
from ...files.images import read_image, read_json, write_image
from ...files.stack_folder import read_stack
from ...types import CameraModel, DepthEstimate, FloatArray, FocalStack, ImageArray, InputError
from ..saving import write_estimate

EVALUATION_FILE = "evaluation.json"


@dataclass(frozen=True)
class Result:
    """One result folder and what is known beside it.

    `depth`, `truth`: H x W metres (`depth` is a position 0..1 where `relative`); `confidence`:
    H x W, 0..1. `stack` and `truth` are there where they were given.
    """

    name: str
    folder: Path
    depth: FloatArray
    confidence: FloatArray | None = None
    all_in_focus: ImageArray | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    stack: FocalStack | None = None
    truth: FloatArray | None = None
    evaluated: Evaluated | None = None

    @property
    def relative(self) -> bool:
        return self.summary.get("relative") is True


def is_depth(folder: Path) -> bool:
    """Whether `folder` holds estimated depth."""
    return (folder / "depth.npy").is_file()


def read_result(folder: Path, truth: Path | None = None) -> Result:
    """The result in `folder`: depth.npy and, where there, confidence.npy, all_in_focus.png,
    summary.json, evaluation.json.

    `truth` is a depth map or a stack folder, whose images are then shown too; with it the result
    is evaluated here, and evaluation.json is not read. Raises InputError where a file is missing
    or cannot be read.
    """
    if not is_depth(folder):
        raise InputError(f"{folder} holds no depth.npy: give folders that ddff depth wrote")
    summary = read_json(folder / "summary.json") if (folder / "summary.json").is_file() else {}
    confidence_file, image_file = folder / "confidence.npy", folder / "all_in_focus.png"
    depth = read_depth(folder, zero_is_known=summary.get("relative") is True)
    confidence = read_confidence(confidence_file) if confidence_file.is_file() else None
    stack, true_depth = _read_truth(truth)
    evaluated = None
    if true_depth is not None and summary.get("relative") is not True:
        evaluated = _evaluate(depth, true_depth, confidence, stack)
    elif truth is None and (folder / EVALUATION_FILE).is_file():
        try:
            evaluated = Evaluated.from_json(read_json(folder / EVALUATION_FILE))
        except InputError as error:
            raise InputError(f"{folder / EVALUATION_FILE}: {error}") from error
    return Result(
        name=folder.resolve().name,
        folder=folder,
        depth=depth,
        confidence=confidence,
        all_in_focus=read_image(image_file) if image_file.is_file() else None,
        summary=summary,
        stack=stack,
        truth=true_depth,
        evaluated=evaluated,
    )


def write_results(output: Path, estimate: DepthEstimate, camera: CameraModel | None) -> int | None:
    """The result files and `depth_color.png`; returns the number of cloud points."""
    picture = colorize_depth(estimate.depth, relative=estimate.relative)
    write_image(output / "depth_color.png", picture)
    return write_estimate(output, estimate, camera)


def _read_truth(truth: Path | None) -> tuple[FocalStack | None, FloatArray | None]:
    if truth is None:
        return None, None
    if truth.is_dir() and (truth / "stack.json").is_file():
        folder = read_stack(truth)
        return folder.stack, folder.truth
    return None, read_depth(truth)


def _evaluate(
    depth: FloatArray, truth: FloatArray, confidence: FloatArray | None, stack: FocalStack | None
) -> Evaluated:
    settings = ScoreSettings()
    if stack is not None and stack.camera is not None and stack.camera.aperture_diameter_m:
        settings = ScoreSettings(baseline_focal=aperture_baseline_focal(stack.camera))
    evaluation = DepthEvaluation(settings)
    evaluation.add(depth, truth, confidence)
    return Evaluated(evaluation.to_json(), evaluation.sparsification(), evaluation.reliability())
