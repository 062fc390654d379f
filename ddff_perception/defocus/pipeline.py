"""One image in, depth, defocus and a sharp image out: lens and method joined, without a clock."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..capture.reading_track import ReadingTrack
from ..frame_pipeline import FramePipeline, FrameResult
from ..methods import Method
from ..parameters import Value
from ..pipeline import Change
from ..types import CameraModel, ImageArray, InputError
from .classical.direction import anisotropy
from .methods import METHODS
from .parameters import AT_INFINITY_M, AssumptionSettings, LensSettings
from .sharpening import SharpeningSettings, sharpened
from .solution import DefocusEstimate, DefocusMap, Lens, Noticed, Photograph, estimate_of

Estimated = FrameResult[DefocusEstimate]
"""A result, and as its `image` the `Photograph` that it was made of."""

# A reading that comes so little later than the image belongs to it.
_JITTER_NS = 2_000_000


class DefocusPipeline(FramePipeline[DefocusEstimate]):
    """What node, command and bag evaluation run.

    Of the lens the parameters `lens.*` tell, or `add_focus` (where it is focused) and `camera` (its
    focal length in pixels, and perhaps its aperture).
    """

    methods = METHODS

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        super().__init__(values)
        self._take_over(values or {})
        self._track: ReadingTrack[tuple[float, bool]] = ReadingTrack()
        self._counters |= dict.fromkeys(
            ("dropped_moving", "focus_invalid", "motion_blurred", "lens_unknown"), 0
        )
        self.camera: CameraModel | None = None

    def add_focus(self, stamp_ns: int, distance_m: float, settled: bool) -> bool:
        """Takes a reading of the lens: metres, +inf allowed; never something new to work on."""
        stamps = self._track.stamps_ns
        if stamps and stamp_ns <= stamps[-1]:
            if stamp_ns < stamps[-1]:
                self._track.clear()
            else:
                return False
        if not distance_m > 0:
            self._counters["focus_invalid"] += 1
            return False
        self._track.append(stamp_ns, (distance_m, settled))
        return False

    def before(self, image: ImageArray) -> Photograph:
        return Photograph.taken(image, self._lens(image), self._assumed.side)

    def find(self, method: Method, taken: Photograph) -> DefocusEstimate:
        found: DefocusMap = method(taken)
        noticed = _noticed(taken, found)
        estimate = estimate_of(taken, found, noticed)
        if not taken.lens.complete:
            self._counters["lens_unknown"] += 1
        if noticed.anisotropy > self._assumed.motion_limit:
            self._counters["motion_blurred"] += 1
            estimate = replace(estimate, confidence=np.zeros_like(estimate.confidence))
        return estimate

    def sharpen(self, result: Estimated) -> Estimated:
        """The result with its blur undone: by the method where it does so, else by a filter."""
        started = time.perf_counter()
        found, sharp = result.found, result.found.found.sharp
        if sharp is None:
            size = np.abs(found.found.defocus) - self._sharpening.caution * found.found.spread
            sharp = sharpened(found.photograph.image, np.maximum(size, 0.0), self._sharpening)
        timings = {**result.timings_ms, "sharpening": (time.perf_counter() - started) * 1e3}
        return replace(result, found=replace(found, sharp=sharp), timings_ms=timings)

    def moved(self, found: DefocusEstimate) -> bool:
        """Whether motion blurred the image, in which case its depth counts for nothing."""
        return found.noticed.anisotropy > self._assumed.motion_limit

    def prepare(self, values: Mapping[str, Value]) -> Change:
        # Raises where they do not fit.
        AssumptionSettings.of(values), LensSettings.of(values, "lens")
        method = super().prepare(values)

        def apply() -> None:
            self._take_over(values)
            method.apply()

        return replace(method, apply=apply)

    def reset(self) -> None:
        super().reset()
        self._track.clear()

    def _take_over(self, values: Mapping[str, Value]) -> None:
        self._assumed = AssumptionSettings.of(values)
        self._settings = LensSettings.of(values, "lens")
        self._sharpening = SharpeningSettings.of(values, "sharpening")

    def _lens(self, image: ImageArray) -> Lens:
        own, camera = self._settings, self.camera
        scale = own.blur_per_dioptre_px
        aperture = own.aperture_m or (camera.aperture_diameter_m if camera else 0.0) or 0.0
        if not scale and camera is not None:
            scale = aperture * camera.resized(image.shape[1], image.shape[0]).fx
        distance = own.focus_distance_m or self._focus_distance()
        focus = 1.0 / distance if distance else math.nan
        if distance and distance >= AT_INFINITY_M:
            focus = 0.0
        return Lens(scale or math.nan, focus, own.residual_px)

    def _focus_distance(self) -> float | None:
        """What the last reading before the image says; raises InputError where the lens moved."""
        if not len(self._track):
            return None
        index = bisect_right(self._track.stamps_ns, self._stamp_ns + _JITTER_NS) - 1
        distance, settled = self._track.readings[max(index, 0)]
        if not settled:
            self._counters["dropped_moving"] += 1
            raise InputError("the lens moved while the image was taken")
        return distance


def _noticed(taken: Photograph, found: DefocusMap) -> Noticed:
    size = np.abs(found.defocus[::4, ::4])
    sharpest, widest = np.percentile(size, (10, 90))
    return Noticed(anisotropy(taken.edges), float(sharpest), float(widest))
