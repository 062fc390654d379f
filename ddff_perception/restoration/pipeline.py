"""Images in, restored ones out: what is wrong, method and enlargement joined, without a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from ..files.images import emptied_bits, filled_bits
from ..frame_pipeline import FramePipeline, FrameResult
from ..methods import Method
from ..parameters import Value
from ..pipeline import Change
from ..types import FloatArray, ImageArray, InputError
from .classical.enlargement import EnlargementSettings, enlarged
from .confidence import error_enlarged, error_left
from .estimation.seen import SeenInStream, SeenSettings
from .methods import METHODS
from .parameters import OutputSettings
from .solution import Observed, Restored

RestoredFrame = FrameResult[Restored]
"""A restored image, and as its `image` the `Observed` that it was made of."""

_Settings = tuple[OutputSettings, SeenSettings, EnlargementSettings]


class RestorationPipeline(FramePipeline[Restored]):
    """What node, command and bag evaluation run."""

    methods = METHODS

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        super().__init__(values)
        self._output, seen, self._enlarge = _settings(values or {})
        self._seen = SeenInStream(seen)
        self._counters["untouched"] = 0

    @property
    def counters(self) -> Mapping[str, int]:
        return {**super().counters, **self._seen.counters}

    def before(self, image: ImageArray) -> Observed:
        sizes = (image.shape[2:] in ((), (3,))) and image.ndim > 1 and image.size
        if image.dtype not in (np.uint8, np.uint16) or not sizes:
            raise InputError(
                f"images of 8 or 16 bits, grey or colour, can be restored, not {image.shape} "
                f"{image.dtype}"
            )
        filled = filled_bits(image, self._output.bit_depth)
        seen = self._seen.of(filled)
        if self._output.bit_depth:
            seen = replace(seen, bits=0)
        return Observed(filled, seen, image)

    def find(self, method: Method, taken: Observed) -> Restored:
        kept = self._output.strength <= 0
        return Restored.as_it_came(taken) if kept else super().find(method, taken)

    def after(self, taken: Observed, found: Restored) -> Restored:
        strength, scale = self._output.strength, self._enlarge.scale
        if strength < 1 and not found.untouched:
            found = replace(found, image=_mixed(taken.image, found.image, strength))
        left = error_left(taken, found, strength)
        untouched = found.untouched and scale == 1
        self._counters["untouched"] += untouched
        if untouched:
            return replace(found, image=taken.came, error=left)
        large = enlarged(found.image, self._enlarge)
        if scale > 1:
            left = error_enlarged(left, large, scale)
        image = emptied_bits(large, self._output.bit_depth)
        return Restored(image, left)

    def prepare(self, values: Mapping[str, Value]) -> Change:
        output, seen, enlarge = _settings(values)
        method = super().prepare(values)

        def apply() -> None:
            self._output, self._enlarge = output, enlarge
            if seen != self._seen.settings:
                self._seen.settings = seen
                self._seen.clear()
            method.apply()

        return replace(method, apply=apply)

    def forget(self) -> None:
        self._seen.clear()


def _settings(values: Mapping[str, Value]) -> _Settings:
    output, seen = OutputSettings.of(values), SeenSettings.of(values, "seen")
    if not output.keep_clean:
        seen = replace(seen, noise_least=0.0, blur_least_px=0.0)
    return output, seen, EnlargementSettings.of(values, "enlarge")


def _mixed(image: ImageArray, found: ImageArray, strength: float) -> ImageArray:
    both: FloatArray = np.asarray(
        cv2.addWeighted(found, strength, image, 1 - strength, 0, dtype=cv2.CV_32F), np.float32
    )
    return cast(ImageArray, np.rint(both).astype(image.dtype))
