"""What is said of each family of judges: errors beside yardsticks, confidence, depth of nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from accuracy import Result, add_estimate
from numpy.typing import NDArray

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.evaluation.depth.evaluation import DepthEvaluation
from ddff_perception.files.stack_folder import StackFolder
from ddff_perception.optics.thin_lens import focus_distances_linear_in_dioptres
from ddff_perception.simulation.rendering.sensor import SensorSettings, expose
from ddff_perception.types import FloatArray, FocalStack, FocusSlice, ImageArray

BLANK = "blank"
JUDGED = "focus_stream"
# What shows nothing: grey levels over a window of this share of the width.
_WINDOW_SHARE = 1 / 8
_LEVELS = 3.0
_SMOOTHING_PX = 1.5
# With less confidence than this a depth claims nothing.
CLAIM = 0.1
_FEWEST_PIXELS = 0.005


@dataclass(frozen=True)
class FamilyScores:
    """`rows`: one of each method; `stacks`: one of each stack, with each method's error."""

    family: str
    rows: list[dict[str, Any]]
    stacks: list[dict[str, Any]]


def score_family(
    family: str,
    stacks: Sequence[StackFolder],
    methods: Mapping[str, Mapping[str, Any]],
    report: Callable[[], None],
) -> FamilyScores:
    """Every method on every stack of a family; a stack without truth tells depth of nothing alone.

    What follows a comma in the name of a method tells its settings. `report` is called after each
    estimate.
    """
    results = {name: Result() for name in methods}
    claims: dict[str, list[float]] = {name: [] for name in methods}
    for folder in stacks:
        empty = shows_nothing(folder)
        for name, parameters in methods.items():
            estimator = DepthFromFocus(name.partition(",")[0], dict(parameters))
            estimate = add_estimate(results[name], folder, estimator)
            if empty.mean() >= _FEWEST_PIXELS:
                claimed = np.isfinite(estimate.depth) & (estimate.confidence >= CLAIM)
                claims[name].append(float(claimed[empty].mean()))
            report()
    rows = [_row(family, name, results, claims[name]) for name in methods]
    if any(result.errors for result in results.values()):
        rows.append(_constant(family, results["yardstick"].evaluation))
    errors = [
        {"stack": stack, **{name: result.errors[stack] for name, result in results.items()}}
        for stack in results["yardstick"].errors
    ]
    return FamilyScores(family, rows, errors)


def shows_nothing(folder: StackFolder) -> NDArray[np.bool_]:
    """H x W: where the sharp image is even over an eighth of its width, so that no focus can be
    told there; everything where a stack has no sharp image.
    """
    sharp = folder.all_in_focus
    if sharp is None:
        return np.ones(folder.stack.images[0].shape[:2], bool)
    grey = _levels(sharp)
    smoothed = cv2.GaussianBlur(grey, (0, 0), _SMOOTHING_PX)
    side = int(sharp.shape[1] * _WINDOW_SHARE) | 1
    window = np.ones((side, side), np.uint8)
    spread = cv2.dilate(smoothed, window) - cv2.erode(smoothed, window)
    return np.asarray(spread <= _LEVELS)


def blank_stacks(width: int = 480, height: int = 360, slices: int = 9) -> list[StackFolder]:
    """Sweeps over nothing: an even grey with a sensor's noise, darkness, light that saturates."""
    distances = focus_distances_linear_in_dioptres(0.5, 5.0, slices)
    rng = np.random.default_rng(list(b"judge blank"))
    stacks = []
    for name, level in (("grey", 0.25), ("dark", 0.0), ("saturated", 2.0)):
        radiance: FloatArray = np.full((height, width, 3), level, np.float32)
        images = [expose(radiance, 1.0, SensorSettings(), rng) for _ in distances]
        items = [FocusSlice(i, float(d)) for i, d in zip(images, distances, strict=True)]
        stacks.append(StackFolder(Path(name), FocalStack(tuple(items))))
    return stacks


def headline(rows: Sequence[Mapping[str, Any]], captures: Sequence[Mapping[str, Any]]) -> str:
    """The worst family of FocusStream, in a sentence each for error, confidence and patches."""
    own = [row for row in rows if row["method"] == JUDGED]
    scored = [row for row in own if "mae_dpt" in row]
    words = []
    if scored:
        worst = max(scored, key=lambda row: float(row["ratio_to_multiscale"]))
        words.append(
            f"FocusStream's worst family is {worst['family']}: {worst['mae_dpt']:.3f} dioptres, "
            f"{worst['ratio_to_multiscale']:.2f} x multiscale, {worst['ratio_to_yardstick']:.2f} x "
            f"the yardstick, δ {worst['delta_1']:.0f} %."
        )
        worst = max(scored, key=lambda row: float(row["calibration_error"]))
        words.append(
            f"Its confidence is worst in {worst['family']}: calibration error "
            f"{worst['calibration_error']:.3f}."
        )
    told = [row for row in own if "blank_percent" in row]
    if told:
        worst = max(told, key=lambda row: float(row["blank_percent"]))
        words.append(
            f"Where nothing is to be seen it claims a depth for {worst['blank_percent']:.1f} % "
            f"({worst['family']})."
        )
    return " ".join([*words, *_most_torn(captures)])


def _most_torn(captures: Sequence[Mapping[str, Any]]) -> list[str]:
    own = [row for row in captures if row["method"] == JUDGED]
    if not own:
        return []
    worst = max(own, key=lambda row: float(row["torn_percent"]))
    others = [
        f"{row['method']} {row['torn_percent']:.2f}"
        for row in captures
        if row["capture"] == worst["capture"] and row["method"] in ("vdff", "multiscale")
    ]
    return [
        f"Most torn is {worst['capture']}: {worst['torn_percent']:.2f} % ({', '.join(others)})."
    ]


def _levels(image: ImageArray) -> FloatArray:
    """Grey values of 255, H x W float32."""
    grey = image.mean(axis=2) if image.ndim == 3 else image
    return np.asarray(grey * (255.0 / np.iinfo(image.dtype).max), np.float32)


def _row(
    family: str, name: str, results: Mapping[str, Result], claims: Sequence[float]
) -> dict[str, Any]:
    row: dict[str, Any] = {"family": family, "method": name, "stacks": len(results[name].seconds)}
    if results[name].errors:
        row |= _errors(name, results)
    if claims:
        row["blank_percent"] = 100 * float(np.mean(claims))
    return row | {"median_s": float(np.median(results[name].seconds))}


def _errors(name: str, results: Mapping[str, Result]) -> dict[str, float]:
    evaluation = results[name].evaluation
    error = evaluation.scores("filled").mae
    reliability = evaluation.reliability()
    assert reliability is not None
    base = {
        key: results[key].evaluation.scores("filled").mae for key in ("yardstick", "multiscale")
    }
    return {
        "mae_dpt": error,
        **{f"ratio_to_{key}": error / value for key, value in base.items()},
        "ratio_to_constant": error / evaluation.scores("best_constant").mae,
        "delta_1": evaluation.scores("filled", "depth").delta_1,
        "calibration_error": reliability.expected_calibration_error,
    }


def _constant(family: str, evaluation: DepthEvaluation) -> dict[str, Any]:
    return {
        "family": family,
        "method": "best constant map",
        "stacks": evaluation.images,
        "mae_dpt": evaluation.scores("best_constant").mae,
        "ratio_to_yardstick": evaluation.scores("best_constant").mae
        / evaluation.scores("filled").mae,
        "ratio_to_constant": 1.0,
        "delta_1": evaluation.scores("best_constant", "depth").delta_1,
    }
