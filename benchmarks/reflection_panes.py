"""Reflection separation on rendered panes: every method, with and without learning.

`python benchmarks/reflection_panes.py` renders panes of glass with Mitsuba's polarized path tracer
(flat and curved, incidence 20 to 75 degrees, reflections four times darker to four times brighter;
pictures, planes and geometry that no training draws), adds a camera's noise and 8 bits, and scores
both layers of each method. Rendered once, the views are kept in `out/panes`.

The truth is what the same view shows with only one of the two lamps lit, averaged over the
polarizer's angles: both layers on the scale of the input. All methods define their layers so, and
none is rescaled to fit. The plain input is the mean over the angles as the transmission, and
nothing as the reflection. Beside the means stand the worst view, the harm rate (share of pixels
that end further from the true transmission than the plain input) and the mean error of the worst
5 % of the pixels, as a share of the brightest value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from _panes import INCIDENCES, rendered
from _record import ROOT, write_record
from rich.console import Console
from rich.table import Table

from ddff_perception.evaluation.image_metrics import ImageScores, image_scores
from ddff_perception.reflection.evaluation.harm import harm_rate, worst_error
from ddff_perception.reflection.methods import METHODS, create_method
from ddff_perception.simulation.polarizer_camera.render import PaneSettings, PaneView
from ddff_perception.types import LayerPair, PolarizedImages

PLAIN = "plain input"
LEARNED = "network"
NOISE = 0.003
EXPOSURE = 0.95
LAYERS = ("transmission", "reflection")
View = tuple[PaneSettings, PaneView]


def seen_by_a_camera(settings: PaneSettings, view: PaneView) -> tuple[PolarizedImages, LayerPair]:
    """8-bit images with noise, and the true layers on their scale."""
    rng = np.random.default_rng([settings.seed, 8])
    images = []
    for image in view.images.images:
        light = EXPOSURE * image + NOISE * rng.standard_normal(image.shape)
        images.append(np.clip(np.rint(255 * light), 0, 255).astype(np.uint8))
    truth = (
        np.float32(EXPOSURE) * layer for layer in (view.truth.transmission, view.truth.reflection)
    )
    return PolarizedImages(tuple(images), view.images.angles_deg), LayerPair(*truth)


def scores(views: list[View], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per view and method."""
    rows = []
    methods = {
        name: create_method(name, parameters if name == LEARNED else None) for name in METHODS
    }
    for settings, view in views:
        images, truth = seen_by_a_camera(settings, view)
        mean = (images.images[0].astype(np.float32) + images.images[2]) / 510
        found = {PLAIN: LayerPair(mean, np.zeros_like(mean))}
        found |= {name: method(images) for name, method in methods.items()}
        for name, pair in found.items():
            row: dict[str, Any] = {
                "method": name,
                "pane": "curved" if settings.curvature else "flat",
                "incidence_deg": settings.incidence_deg,
                "ratio": settings.ratio,
            }
            for layer in LAYERS:
                score = score_of(getattr(pair, layer), getattr(truth, layer))
                row |= {f"{layer}_{key}": value for key, value in _rounded(score).items()}
            behind = truth.transmission
            row["harm_percent"] = round(100 * harm_rate(pair.transmission, behind, mean), 2)
            row["worst_percent"] = round(100 * worst_error(pair.transmission, behind), 2)
            rows.append(row)
    return rows


def score_of(estimate: np.ndarray, truth: np.ndarray) -> ImageScores:
    """Against the true layer's own brightest value: a dim reflection counts like a bright one."""
    peak = np.float32(truth.max())
    return image_scores(estimate / peak, truth / peak)


