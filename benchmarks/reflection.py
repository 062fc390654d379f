"""Reflection separation on mixtures by the Fresnel equations: what each method gains.

`python benchmarks/reflection.py` mixes procedural layers by the Fresnel equations (flat and curved
panes, incidence 20 to 75 degrees, reflections four times darker to four times brighter), and
compares each method's transmission and reflection with the true layers by PSNR against the layer's
own peak. The plain input is the mean over the polarizer angles as the transmission, and nothing
for the reflection. What the methods cost: `reflection_cost.py`; on rendered panes:
`reflection_panes.py`.
"""

from __future__ import annotations

from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _record import write_record
from rich.console import Console
from rich.progress import track
from rich.table import Table

from ddff_perception.optics.fresnel import mixing_coefficient, pane_reflectances
from ddff_perception.optics.textures import dead_leaves, one_over_f
from ddff_perception.reflection.methods import METHODS, create_method
from ddff_perception.types import PolarizedImages

ANGLES = (0.0, 45.0, 90.0)
INCIDENCES = (20.0, 35.0, 45.0, 56.0, 65.0, 75.0)
RATIOS = (0.25, 1.0, 4.0)
NOISE = 0.003
CURVED_DEG = 25.0  # incidence changes by this over a curved pane
PLAIN = "plain input"


def layer(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Shapes at all scales under smooth light, H x W, linear."""
    size = max(width, height)
    shading = np.clip(1 + 0.25 * one_over_f(rng, 512), 0.1, 2)
    light = cv2.resize(rng.uniform(0.3, 1.0, (3, 3)), (512, 512), interpolation=cv2.INTER_LINEAR)
    image = (dead_leaves(rng, 512)[..., 1] * shading * light).astype(np.float32)
    image = cv2.resize(image, (size, size))[:height, :width]
    return image / image.max()


def mixture(
    rng: np.random.Generator, incidence: float, ratio: float, curved: bool, size: tuple[int, int]
) -> tuple[PolarizedImages, np.ndarray, np.ndarray]:
    """8-bit polarizer images, true transmission and true reflection on their scale."""
    width, height = size
    transmitted, reflected = layer(rng, width, height), ratio * layer(rng, width, height)
    across = np.linspace(-0.5, 0.5, width)[None] * np.ones((height, 1)) if curved else 0.0
    angle = np.clip(incidence + CURVED_DEG * np.asarray(across), 5, 82)
    axis = rng.uniform(0, 180) + 20 * np.asarray(across)
    shares = pane_reflectances(angle)
    alphas = [mixing_coefficient(shares, axis, polarizer) for polarizer in ANGLES]
    lights = [transmitted + alpha * (reflected - transmitted) for alpha in alphas]
    exposure = 0.95 / max(float(light.max()) for light in lights)
    images = [exposure * light + NOISE * rng.standard_normal(light.shape) for light in lights]
    stored = tuple(np.clip(np.rint(255 * image), 0, 255).astype(np.uint8) for image in images)
    share = (shares[0] + shares[1]) / 2
    truth = exposure * (1 - share) * transmitted, exposure * share * reflected
    return PolarizedImages(stored, ANGLES), truth[0], truth[1]


def psnr(estimate: np.ndarray, truth: np.ndarray) -> float:
    return float(10 * np.log10(truth.max() ** 2 / np.mean((estimate - truth) ** 2)))


def accuracy(scenes: int) -> list[dict[str, Any]]:
    """Mean PSNR per method, kind of pane and incidence."""
    rows = []
    methods = {name: create_method(name) for name in METHODS}
    cases = [(curved, incidence) for curved in (False, True) for incidence in INCIDENCES]
    for curved, incidence in track(cases, "Separating mixtures"):
        scores: dict[str, list[tuple[float, float]]] = {}
        for seed, ratio in ((s, r) for s in range(scenes) for r in RATIOS):
            rng = np.random.default_rng([seed, int(incidence), int(curved)])
            images, transmission, reflection = mixture(rng, incidence, ratio, curved, (320, 256))
            mean = (images.images[0].astype(np.float32) + images.images[2]) / 510
            plain = psnr(mean, transmission), psnr(np.zeros_like(mean), reflection)
            scores.setdefault(PLAIN, []).append(plain)
            for name, method in methods.items():
                pair = method(images)
                score = psnr(pair.transmission, transmission), psnr(pair.reflection, reflection)
                scores.setdefault(name, []).append(score)
        rows += [
            {
                "method": name,
                "pane": "curved" if curved else "flat",
                "incidence_deg": incidence,
                "transmission_psnr_db": round(float(np.mean([s[0] for s in found])), 2),
                "reflection_psnr_db": round(float(np.mean([s[1] for s in found])), 2),
            }
            for name, found in scores.items()
        ]
    return rows


def accuracy_table(rows: list[dict[str, Any]], pane: str, value: str) -> Table:
    table = Table(title=f"{value.split('_')[0].capitalize()}, {pane} pane: PSNR (dB) per incidence")
    table.add_column("Method", no_wrap=True)
    for incidence in INCIDENCES:
        table.add_column(f"{incidence:g}°", justify="right")
    table.add_column("mean", justify="right")
    for name in (PLAIN, *METHODS):
        mine = [row[value] for row in rows if row["method"] == name and row["pane"] == pane]
        table.add_row(name, *(f"{score:.1f}" for score in (*mine, float(np.mean(mine)))))
    return table


def main(
    scenes: Annotated[int, typer.Option(min=1, help="Scenes per incidence and exposure")] = 4,
) -> None:
    """Scores all methods on mixtures, and records the means."""
    scores = accuracy(scenes)
    console = Console()
    for pane in ("flat", "curved"):
        for value in ("transmission_psnr_db", "reflection_psnr_db"):
            console.print(accuracy_table(scores, pane, value))
    setup = {"angles_deg": ANGLES, "noise": NOISE, "exposure_ratios": RATIOS, "scenes": scenes}
    path = write_record("reflection", scores, setup=setup)
    console.print(f"recorded in {path}")


if __name__ == "__main__":
    typer.run(main)
