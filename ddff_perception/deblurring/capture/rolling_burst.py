"""The newest frames of a camera, each measured and aligned once, as the newest one sees them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.images import held_bits
from ...optics.blur_score import blur_score
from ...optics.registration import (
    LEAST_CONTRAST,
    RegistrationError,
    Spectrum,
    dense_flow,
    spectrum,
    translation,
)
from ...optics.resampling import Matrix, source_pixels
from ...optics.tracking import tracked_motion, tracking_image
from ...types import FloatArray, ImageArray, InputError
from ..burst import Burst, Source
from .settings import BurstSettings
from .trust import Shown, brighter, seen_through, smoothed, smoothed_through, trust

# A pyramid of corners follows this far by itself, as a share of the longest side.
_NEARBY = 0.02
# What frames of one exposure differ by.
_SAME_BRIGHTNESS = 0.02
# A frame is not sharp where another of the burst has a blur score that is lower by more.
_SHARPER_BY = 0.03


@dataclass
class Frame:
    """One frame, and how it lies: `matrix` from pixels of the newest frame to its own, `gain` by
    how much that one is brighter. `smooth`: what is compared of it. `hopeless`: told to be once.
    """

    stamp_ns: int
    image: ImageArray
    blur: float
    brightness: float
    thumbnail: Spectrum
    small: NDArray[np.uint8]
    smooth: FloatArray
    matrix: Matrix = field(default_factory=lambda: np.eye(3))
    gain: float = 1.0
    hopeless: bool = False
    memory: dict[str, Any] = field(default_factory=dict)


class Newest(NamedTuple):
    """The newest frame's blur score, NaN unknown, and whether it needs no method."""

    blur: float
    sharp: bool