def _rounded(score: ImageScores) -> dict[str, float]:
    return {
        "rmse": round(score.rmse, 5),
        "psnr_db": round(score.psnr_db, 2),
        "ssim": round(score.ssim, 4),
    }


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means per method and incidence, and over all views ("all")."""
    found = []
    for name in dict.fromkeys(row["method"] for row in rows):
        for incidence in (*INCIDENCES, "all"):
            mine = [
                row
                for row in rows
                if row["method"] == name and incidence in (row["incidence_deg"], "all")
            ]
            means = {
                f"{layer}_{key}": round(float(np.mean([row[f"{layer}_{key}"] for row in mine])), 4)
                for layer in LAYERS
                for key in ("rmse", "psnr_db", "ssim")
            }
            harm = {
                key: round(float(np.mean([row[key] for row in mine])), 2)
                for key in ("harm_percent", "worst_percent")
            }
            least = min(row["transmission_psnr_db"] for row in mine)
            about = {"method": name, "incidence_deg": incidence, "views": len(mine)}
            found.append({**about, **means, "transmission_least_db": least, **harm})
    return found


def margins(means: list[dict[str, Any]], rows: list[dict[str, Any]]) -> dict[str, float]:
    """Decibels of the network over the best method without learning and over the plain input; and
    in the view where its transmission is furthest behind the best one without learning.
    """
    whole = {row["method"]: row for row in means if row["incidence_deg"] == "all"}
    result = {}
    for layer in LAYERS:
        key = f"{layer}_psnr_db"
        best = max(row[key] for name, row in whole.items() if name not in (PLAIN, LEARNED))
        result[f"{layer}_over_best_db"] = round(whole[LEARNED][key] - best, 2)
        result[f"{layer}_over_plain_db"] = round(whole[LEARNED][key] - whole[PLAIN][key], 2)
    others = {row["method"] for row in rows} - {PLAIN, LEARNED}
    best = max(others, key=lambda name: whole[name]["transmission_psnr_db"])
    scores = {
        name: np.array([row["transmission_psnr_db"] for row in rows if row["method"] == name])
        for name in (LEARNED, best)
    }
    result["worst_view_over_best_db"] = round(float((scores[LEARNED] - scores[best]).min()), 2)
    return result


def table(means: list[dict[str, Any]], layer: str) -> Table:
    result = Table(title=f"{layer.capitalize()}: PSNR (dB) per incidence, RMSE and SSIM over all")
    result.add_column("Method", no_wrap=True)
    columns = ("all", "RMSE", "SSIM", "worst view", "harm %", "worst 5 %")
    for name in (*(f"{incidence:g}°" for incidence in INCIDENCES), *columns):
        result.add_column(name, justify="right")
    for name in dict.fromkeys(row["method"] for row in means):
        mine = [row for row in means if row["method"] == name]
        psnr = [f"{row[f'{layer}_psnr_db']:.1f}" for row in mine]
        whole = mine[-1]
        harm = (whole["transmission_least_db"], whole["harm_percent"], whole["worst_percent"])
        shown = map(str, harm) if layer == "transmission" else ()
        scores = f"{whole[f'{layer}_rmse']:.4f}", f"{whole[f'{layer}_ssim']:.3f}"
        result.add_row(name, *psnr, *scores, *shown)
    return result


def main(
    model: Annotated[str, typer.Option(help="Network: a shipped name or an ONNX file")] = "",
    views: Annotated[str, typer.Option(help="Which views: test, or look for development")] = "test",
    folder: Annotated[Path, typer.Option(help="Where rendered views are kept")] = ROOT
    / "out/panes",
    record: Annotated[
        bool, typer.Option(help="Write docs/benchmarks/reflection_panes.json")
    ] = True,
) -> None:
    """Scores all methods on rendered panes and records the tables."""
    found = rendered(views, folder)
    rows = scores(found, {"model": model} if model else {})
    means = summary(rows)
    console = Console()
    for layer in LAYERS:
        console.print(table(means, layer))
    console.print(margins(means, rows))
    if record:
        setup = {"noise": NOISE, "bits": 8, "views": len(found), "margins": margins(means, rows)}
        path = write_record("reflection_panes", means, setup=setup, of_each_view=rows)
        console.print(f"recorded in {path}")


if __name__ == "__main__":
    typer.run(main)
