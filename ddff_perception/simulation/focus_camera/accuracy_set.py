"""The rendered stacks that accuracy is reported on, each repeatable from its seed.

Their seeds are used nowhere else: nothing may be tuned on these scenes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ..rendering.scene_types import SceneSettings
from ..rendering.sensor import SensorSettings
from .folder import holds_sweep, render_to_folder
from .sweep import SweepSettings

SetProgress = Callable[[str, int, int], None]
"""Called with a stack's name, its number of images done and of all; once with done = all for a
stack that was there already."""


def _sweep(
    ends_m: tuple[float, float], layout: str, seed: int, slices: int, aperture_m: float, plain: bool
) -> SweepSettings:
    """`ends_m`: how far the scene and the sweep reach."""
    return SweepSettings(
        scene=SceneSettings(seed, layout, near_m=0.5, far_m=ends_m[0], plain_walls=plain),
        slices=slices,
        aperture_diameter_m=aperture_m,
        near_m=0.5,
        far_m=ends_m[1],
        samples=49,
    )


_room = functools.partial(_sweep, (7.0, 7.0), "room")
_table = functools.partial(_sweep, (3.0, 3.5), "table_top")


ACCURACY_SET: dict[str, SweepSettings] = {
    "room_0": _room(900, 10, 0.0063, plain=False),
    "plain_room_0": _room(901, 11, 0.0116, plain=True),
    "table_0": _table(902, 11, 0.0115, plain=False),
    "plain_room_1": _room(903, 11, 0.0101, plain=True),
    "room_1": _room(904, 12, 0.0098, plain=False),
    "plain_room_2": _room(905, 8, 0.0105, plain=True),
    "room_2": _room(906, 9, 0.0065, plain=False),
    "plain_table_0": _table(907, 10, 0.0083, plain=True),
}


# 640x480; the others are 480x360.
VGA_SET: dict[str, SweepSettings] = {
    name: replace(settings, width=640, height=480)
    for name, settings in {
        "vga_room": _room(910, 10, 0.0085, plain=False),
        "vga_plain_room": _room(911, 13, 0.0065, plain=True),
        "vga_table": _table(912, 8, 0.0105, plain=False),
        "vga_plain_table": _table(913, 7, 0.0115, plain=True),
    }.items()
}
# Richly textured and without noise: precision between the slices is all that counts.
CLEAN_SET: dict[str, SweepSettings] = {
    f"clean_{layout}": SweepSettings(
        scene=SceneSettings(seed=seed, layout=layout, near_m=0.5, far_m=3.0),
        slices=9,
        aperture_diameter_m=0.010,
        near_m=0.5,
        far_m=3.5,
        samples=400,
        sensor=SensorSettings(noise=0.0),
    )
    for layout, seed in (("table_top", 920), ("room", 921))
}


def render_accuracy_set(
    folder: Path,
    progress: SetProgress | None = None,
    sweeps: Mapping[str, SweepSettings] | None = None,
) -> list[Path]:
    """The stack folders of `sweeps` (None: ACCURACY_SET) under `folder`, in their order, rendered
    where they are missing or were rendered with other settings.

    Raises InputError where Mitsuba is not installed or the folder cannot be written.
    """
    report = progress or (lambda name, done, total: None)
    folders = []
    for name, settings in (ACCURACY_SET if sweeps is None else sweeps).items():
        target = folder / name
        total = len(settings.distances()) + 1
        if holds_sweep(target, settings):
            report(name, total, total)
        else:
            render_to_folder(target, settings, functools.partial(report, name))
        folders.append(target)
    return folders
