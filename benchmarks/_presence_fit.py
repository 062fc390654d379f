"""The fit of the presence of glass: right on the whole, and never far behind in any view.

A logistic function blends the plain view into `kong`'s. It maximises the mean decibels of the
transmission, and pays sixfold for what a view all behind glass is behind `kong`, a third for what
a view without glass is under 48 dB to itself: a mean alone lets single views go for what it gains
on others. Where gloss and a pane cannot be told apart, both at once are not to be had.

Fitted are views that were mixed by the Fresnel equations and, as their edges are where chance puts
them, rendered rooms (`ddff simulate dataset polarizer`, the training side of the assets).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _gloss import gloss_view
from _mixtures import Mixture, mixture_view
from reflection import mixture
from reflection_world import LEAST_GLASS, judged
from rich.progress import track
from scipy.optimize import minimize

from ddff_perception.optics.polarization import stokes_from_images
from ddff_perception.reflection.classical.guarded import GuardedSettings, physical_answer
from ddff_perception.reflection.classical.presence import presence_of
from ddff_perception.simulation.dataset.reader import WorldDataset
from ddff_perception.types import LayerPair

STEP = 7
FLOOR = {True: 2e-5, False: 1e-4}
STRICT = {True: 6.0, False: 0.3}
LEAST_CHANGE = 10**-4.8
TRIED = 3
# How often a view counts: of rooms there are few, and sky of one axis may as well be a pane.
COUNTS = {"part": 2.0, "sky": 0.05}
ROOM_COUNTS = 4.0


def weak_pane(seed: int) -> Mixture:
    """A pane all over the view at 14 to 45 degrees, where polarization is weak."""
    rng = np.random.default_rng([seed, 911])
    incidence = float(rng.uniform(14, 45))
    ratio = float(np.exp(rng.uniform(np.log(0.2), np.log(5))))
    images, *truth = mixture(rng, incidence, ratio, bool(seed % 2), (192, 144))
    layers = LayerPair(*(np.asarray(part, np.float32) for part in truth))
    return Mixture("curved" if seed % 2 else "flat", images, layers)


@dataclass
class Sample:
    """Every STEP-th pixel of a view (N), in shares of the true transmission's brightest value."""

    kind: str
    features: np.ndarray
    seen: np.ndarray
    worth: float
    mean: np.ndarray
    whole: np.ndarray
    truth: np.ndarray
    counts: float = 1.0

    @property
    def glass(self) -> bool:
        return self.kind in ("flat", "curved", "part")

    def error(self, presence: np.ndarray) -> float:
        return float(np.mean((np.clip(presence * self.whole, 0, self.mean) - self.truth) ** 2))

    @property
    def of_kong(self) -> float:
        return self.error(np.float64(self.worth >= 1))


def sample(view: Mixture, counts: float) -> Sample:
    """What the fit reads of a view."""
    answer = physical_answer(view.images, GuardedSettings())
    size = answer.light.shape[:0:-1]
    truth = cv2.resize(view.truth.reflection, size, interpolation=cv2.INTER_AREA)
    peak = float(view.truth.transmission.max())

    def flat(image: Any) -> np.ndarray:
        return np.asarray(image, np.float64).ravel()[::STEP] / peak

    whole = np.einsum("khw,khw->hw", answer.whole, answer.light)
    rows = answer.seen.reshape(len(answer.seen), -1)[:, ::STEP].T.astype(np.float64)
    light = np.maximum(answer.light[0], 0)
    features = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
    parts = (flat(light), flat(whole), flat(truth))
    return Sample(view.kind, features, answer.seen, answer.worth, *parts, counts)


def room_views(folder: Path) -> list[Mixture]:
    """Rendered rooms as a camera takes them: a pane all over, in a part or nowhere."""
    dataset, found = WorldDataset(folder), []
    for number in range(len(dataset)):
        polarized = dataset[number].polarized
        assert polarized is not None
        view = judged(polarized, number)
        images = view.images
        mean = stokes_from_images(images.images, images.angles_deg).s0 / 2
        kind = "flat" if view.glass > 0.98 else "part" if view.glass > LEAST_GLASS else "none"
        mirrored = np.maximum(mean - view.truth, 0) * (kind != "none")
        found.append(Mixture(kind, images, LayerPair(view.truth, np.float32(mirrored))))
    return found


