"""The polarization of a view: a pane before the camera, Stokes parameters, layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rendering.denoise import has_denoiser
from ..rendering.polarized_renderer import PolarizedRenderer
from ..rendering.world_renderer import Truth, WorldRenderer
from ..world.cameras import Viewpoint
from ..world.panes import pane_before
from .settings import DatasetSettings

_SAMPLES = 4  # times those of the picture
_LOOK_PX = (80, 60)


def place_pane(
    renderers: tuple[WorldRenderer, PolarizedRenderer],
    viewpoint: Viewpoint,
    settings: DatasetSettings,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Puts a pane before the camera in a share of all views; what the index says of it."""
    pane, facts = None, None
    if rng.random() < settings.panes:
        depth, _ = renderers[0].quick_look(viewpoint.camera(*_LOOK_PX), viewpoint.pose)
        pane, facts = pane_before(viewpoint, depth, rng)
    for renderer in renderers:
        renderer.place_pane(pane)
    return {"pane": facts}


def polarization(
    renderer: PolarizedRenderer,
    viewpoint: Viewpoint,
    settings: DatasetSettings,
    truth: Truth,
    exposed: tuple[float, float],
    seed: int,
) -> dict[str, NDArray[np.float16]]:
    """Arrays of the view by name, radiance times the first of `exposed` and at most the second:
    `stokes` H x W x 3, `transmission`, `reflection`, `incidence_deg` and `plane_deg` H x W.
    """
    camera = viewpoint.camera(settings.width, settings.height)
    samples = settings.samples * _SAMPLES
    if settings.denoise and has_denoiser():
        layers = renderer.clean_layers(camera, viewpoint.pose, samples, seed, truth)
    else:
        layers = renderer.layers(camera, viewpoint.pose, samples, seed)
    exposure, most = exposed
    stokes = layers.stokes * exposure
    fits = np.minimum(1, most / np.maximum(stokes[..., 0], 1e-9))
    arrays = {
        "stokes": stokes * fits[..., None],
        "transmission": layers.through[..., 0] * exposure * fits,
        "reflection": layers.mirrored[..., 0] * exposure * fits,
        "incidence_deg": truth.panes.incidence_deg,
        "plane_deg": truth.panes.perpendicular_deg,
    }
    return {name: np.asarray(value, np.float16) for name, value in arrays.items()}
