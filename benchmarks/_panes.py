"""The judge of reflection separation: rendered panes, kept in a folder once they are rendered."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.progress import track

from ddff_perception.files.atomic import make_folder
from ddff_perception.simulation.polarizer_camera.render import PaneSettings, PaneView, render_pane
from ddff_perception.types import LayerPair, PolarizedImages

INCIDENCES = (20.0, 35.0, 45.0, 56.0, 65.0, 75.0)
RATIOS = (0.25, 1.0, 4.0)
# Training never draws these: its pictures have generators of their own.
FIRST_SEED = {"test": 150_000, "look": 90_000}
_SAMPLES = 64
_SIZE = (192, 144)
_VIEW_DEG = 10.0
_MOST_DEG = 84.0
_BEND_DEG = 12.0


def settings_of(subset: str) -> list[PaneSettings]:
    """Two views per pane (flat, curved) and incidence, of exposure ratios that take turns.

    "look" is for development: other pictures and planes, one view per pane and incidence.
    """
    incidences = INCIDENCES if subset == "test" else (25.0, 50.0, 70.0)
    views = 2 if subset == "test" else 1
    cells = [(curved, incidence) for curved in (False, True) for incidence in incidences]
    return [
        _settings(FIRST_SEED[subset] + 3 * number + turn % 3, curved, incidence, RATIOS[turn % 3])
        for number, (curved, incidence) in enumerate(cells)
        for turn in range(number, number + views)
    ]


def _settings(seed: int, curved: bool, incidence: float, ratio: float) -> PaneSettings:
    rng = np.random.default_rng(seed)
    bend = min(_BEND_DEG, _MOST_DEG - incidence - _VIEW_DEG / 2) * rng.choice([-1, 1])
    return PaneSettings(
        seed=seed,
        width=_SIZE[0],
        height=_SIZE[1],
        incidence_deg=incidence,
        plane_deg=float(rng.uniform(0, 180)),
        curvature=_curvature(incidence, bend) if curved else 0.0,
        ratio=ratio,
        field_of_view_deg=_VIEW_DEG,
        samples=_SAMPLES,
    )


def _curvature(incidence_deg: float, bend_deg: float) -> float:
    """1/m that turns the normal by about `bend_deg` from the middle to the border of the view."""
    half_view = np.radians(_VIEW_DEG / 2) * 1.25
    reach_m = 2.0 * np.sin(half_view) / np.sin(np.radians(90 - incidence_deg) - half_view)
    return float(np.radians(bend_deg) / reach_m)


def rendered(subset: str, folder: Path) -> list[tuple[PaneSettings, PaneView]]:
    """All views of the subset, rendered where `folder` does not hold them yet."""
    make_folder(folder)
    settings = settings_of(subset)
    return [(s, _one(s, folder)) for s in track(settings, "Rendering panes")]


def _one(settings: PaneSettings, folder: Path) -> PaneView:
    path = folder / f"{settings.seed}.npz"
    wanted = json.dumps(asdict(settings))
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file["settings"]) == wanted:
                    images = tuple(file["images"])
                    return PaneView(
                        PolarizedImages(images, settings.angles_deg),
                        LayerPair(file["transmission"], file["reflection"]),
                    )
        except (KeyError, ValueError, OSError, zipfile.BadZipFile):
            pass
    view = render_pane(settings)
    np.savez(
        path,
        settings=wanted,
        images=np.stack(view.images.images),
        transmission=view.truth.transmission,
        reflection=view.truth.reflection,
    )
    return view
