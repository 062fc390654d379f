"""Images in, restored ones out: what is wrong, method and enlargement joined, without a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from ..frame_pipeline import FramePipeline, FrameResult
from ..methods import Method
from ..parameters import Value
from ..pipeline import Change
from ..types import FloatArray, ImageArray, InputError
from .classical.enlargement import EnlargementSettings, enlarged
from .confidence import error_left
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
        if image.dtype not in (np.uint8, np.uint16) or image.ndim not in (2, 3) or not image.size:
            raise InputError(
                f"images of 8 or 16 bits, grey or colour, can be restored, not {image.shape} "
                f"{image.dtype}"
            )
        return Observed(image, self._seen.of(image), self._output.keep_clean)

    def find(self, method: Method, taken: Observed) -> Restored:
        # A network sees more than is seen without learning, and tells by itself what is clean.
        clean = taken.keep_clean and taken.seen.clean and not method.entry.network
        kept = self._output.strength <= 0 or clean
        found = Restored.as_it_came(taken) if kept else super().find(method, taken)
        if found.untouched:
            self._counters["untouched"] += 1
        return found

    def after(self, taken: Observed, found: Restored) -> Restored:
        strength, scale = self._output.strength, self._enlarge.scale
        if strength < 1 and not found.untouched:
            found = replace(found, image=_mixed(taken.image, found.image, strength))
        left = error_left(taken, found, strength)
        if scale > 1:
            left = np.asarray(cv2.resize(left, None, fx=scale, fy=scale), np.float32)
        return replace(found, image=enlarged(found.image, self._enlarge), error=left)

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
    return output, seen, EnlargementSettings.of(values, "enlarge")


def _mixed(image: ImageArray, found: ImageArray, strength: float) -> ImageArray:
    both: FloatArray = np.asarray(
        cv2.addWeighted(found, strength, image, 1 - strength, 0, dtype=cv2.CV_32F), np.float32
    )
    return cast(ImageArray, np.rint(both).astype(image.dtype))
