"""Blurred frames with sharp ones that no training has seen: what deblurring is judged on.

Photographs that the catalogue keeps for judging, and sharp images of hand-written rooms, before a
camera that turns (`simulation.moving_camera`: exact rotations, another path than training's); real
clips, whose frames are interpolated and averaged (thesis, 6.12).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ddff_perception.capture.given_images import given_images
from ddff_perception.deblurring.data.interpolated import clips
from ddff_perception.files.images import read_image
from ddff_perception.optics.srgb import srgb_decode
from ddff_perception.simulation.assets.library import Library
from ddff_perception.simulation.moving_camera.folder import MotionSettings, shaken_frames
from ddff_perception.simulation.moving_camera.shake import ShakeSettings
from ddff_perception.types import ImageArray

WIDTH, FRAMES = 480, 10
# Degrees of shake, and seconds over which it changes.
STRENGTHS = {"still": (0.0, 1.0), "mild": (1.0, 0.3), "strong": (3.0, 0.25)}
LENGTHS = (6, 12, 20)


Frames = list[tuple[ImageArray, ImageArray]]


class Blurred(NamedTuple):
    """A burst: what it is of, and blurred frames with their sharp ones, in time."""

    kind: str
    name: str
    frames: Frames


def judged(rooms: Path | None, clips_from: Sequence[Path], quick: bool) -> Iterator[Blurred]:
    """All bursts; `quick`: a few."""
    photographs = [picture.path for picture in Library("judge").photographs]
    sharp = sorted(rooms.rglob("aif.png")) if rooms else []
    for number, (kind, file) in enumerate(
        [("photographs", f) for f in photographs] + [("rooms", f) for f in sharp]
    ):
        if quick and number % 4:
            continue
        for strength, (degrees, period) in STRENGTHS.items():
            frames = shaken(file, degrees, period, number)
            yield Blurred(f"{kind}, {strength}", file.stem, frames)
    for file in clips_from:
        for length in LENGTHS[:1] if quick else LENGTHS:
            yield from of_clip(file, length)


def shaken(
    file: Path, degrees: float, period: float, seed: int
) -> list[tuple[ImageArray, ImageArray]]:
    image = read_image(file)
    scale = WIDTH / image.shape[1]
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    light = np.asarray(srgb_decode(small.astype(np.float32) / 255), np.float32)
    shake = ShakeSettings(
        FRAMES, angle_deg=degrees, roll_deg=degrees / 2, period_s=period, seed=seed
    )
    return shaken_frames(light, MotionSettings(shake, noise=0.5))[0]


def of_clip(file: Path, length: int, longest: int = 640) -> Iterator[Blurred]:
    """Bursts of a clip's frames, averaged over `length` fortieths of a period on either side."""
    frames = (_shrunk(frame, longest) for frame in islice(given_images([file]).images(), 90))
    runs = (run for run in clips(frames, length, {}) if len(run) >= FRAMES)
    for number, run in enumerate(islice(runs, 4)):
        yield Blurred(f"clips, {2 * length + 1} of 40", f"{file.stem} {number}", run[:FRAMES])


def _shrunk(frame: ImageArray, longest: int) -> ImageArray:
    scale = min(1.0, longest / max(frame.shape[:2]))
    way = cv2.INTER_AREA
    return np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=way), np.uint8)
