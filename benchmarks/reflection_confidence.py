"""Fits when there is glass, when a network is better, and how sure the layers are; prints how well.

`python benchmarks/reflection_confidence.py` mixes views by the Fresnel equations (`_mixtures.py`:
flat and bent glass, a border in view, none at all; `_gloss.py`: things that polarize by themselves)
and, with `--fit`, fits the logistic functions of `reflection/classical/presence.py`, `guarded.py`
and `reflection/learned/gating.py`. Presence (`_presence_fit.py`) and gate maximise the mean
decibels of the transmission, confidence the likelihood of its being right. It then tries them on
views that were not fitted: how often the transmission is within 5 % of its brightest value, by
confidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _gloss import gloss_view
from _mixtures import Mixture, mixture_view
from _presence_fit import TRIED, fitted_presence, likelihood_fit, report, samples
from _record import write_record
from rich.console import Console
from rich.progress import track
from scipy.optimize import minimize

from ddff_perception.files.images import write_image
from ddff_perception.reflection.classical import guarded as physics
from ddff_perception.reflection.classical.guarded import GuardedSettings, physical_answer
from ddff_perception.reflection.classical.mixing import reflected
from ddff_perception.reflection.classical.presence import presence_of
from ddff_perception.reflection.learned import gating
from ddff_perception.reflection.learned.network import NetworkSettings, network_reflection
from ddff_perception.reflection.methods import create_method
from ddff_perception.simulation.polarizer_camera.frames import open_polarization
from ddff_perception.types import PolarizedImages

SETTINGS = GuardedSettings()
TRIED_FROM = 1000
NOISE_FLOOR = 2e-5
STEP = 5
SHOWN = (20, 9)
WITHIN = 0.05
View = dict[str, Any]


def prepared(mixture: Mixture, engine: Any) -> View:
    """What the fits read of a view, on the grid of its answer, in shares of the brightest value."""
    answer = physical_answer(mixture.images, SETTINGS)
    size = answer.light.shape[:0:-1]
    truth = cv2.resize(mixture.truth.reflection, size, interpolation=cv2.INTER_AREA)
    peak = float(mixture.truth.transmission.max())
    reflection = network_reflection(mixture.images, NetworkSettings(), engine, answer)
    fit = gating.network_gains(reflection, answer, SETTINGS)
    return {"answer": answer, "truth": truth / peak, "peak": peak, "net": reflection, "fit": fit}


def with_presence(view: View, weights: np.ndarray) -> physics.Answer:
    """The view's answer with other weights for the presence."""
    answer: physics.Answer = view["answer"]
    presence = presence_of(answer.seen, answer.worth, tuple(weights))
    return physics.judged(replace(answer, presence=presence, gains=presence * answer.whole))


def decibel_fit(
    pieces: list[tuple[np.ndarray, ...]], start: np.ndarray, regular: float = 1e-4
) -> np.ndarray:
    """Weights of a logistic function that blends one reflection into another; each of `pieces` has
    features (N x F), the two reflections, the true one, and the mean image.
    """

    def loss(weights: np.ndarray) -> float:
        total = 0.0
        for features, one, other, truth, mean in pieces:
            score = np.clip(weights[0] + features @ weights[1:], -30, 30)
            blend = one + (other - one) / (1 + np.exp(-score))
            error = np.clip(blend, 0, mean) - truth
            total += float(np.log(np.mean(error**2) + NOISE_FLOOR))
        return total / len(pieces) + regular * float(np.sum(weights**2))

    options = {"maxiter": 6, "xtol": 1e-2, "ftol": 1e-3}
    return np.asarray(minimize(loss, start, method="Powell", options=options).x)


def flat(maps: np.ndarray) -> np.ndarray:
    """F x h x w to N x F of every STEP-th pixel."""
    return maps.reshape(len(maps), -1)[:, ::STEP].T


def fitted(views: list[View], presence: np.ndarray) -> dict[str, np.ndarray]:
    """All other weights, by name."""

    def piece(view: View, features: np.ndarray, one: Any, other: Any) -> tuple[np.ndarray, ...]:
        light, peak = view["answer"].light, view["peak"]
        raw = [np.einsum("khw,khw->hw", gains, light)[None] / peak for gains in (one, other)]
        maps = [*raw, view["truth"][None], light[:1] / peak]
        return (flat(features), *(flat(part)[:, 0] for part in maps))

    found = {}
    for view in views:
        view["answer"] = with_presence(view, presence)
    pieces = [
        piece(
            v,
            gating.gate_features(v["net"], *v["fit"], v["answer"]),
            v["answer"].gains,
            v["fit"][0],
        )
        for v in views
    ]
    found["BETTER"] = decibel_fit(pieces, np.asarray(gating.BETTER))
    for name, of_view in (("CONFIDENCE of guarded", _physical), ("CONFIDENCE of network", _gated)):
        found[name] = likelihood_fit(*_of_all(views, lambda v, f=of_view: f(v, found["BETTER"])))
    return found