class RollingBurst:
    """The newest frames; `counters` says what was met.

    Each frame is measured and laid over the one before it when it comes; the matrices of all others
    are carried along. Where that fails the view has changed (a cut), and what came before is
    forgotten, as it is where size, type or exposure change.
    """

    def __init__(self, settings: BurstSettings) -> None:
        self.counters = dict.fromkeys(
            (
                *("dropped_old", "dropped_exposure", "dropped_hopeless"),
                *("cuts", "size_changes", "exposure_jumps"),
            ),
            0,
        )
        self._settings = settings
        self._frames: list[Frame] = []
        self._bits = 0

    @property
    def settings(self) -> BurstSettings:
        return self._settings

    @settings.setter
    def settings(self, settings: BurstSettings) -> None:
        before = self._settings
        kept = (before.alignment_size, before.alignment == "none")
        if kept != (settings.alignment_size, settings.alignment == "none"):
            self._frames.clear()
        self._settings = settings

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def stamp_ns(self) -> int:
        """The newest frame's, 0 without one."""
        return self._frames[0].stamp_ns if self._frames else 0

    @property
    def newest(self) -> Newest | None:
        """What is known of the newest frame; None without one."""
        if not self._frames:
            return None
        blur = self._frames[0].blur
        sharper = any(frame.blur < blur - _SHARPER_BY for frame in self._frames[1:])
        return Newest(blur, not (blur >= self._settings.sharp_below or sharper))

    def clear(self) -> None:
        """Forgets every frame."""
        self._frames.clear()
        self._bits = 0

    def take(self, stamp_ns: int, image: ImageArray) -> None:
        """Takes a frame that is newer than those before; H x W or H x W x 3, 8 or 16 bits.

        Raises InputError on anything else.
        """
        frame = self._measured(stamp_ns, image)
        self._forget_unlike(frame)
        if self._frames and self._settings.alignment != "none":
            try:
                step = self._step(frame, self._frames[0])
            except RegistrationError:
                self.counters["cuts"] += 1
                self._frames.clear()
            for other in self._frames:
                other.matrix = other.matrix @ step
        self._follow_exposure(frame)
        self._frames.insert(0, frame)
        del self._frames[self._settings.frames :]

    def seen(self, alone: bool = False) -> Burst:
        """All frames as the newest one sees them, or that one `alone`; ask for it after `take`."""
        newest, sharp = self._frames[0], self.newest is not None and self.newest.sharp
        used = [] if sharp or alone else self._hopeful()
        shape, limit = newest.image.shape, self._settings.difference_limit
        images, trusted = [newest.image], [np.ones(shape[:2], np.float32)]
        for frame in used:
            image, shown = self._seen_from(newest, frame)
            images.append(image)
            trusted.append(trust(newest.smooth, shown, shape, limit))
        all_used = [newest, *used]
        ages = tuple((newest.stamp_ns - f.stamp_ns) / 1e9 for f in all_used)
        blur = tuple(f.blur for f in all_used)
        sources = tuple(Source(f.image, f.matrix, f.memory) for f in all_used)
        return Burst(tuple(images), tuple(trusted), blur, ages, sharp, sources)

    def _hopeful(self) -> list[Frame]:
        """The earlier frames that are not blurred far more than the newest."""
        newest, *others = self._frames
        if math.isnan(newest.blur):
            return []
        limit = newest.blur + self._settings.hopeless_above
        for frame in others:
            if frame.blur > limit and not frame.hopeless:
                frame.hopeless = True
                self.counters["dropped_hopeless"] += 1
        return [frame for frame in others if not frame.blur > limit]

    def _measured(self, stamp_ns: int, image: ImageArray) -> Frame:
        fine = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
        if not fine or image.dtype not in (np.uint8, np.uint16) or min(image.shape[:2]) < 16:
            raise InputError(
                f"an image of {image.shape} {image.dtype} cannot be deblurred: it must be grey or "
                "colour, 8 or 16 bits, 16 pixels or more"
            )
        seen = self._full_range(image)
        brightness = float(cv2.mean(seen)[0] if seen.ndim == 2 else np.mean(cv2.mean(seen)[:3]))
        thumbnail = spectrum(seen)
        small = tracking_image(seen, self._settings.alignment_size)
        return Frame(
            stamp_ns, image, blur_score(seen), brightness, thumbnail, small, smoothed(seen)
        )

    def _full_range(self, image: ImageArray) -> ImageArray:
        """The image as large as its type, where cameras fill 10, 12 or 14 of 16 bits."""
        if image.dtype == np.uint8:
            return image
        bits = held_bits([image]) or 16
        if self._frames and bits > self._bits:
            # What was measured before was measured by another scale.
            self.counters["size_changes"] += 1
            self._frames.clear()
        self._bits = max(bits, self._bits)
        return np.left_shift(image, 16 - self._bits)

    def _forget_unlike(self, frame: Frame) -> None:
        """Forgets what cannot be used with the new frame."""
        if not self._frames:
            return
        before, settings = self._frames[0], self._settings
        same = (before.image.shape, before.image.dtype) == (frame.image.shape, frame.image.dtype)
        if not same:
            self.counters["size_changes"] += 1
            self._frames.clear()
            return
        gain = (frame.brightness + 1e-3) / (before.brightness + 1e-3)
        if not 1 / settings.exposure_limit <= gain <= settings.exposure_limit:
            self.counters["exposure_jumps"] += 1
            self._frames.clear()
        oldest = frame.stamp_ns - 1e9 * settings.max_age_s
        kept = [f for f in self._frames if f.stamp_ns >= oldest]
        self.counters["dropped_old"] += len(self._frames) - len(kept)
        self._frames = kept

    def _step(self, frame: Frame, previous: Frame) -> Matrix:
        """The matrix from pixels of `frame` to those of `previous`; raises RegistrationError."""
        if min(frame.thumbnail.contrast, previous.thumbnail.contrast) < LEAST_CONTRAST:
            return np.eye(3)
        shift = translation(frame.thumbnail, previous.thumbnail)
        far = shift.length > _NEARBY * max(frame.image.shape[:2])
        start = (shift.x, shift.y) if shift.reliable and far else (0.0, 0.0)
        return tracked_motion(frame.small, previous.small, frame.image.shape, start)[0]

    def _follow_exposure(self, frame: Frame) -> None:
        """Carries along by how much `frame` is brighter than those before it; forgets those that
        are too far from it.
        """
        if not self._frames:
            return
        before, limit = self._frames[0], self._settings.exposure_limit
        step = brighter(frame.smooth, self._shown(before))
        kept = []
        for other in self._frames:
            other.gain *= step if abs(step - 1.0) > _SAME_BRIGHTNESS else 1.0
            if 1 / limit <= other.gain <= limit:
                kept.append(other)
        self.counters["dropped_exposure"] += len(self._frames) - len(kept)
        self._frames = kept

    def _shown(self, frame: Frame) -> Shown:
        return smoothed_through(frame.smooth, frame.matrix, frame.image.shape)

    def _seen_from(self, newest: Frame, frame: Frame) -> tuple[ImageArray, Shown]:
        """`frame` in the newest one's view and brightness, and what is compared of it; its border
        is repeated outside.
        """
        image, (values, inside) = seen_through(frame.image, frame.matrix), self._shown(frame)
        if self._settings.alignment == "flow":
            image = self._by_flow(newest, frame, image)
            values = smoothed(self._full_range(image))
        if frame.gain == 1.0:
            return image, Shown(values, inside)
        values = np.asarray(np.minimum(values * np.float32(frame.gain), 1), np.float32)
        return _scaled(image, frame.gain), Shown(values, inside)

    def _by_flow(self, newest: Frame, frame: Frame, aligned: ImageArray) -> ImageArray:
        longest = min(self._settings.alignment_size, max(aligned.shape[:2]))
        flow: FloatArray = dense_flow(newest.image, aligned, longest, self._settings.flow_smoothing)
        source = source_pixels(frame.matrix, flow)
        border = cv2.BORDER_REPLICATE
        planes = source[..., 0], source[..., 1]
        found = cv2.remap(frame.image, *planes, cv2.INTER_CUBIC, borderMode=border)
        return cast(ImageArray, found)


def _scaled(image: ImageArray, gain: float) -> ImageArray:
    top = np.iinfo(image.dtype).max
    values = (np.arange(top + 1) * gain).round().clip(0, top)
    if image.dtype == np.uint8:
        return cast(ImageArray, cv2.LUT(image, values.astype(np.uint8)))
    return cast(ImageArray, values.astype(np.uint16)[image])
