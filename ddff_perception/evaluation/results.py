"""Reading what `ddff depth` and `ddff eval` left in a folder, for reports."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..files.stack_folder import read_image, read_json, read_stack
from ..types import FloatArray, FocalStack, ImageArray, InputError
from .depth_evaluation import SCHEMA, DepthEvaluation
from .depth_maps import aperture_baseline_focal, read_confidence, read_depth
from .metrics import ScoreSettings
from .reliability import Reliability
from .sparsification import SparsificationCurve

EVALUATION_FILE = "evaluation.json"


@dataclass(frozen=True)
class Evaluated:
    """The scores of one result: `scores[variant][domain][measure]`, as in
    `DepthEvaluation.to_json`, and what was said about its confidence.
    """

    content: Mapping[str, Any]
    sparsification: SparsificationCurve | None = None
    reliability: Reliability | None = None

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Evaluated:
        """From the JSON of `ddff eval`; raises InputError where it is none."""
        if content.get("schema") != SCHEMA:
            raise InputError(f"it is no evaluation of this version ({SCHEMA}): run ddff eval again")
        curve, table = content.get("sparsification"), content.get("reliability")
        return cls(
            content,
            None if curve is None else SparsificationCurve.from_json(curve),
            None if table is None else Reliability.from_json(table),
        )

    def score(self, measure: str, variant: str = "filled", domain: str = "dioptres") -> float:
        """One measure, NaN where it is missing."""
        return number(self.content, "scores", variant, domain, measure)

    def curve(self, variant: str = "covered", domain: str = "dioptres") -> list[float]:
        """Per cent of bad pixels at each of `thresholds(domain)`; empty where missing."""
        return _numbers(_inside(self.content, "scores", variant, domain, "badpix_curve"))

    def thresholds(self, domain: str = "dioptres") -> list[float]:
        return _numbers(_inside(self.content, "badpix_thresholds", domain))


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


def read_result(folder: Path, truth: Path | None = None) -> Result:
    """The result in `folder`: depth.npy and, where there, confidence.npy, all_in_focus.png,
    summary.json, evaluation.json.

    `truth` is a depth map or a stack folder, whose images are then shown too; with it the result
    is evaluated here, and evaluation.json is not read. Raises InputError where a file is missing
    or cannot be read.
    """
    if not (folder / "depth.npy").is_file():
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


def match_truths(folders: Sequence[Path], truths: Sequence[Path]) -> list[Path | None]:
    """The truth of each result folder.

    None are given: no truth. As many as folders: one each, in order. One folder that holds a
    subfolder named like each result (a set of stacks): those. Raises InputError otherwise.
    """
    if not truths:
        return [None] * len(folders)
    if len(truths) == len(folders):
        return list(truths)
    if len(truths) == 1 and truths[0].is_dir():
        inside = [truths[0] / folder.resolve().name for folder in folders]
        missing = [path.name for path in inside if not path.is_dir()]
        if not missing:
            return list(inside)
        raise InputError(f"{truths[0]} holds no folder {missing[0]}: give one truth per result")
    raise InputError(
        f"{len(folders)} results but {len(truths)} truths: give one truth per result, in order, "
        "or the folder of their stacks"
    )


def number(content: object, *path: str) -> float:
    """The number at `path` of nested mappings, NaN where there is none."""
    value = _inside(content, *path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _inside(content: object, *path: str) -> object:
    for name in path:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def _numbers(values: object) -> list[float]:
    if not isinstance(values, list | tuple):
        return []
    return [number({"value": value}, "value") for value in values]


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