def _physical(view: View, _: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    answer = view["answer"]
    return answer.facts, reflected(answer.light, answer.gains)


def _gated(view: View, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gains, facts = gating.blended(view["net"], view["fit"], view["answer"], tuple(weights))
    return facts, reflected(view["answer"].light, gains)


def _of_all(
    views: list[View], of_view: Callable[[View], tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Features, and whether the transmission is right, of all views."""
    features, right = [], []
    for view in views:
        facts, reflection = of_view(view)
        features.append(flat(facts))
        error = np.abs(reflection / view["peak"] - view["truth"])
        right.append(flat(error[None] <= WITHIN)[:, 0])
    return np.concatenate(features), np.concatenate(right).astype(float)


def reliability(name: str, seeds: range) -> list[dict[str, Any]]:
    """Of views that were not fitted: how often pixels of a confidence are right."""
    method = create_method(name)
    said, right = [], []
    for seed in track(seeds, f"Trying {name}"):
        view = mixture_view(seed)
        pair = method(view.images)
        truth = view.truth.transmission
        said.append(pair.confidence[::3, ::3].ravel())
        right.append((np.abs(pair.transmission - truth) <= WITHIN * truth.max())[::3, ::3].ravel())
    confidence, true = np.concatenate(said), np.concatenate(right)
    place = np.minimum((10 * confidence).astype(int), 9)
    return [
        {
            "method": name,
            "confidence": round(float(confidence[place == bin_].mean()), 3),
            "right": round(float(true[place == bin_].mean()), 3),
            "pixels": int((place == bin_).sum()),
        }
        for bin_ in range(10)
        if (place == bin_).any()
    ]


def picture(path: Path) -> None:
    """Input, transmission, true transmission and confidence of a success, a border and a limit."""
    pane = open_polarization(None)
    assert pane.transmission is not None
    known = np.float32(1 / 255) * pane.transmission
    views = [(PolarizedImages(pane.images, pane.angles_deg), known)]
    views += [(v.images, v.truth.transmission) for v in map(mixture_view, SHOWN)]
    method, rows = create_method("guarded"), []
    for images, truth in views:
        pair = method(images)
        bright = float(np.percentile(truth, 99.5))
        shown = [pair.transmission + pair.reflection, pair.transmission, truth]
        tiles = [np.clip(layer / bright, 0, 1) ** (1 / 2.2) for layer in shown]
        row = np.hstack([*tiles, pair.confidence])
        rows.append(cv2.resize(row, (4 * 240, 180), interpolation=cv2.INTER_AREA))
    write_image(path, np.rint(255 * np.vstack(rows)).astype(np.uint8))


def main(
    views: Annotated[int, typer.Option(min=1, help="Views that are fitted")] = 60,
    tried: Annotated[int, typer.Option(min=1, help="Views that are tried afterwards")] = 40,
    fit: Annotated[bool, typer.Option(help="Fit, or only try what is written down")] = False,
    rooms: Annotated[
        Path | None, typer.Option(help="Of `ddff simulate dataset polarizer`, to fit the presence")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help="Only write a picture of three views")] = None,
) -> None:
    """Prints weights for the code, and records how reliable the confidence in the code is."""
    if sheet is not None:
        picture(sheet)
        return
    console = Console()
    if fit:
        assert rooms is not None, "--fit needs --rooms"
        made = samples(2 * views, rooms)
        presence = fitted_presence([v for n, v in enumerate(made) if n % TRIED < TRIED - 1])
        console.print("PRESENCE", tuple(np.round(presence, 3).tolist()))
        console.print(report(made[TRIED - 1 :: TRIED], presence))
        engine = create_method("network").engines
        assert engine is not None
        mixed = [mixture_view(seed) for seed in range(views)]
        mixed += [gloss_view(seed) for seed in range(views // 5)]
        ready = [prepared(view, engine.get()) for view in track(mixed)]
        for name, weights in fitted(ready, presence).items():
            console.print(name, tuple(np.round(weights, 3).tolist()))
    rows = []
    for name in ("guarded", "network"):
        rows += reliability(name, range(TRIED_FROM, TRIED_FROM + tried))
    for row in rows:
        console.print(row)
    path = write_record("reflection_confidence", rows, setup={"views": tried, "within": WITHIN})
    console.print(f"recorded in {path}")


if __name__ == "__main__":
    typer.run(main)
