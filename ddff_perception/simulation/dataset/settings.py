"""What a data set is made with, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ...types import InputError
from ..assets.catalogue import USES
from ..world.odd import ODD
from ..world.scene import KINDS

_ROOMS: dict[str, float] = {
    "living": 3,
    "bedroom": 5,
    "office": 3,
    "kitchen": 3,
    "bath": 1,
    "corridor": 1,
    "workshop": 1.5,
    "hall": 1.5,
}
_ODD = dict.fromkeys(ODD, 1.0)
_MIXED = {**_ROOMS, **{kind: 0.8 for kind in ODD}}


def is_development(scene: int) -> bool:
    """Whether a scene is kept to choose by, out of training: every twelfth."""
    return scene % 12 == 11


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """Everything that decides what is in a data set but the number of its views.

    `shares` weighs the kinds of scenes; `use` is that of the assets; `samples` are light paths per
    pixel, before denoising where `denoise`. `frames` images of each view, an odd
    number, lie `span_s` seconds apart in all, while the camera moves and `moving` of the things do;
    the truth is that of the middle one. `focus_slices` more images
    are taken through a thin lens of `aperture_m` diameter, with 8 times the samples. `polarized`
    adds the polarization of each view, with 4 times the samples; a share of `panes` of the views
    has a pane of glass before the camera, of `wet` of the scenes a wet floor.
    """

    preset: str = "rooms"
    shares: Mapping[str, float] = field(default_factory=lambda: dict(_ROOMS))
    use: str = "train"
    seed: int = 0
    width: int = 320
    height: int = 240
    samples: int = 8
    denoise: bool = True
    views_per_scene: int = 6
    frames: int = 1
    span_s: float = 0.0
    moving: float = 0.0
    focus_slices: int = 0
    aperture_m: float = 0.0
    polarized: bool = False
    panes: float = 0.0
    wet: float = 0.0

    def __post_init__(self) -> None:
        unknown = sorted(set(self.shares) - set(KINDS))
        if unknown or not self.shares or min(self.shares.values()) < 0:
            raise InputError(f"kinds of scenes are {', '.join(KINDS)}; {unknown} are none")
        if self.use not in USES:
            raise InputError(f"use must be one of {', '.join(USES)}, not {self.use!r}")
        if self.seed < 0:
            raise InputError(f"the seed must not be negative, as {self.seed} is")
        if not (16 <= self.width <= 4096 and 16 <= self.height <= 4096):
            raise InputError(f"images of {self.width}x{self.height} are not possible: 16 .. 4096")
        if not 1 <= self.samples <= 65536 or not 1 <= self.views_per_scene <= 64:
            raise InputError("samples must lie in 1 .. 65536, views per scene in 1 .. 64")
        if not 1 <= self.frames <= 255 or self.span_s < 0 or not 0 <= self.moving <= 1:
            raise InputError("frames must lie in 1 .. 255, the span be 0 or more, moving in 0 .. 1")
        if self.frames % 2 == 0:
            raise InputError(f"frames must be odd, not {self.frames}: the middle one has the truth")
        if not 0 <= self.focus_slices <= 64 or (self.focus_slices and self.aperture_m <= 0):
            raise InputError("focus slices must lie in 0 .. 64 and need an aperture over 0")

        if not (0 <= self.panes <= 1 and 0 <= self.wet <= 1):
            raise InputError("the shares of panes and wet floors must lie in 0 .. 1")
        if self.panes and (self.frames > 1 or not self.polarized):
            raise InputError("panes are for single frames with polarization")

    def to_dict(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return {**asdict(self), "shares": dict(self.shares)}


PRESETS: dict[str, DatasetSettings] = {
    "rooms": DatasetSettings(),
    "odd": DatasetSettings("odd", _ODD),
    "mixed": DatasetSettings("mixed", _MIXED),
    "fine": DatasetSettings("fine", _MIXED, width=640, height=480, samples=16),
    "video": DatasetSettings("video", _MIXED, views_per_scene=2, frames=9, span_s=0.25),
    "motion": DatasetSettings(
        "motion", _ROOMS, views_per_scene=1, frames=9, span_s=0.1, moving=0.3
    ),
    "focus": DatasetSettings("focus", _MIXED, focus_slices=8, aperture_m=0.008),
    "polarizer": DatasetSettings("polarizer", _MIXED, polarized=True, panes=0.6, wet=0.3),
}
"""Starting points for `ddff simulate dataset`: `rooms` for labels, `odd` for scenes that are no
rooms, `mixed` for both, `fine` the same at 640x480, `video` with a moving camera, `motion` with
moving things, too, `focus` with images through a lens, `polarizer` with polarization and panes."""
