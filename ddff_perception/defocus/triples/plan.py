"""What is to be captured, and what the lens will show of it.

S. Nazir et al., "iDFD: a dataset annotated for depth and defocus", SCIA 2023 (Nazir's thesis,
chapter 4): one camera on a tripod at two apertures, f/2.8 for the defocused image and f/10 for the
one in focus all over, and a depth sensor fixed to it. The defaults are theirs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...optics.thin_lens import circle_of_confusion_px
from ...parameters import Settings, parameter
from ...types import InputError

# A narrow aperture's disc up to this counts as sharp; a wide one's has to be seen.
SHARP_PX, SEEN_PX = 2.0, 4.0


@dataclass(frozen=True)
class CaptureSettings(Settings):
    """The lens, its two apertures and the range of the depth sensor."""

    focal_mm: float = parameter(14.0, "focal length", "mm", (1.0, 2000.0))
    wide_f_number: float = parameter(2.8, "of the defocused image", "", (0.5, 64.0))
    narrow_f_number: float = parameter(10.0, "of the image in focus all over", "", (0.5, 64.0))
    pixel_um: float = parameter(
        4.0, "side of a pixel of the photographs as they come", "um", (0.3, 50.0)
    )
    nearest_m: float = parameter(0.5, "where depth begins to be measured", "m", (0.05, 100.0))
    farthest_m: float = parameter(3.8, "where it ends", "m", (0.1, 1000.0))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.wide_f_number >= self.narrow_f_number:
            raise InputError(
                f"the wide aperture f/{self.wide_f_number:g} must have a smaller f-number than "
                f"the narrow one, f/{self.narrow_f_number:g}"
            )
        if self.nearest_m >= self.farthest_m:
            raise InputError("nearest_m must be below farthest_m")

    @property
    def focal_px(self) -> float:
        """Focal length in pixels of the photographs as they come."""
        return 1e3 * self.focal_mm / self.pixel_um

    @property
    def aperture_m(self) -> float:
        """Diameter of the wide aperture."""
        return 1e-3 * self.focal_mm / self.wide_f_number

    @property
    def stops(self) -> float:
        """How many times the narrow aperture's exposure has to be doubled to be as bright."""
        return 2.0 * math.log2(self.narrow_f_number / self.wide_f_number)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a plane in focus will show: discs (px of the photographs) at both ends of the range, by
    the wide and by the narrow aperture.
    """

    focus_m: float
    wide_px: tuple[float, float]
    narrow_px: tuple[float, float]

    @property
    def advice(self) -> str:
        """What is wrong with it, empty where nothing is."""
        if max(self.narrow_px) > SHARP_PX:
            return f"the narrow aperture blurs by {max(self.narrow_px):.1f} px: close it further"
        if max(self.wide_px) < SEEN_PX:
            return f"the wide aperture blurs by {max(self.wide_px):.1f} px only: open it further"
        return ""


def foreseen(settings: CaptureSettings, focus_m: float) -> Foreseen:
    """What the lens shows with `focus_m` in focus. Raises InputError where it is no distance."""
    if not 0 < focus_m < math.inf:
        raise InputError(f"a focus distance must be metres over 0, not {focus_m:g}")
    share = settings.wide_f_number / settings.narrow_f_number
    ends = (settings.nearest_m, settings.farthest_m)
    near, far = (
        float(circle_of_confusion_px(end, focus_m, settings.aperture_m, settings.focal_px))
        for end in ends
    )
    return Foreseen(focus_m, (near, far), (share * near, share * far))


def scene_names(scenes: int, focus_m: Sequence[float]) -> list[tuple[str, float]]:
    """Name and focus distance of each scene, the distances in turn."""
    if not focus_m:
        raise InputError("a plan needs a focus distance")
    return [(f"{n + 1:04d}", float(focus_m[n % len(focus_m)])) for n in range(scenes)]
