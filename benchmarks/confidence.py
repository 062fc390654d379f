"""Fits a method's confidence curve on path-traced stacks, and checks it on others.

    python benchmarks/confidence.py STACK [STACK ...] [--method focus_stream]

The stacks must not be those that accuracy is reported on. Each is held out once: the printed
calibration is that of curves that never saw the stack.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ddff_perception.depth_from_focus.classical import multiscale as classical
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.learned import focus_stream as learned
from ddff_perception.files.stack_folder import read_stack

# Every n-th pixel: neighbours say the same.
STRIDE = 5
RIDGE = 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stacks", nargs="+", type=Path)
    parser.add_argument("--method", choices=("multiscale", "focus_stream"), default="multiscale")
    arguments = parser.parse_args()
    of_method = {"multiscale": features, "focus_stream": learned_features}[arguments.method]
    samples = [of_method(folder) for folder in arguments.stacks]
    held_out = np.empty(0)
    for number, (own, _) in enumerate(samples):
        others = samples[:number] + samples[number + 1 :] or samples
        held_out = np.append(held_out, probability(own, fit(others)))
    good = np.concatenate([hit for _, hit in samples])
    print_reliability(held_out, good)
    print(f"CONFIDENCE_CURVE = ({', '.join(f'{weight:.2f}' for weight in fit(samples))})")


def features(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """N x 3 (1, log-odds of the posterior, spread) and N hits within 10 %, of one stack."""
    content = read_stack(folder)
    assert content.truth is not None, f"{folder} has no depth.npy"
    curve = classical.CONFIDENCE_CURVE
    try:
        # The identity curve hands out the raw posterior.
        classical.CONFIDENCE_CURVE = (0.0, 1.0, 0.0)
        estimate = DepthFromFocus().process(content.stack, all_in_focus=False)
    finally:
        classical.CONFIDENCE_CURVE = curve
    position = 1.0 / estimate.depth
    cells = cv2.resize(position, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(cells, kernel) - cv2.erode(cells, kernel)
    spread = cv2.resize(spread, position.shape[::-1]) / (0.1 * np.maximum(position, 1e-3))
    hit = np.abs(estimate.depth - content.truth) < 0.1 * content.truth
    odds = np.clip(estimate.confidence, 1e-4, 1 - 1e-4)
    columns = [np.ones_like(odds), np.clip(np.log(odds / (1 - odds)), -6, 6), np.log1p(spread)]
    picked = [column[::STRIDE, ::STRIDE].ravel() for column in columns]
    return np.stack(picked, axis=1).astype(np.float64), hit[::STRIDE, ::STRIDE].ravel()


def learned_features(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """N x 2 (1, log of the tolerated error by FocusStream's scale) and N hits, of one stack."""
    content = read_stack(folder)
    assert content.truth is not None, f"{folder} has no depth.npy"
    curve, unseen = learned.CONFIDENCE_CURVE, learned.UNSEEN_SCALE
    try:
        learned.CONFIDENCE_CURVE, learned.UNSEEN_SCALE = (0.0, 1.0), 1e6
        estimate = DepthFromFocus("focus_stream").process(content.stack, all_in_focus=False)
    finally:
        learned.CONFIDENCE_CURVE, learned.UNSEEN_SCALE = curve, unseen
    hit = np.abs(estimate.depth - content.truth) < 0.1 * content.truth
    odds = np.clip(estimate.confidence, 1e-4, 1 - 1e-4)
    columns = [np.ones_like(odds), np.log(odds / (1 - odds))]
    picked = [column[::STRIDE, ::STRIDE].ravel() for column in columns]
    return np.stack(picked, axis=1).astype(np.float64), hit[::STRIDE, ::STRIDE].ravel()


def fit(
    samples: list[tuple[NDArray[np.float64], NDArray[np.bool_]]],
) -> NDArray[np.float64]:
    """Logistic regression with a small ridge."""
    x = np.concatenate([part for part, _ in samples])
    y = np.concatenate([hit for _, hit in samples]).astype(np.float64)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = x @ weights
        gradient = x.T @ (1 / (1 + np.exp(-logits)) - y) / len(y)
        penalty = np.concatenate([[0.0], weights[1:]])
        value = np.mean(np.logaddexp(0, logits) - y * logits) + RIDGE * penalty @ penalty
        return float(value), gradient + 2 * RIDGE * penalty

    return np.asarray(minimize(loss, np.zeros(x.shape[1]), jac=True).x)


def probability(x: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-(x @ weights))))


def print_reliability(confidence: NDArray[np.float64], good: NDArray[np.bool_]) -> None:
    print(f"{'confidence':>12} {'observed':>9} {'share':>7}")
    error = 0.0
    edges = np.linspace(0, 1, 11)
    for low, high in itertools.pairwise(edges):
        inside = (confidence >= low) & (confidence < high)
        if inside.any():
            stated, observed = confidence[inside].mean(), good[inside].mean()
            error += abs(stated - observed) * inside.mean()
            print(f"{stated:12.2f} {observed:9.2f} {inside.mean():7.1%}")
    print(f"expected calibration error {error:.3f}")


if __name__ == "__main__":
    main()
