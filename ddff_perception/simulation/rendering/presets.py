"""Sweeps with names: starting points for the command, and the one that ships for the demo."""

from __future__ import annotations

from ..focus_camera.sweep import SweepSettings
from .scene_types import SceneSettings
from .sensor import SensorSettings

PRESETS: dict[str, SweepSettings] = {
    "room": SweepSettings(),
    "table_top": SweepSettings(
        scene=SceneSettings(layout="table_top", near_m=0.3, far_m=2.0), near_m=0.3, far_m=2.2
    ),
    "demo": SweepSettings(
        scene=SceneSettings(seed=31, layout="table_top", near_m=0.5, far_m=3.6, plain_walls=True),
        width=400,
        height=300,
        aperture_diameter_m=0.012,
        near_m=0.5,
        far_m=5.0,
        slices=10,
        samples=256,
        sensor=SensorSettings(noise=0.25),
    ),
}