def samples(views: int, rooms: Path) -> list[Sample]:
    """Mixtures, weak panes, gloss and rooms; every third of them is tried and not fitted."""
    makers = ((mixture_view, views), (weak_pane, 2 * views // 5), (gloss_view, 3 * views // 5))
    jobs = [(make, seed) for make, count in makers for seed in range(count)]
    mixed = (make(seed) for make, seed in track(jobs, "Mixing views for the presence"))
    found = [sample(view, COUNTS.get(view.kind, 1.0)) for view in mixed]
    return found + [
        sample(view, ROOM_COUNTS * COUNTS.get(view.kind, 1.0)) for view in room_views(rooms)
    ]


def fitted_presence(views: list[Sample]) -> np.ndarray:
    """Weights: a constant, and one for each feature."""
    rows = np.concatenate([view.features for view in views])
    middle, spread = rows.mean(axis=0), rows.std(axis=0)
    middle[0], spread[0] = 0, 1
    scaled = [(view.features - middle) / spread for view in views]
    sure = [number for number, view in enumerate(views) if view.kind != "part"]
    start = likelihood_fit(
        np.concatenate([scaled[n][:, 1:] for n in sure]),
        np.concatenate([np.full(len(scaled[n]), views[n].glass, float) for n in sure]),
    )
    found = minimize(
        lambda weights: _loss(weights, views, scaled),
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 60},
    ).x
    weights = found / spread
    weights[0] = found[0] - (found[1:] * middle[1:] / spread[1:]).sum()
    return np.asarray(weights)


def likelihood_fit(features: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Weights of a logistic function for the probability of `right`, by Newton's method."""
    columns = np.concatenate([np.ones((len(features), 1)), features], axis=1)
    weights = np.zeros(columns.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(columns @ weights, -30, 30)))
        slope = columns.T @ (p - right) / len(right) + 1e-3 * weights
        bend = (columns * (p * (1 - p))[:, None]).T @ columns / len(right)
        weights = weights - np.linalg.solve(bend + 1e-3 * np.eye(len(weights)), slope)
    return weights


def _loss(
    weights: np.ndarray, views: list[Sample], scaled: list[np.ndarray]
) -> tuple[float, np.ndarray]:
    """And its gradient. What the view says as a whole comes later, and is not fitted."""
    total, gradient = 1e-4 * float(np.sum(weights**2)), 2e-4 * weights
    counted = sum(view.counts for view in views)
    for view, rows in zip(views, scaled, strict=True):
        p = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        whole = view.worth * view.whole
        blend = p * whole
        left = np.clip(blend, 0, view.mean) - view.truth
        error = float(np.mean(left**2))
        floor, strict = FLOOR[view.glass], STRICT[view.glass]
        cost, slope = np.log(error + floor), 1 / (error + floor)
        if view.kind != "part":
            bound = view.of_kong * 1.03 + 1e-6 if view.glass else LEAST_CHANGE
            if error > bound:
                cost += strict * np.log(error / bound)
                slope += strict / error
        free = (blend > 0) & (blend < view.mean)
        of_p = 2 * left * free * whole / len(left) * slope
        share = view.counts / counted
        total += share * cost
        gradient = gradient + share * (rows.T @ (of_p * p * (1 - p)))
    return total, gradient


def report(views: list[Sample], weights: np.ndarray) -> dict[str, float]:
    """Decibels: how far panes are behind `kong` at worst, the least that views without glass keep.

    On the grid of the answer, with what the view says as a whole.
    """
    behind, change, part = [], [], []
    for view in views:
        presence = presence_of(view.seen, view.worth, tuple(weights)).ravel()[::STEP]
        error = view.error(presence)
        if view.kind == "part":
            part.append(error)
        elif view.glass:
            behind.append(10 * np.log10((error + 1e-6) / (view.of_kong + 1e-6)))
        else:
            change.append(-10 * np.log10(error + 1e-12))
    return {
        "views": len(views),
        "furthest_behind_db": round(max(behind), 2),
        "views_behind_by_half_a_db": int(np.sum(np.array(behind) > 0.5)),
        "least_change_db": round(min(change), 1),
        "views_changed_by_more_than_45_db": int(np.sum(np.array(change) < 45)),
        "part_db": round(float(np.mean(-10 * np.log10(part))), 2),
    }
