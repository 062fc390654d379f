"""Training stacks: sharp views with depth seen through random lenses in random sweeps.

A view is a path-traced one (`simulation/sharp_views.py`) or procedural (`data_scenes.py`). What a
stack is drawn from: a crop of the view, an exposure, the sweep's ends and the spacing of its
slices, the lens's aperture, focus breathing, small motion between slices, vignetting and the
camera's tone curve. Noise and JPEG come when a batch is drawn, afresh each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ....optics.defocus import DefocusedView
from ....types import FloatArray
from .scenes import SharpScene

MARGIN_POWER = 2.5
"""Sweeps mostly end close to the scene's nearest and farthest points, as people set them."""
_BLUR_PER_SLICE_PX = 4.0


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What random stacks are drawn from.

    `widest_px`: bounds of the blur disc at one end of the sweep for what is at its other end.
    `margin`: bounds of how far each end of the sweep lies beyond the scene, as a share of the
    scene's range. `irregular`, `moving`, `breathing`: shares of stacks with uneven spacing,
    motion between slices, and focus breathing. `slice_counts`: numbers of slices, one of which a
    stack of `data_stack_files.write_stacks` has.
    """

    height: int = 192
    width: int = 256
    widest_px: tuple[float, float] = (3.0, 40.0)
    margin: tuple[float, float] = (-0.04, 0.6)
    irregular: float = 0.35
    moving: float = 0.25
    breathing: float = 0.2
    slice_counts: tuple[int, ...] = (5, 7, 8, 10, 12, 15)


@dataclass(frozen=True, slots=True)
class TrainingStack:
    """`images`: S x H x W x 3 uint8 BGR without noise; `dioptres`: (S,) float32, ascending;
    `truth`: H x W float32 inverse depth in 1/m; `blur_scale`: disc diameter in px per dioptre.
    """

    images: NDArray[np.uint8]
    dioptres: FloatArray
    truth: FloatArray
    blur_scale: float


def blur_bounds(settings: StackSettings, slices: int) -> tuple[float, float]:
    """Least and most `widest_px` (px) for a sweep of `slices`: few slices that are far apart in
    blur leave nothing to interpolate.
    """
    least, most = settings.widest_px
    return least, min(most, max(least * 1.5, _BLUR_PER_SLICE_PX * slices))


def make_stack(
    scene: SharpScene, slices: int, settings: StackSettings, rng: np.random.Generator
) -> TrainingStack:
    """`scene` through a random lens in a random sweep of `slices` slices."""
    view = _augmented(scene, settings, rng)
    low, high = (float(v) for v in np.percentile(view.dioptres, (0.5, 99.5)))
    extent = max(high - low, 0.02 * high)
    least_margin, most_margin = settings.margin
    share = rng.random(2) ** MARGIN_POWER
    before, after = least_margin + share * (most_margin - least_margin)
    first = max(low - before * extent, 0.0)
    last = high + after * extent
    dioptres = _positions(first, last, slices, rng, settings.irregular)
    least, most = blur_bounds(settings, slices)
    widest = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    blur_scale = widest / (last - first)
    reach = blur_scale * max(high - first, last - low, last - first)
    lens = DefocusedView(view.radiance, view.dioptres, blur_scale, reach)
    radiance = np.stack([lens.at(float(focus)) for focus in dioptres])
    _move(radiance, dioptres, settings, rng)
    images = _develop(radiance, rng)
    return TrainingStack(images, dioptres.astype(np.float32), view.dioptres, blur_scale)


def _augmented(scene: SharpScene, settings: StackSettings, rng: np.random.Generator) -> SharpScene:
    """A crop of the scene at the stack's size, perhaps mirrored, in another light."""
    height, width = scene.dioptres.shape
    most = min(width / settings.width, height / settings.height)
    zoom = rng.uniform(min(0.75, most), most)
    rows, columns = round(settings.height * zoom), round(settings.width * zoom)
    y, x = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    size = (settings.width, settings.height)
    radiance: Any = scene.radiance[y : y + rows, x : x + columns]
    dioptres: Any = scene.dioptres[y : y + rows, x : x + columns]
    if zoom != 1:
        way = cv2.INTER_AREA if zoom > 1 else cv2.INTER_CUBIC
        radiance = np.maximum(cv2.resize(radiance, size, interpolation=way), 0)
        dioptres = cv2.resize(dioptres, size, interpolation=cv2.INTER_NEAREST)
    if rng.random() < 0.5:
        radiance, dioptres = radiance[:, ::-1], dioptres[:, ::-1]
    if rng.random() < 0.1:
        radiance, dioptres = radiance[::-1], dioptres[::-1]
    gain = np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.08, 3))
    return replace(
        scene,
        radiance=np.ascontiguousarray(radiance * gain, dtype=np.float32),
        dioptres=np.ascontiguousarray(dioptres),
    )


def _positions(
    first: float, last: float, slices: int, rng: np.random.Generator, irregular: float
) -> NDArray[np.float64]:
    """Ascending focus positions in dioptres from `first` to `last`."""
    even = np.linspace(0, 1, slices)
    if slices > 2 and rng.random() < irregular:
        way = rng.random()
        if way < 0.4:
            even[1:-1] += rng.uniform(-0.4, 0.4, slices - 2) / (slices - 1)
        elif way < 0.7:
            even = even ** rng.uniform(0.5, 2.0)
        else:
            even[1:-1] = np.sort(rng.uniform(0.02, 0.98, slices - 2))
    return np.asarray(first + even * (last - first))


def _move(
    radiance: FloatArray,
    dioptres: NDArray[np.float64],
    settings: StackSettings,
    rng: np.random.Generator,
) -> None:
    """Breathing and motion that alignment has left over, in place: S x H x W x 3."""
    slices, height, width = radiance.shape[:3]
    growth = np.zeros(slices)
    if rng.random() < settings.breathing:
        share = (dioptres - dioptres[0]) / (dioptres[-1] - dioptres[0])
        growth = share * rng.uniform(-0.006, 0.006)
    shift = np.zeros((slices, 2))
    if rng.random() < settings.moving:
        shift = rng.normal(0, rng.uniform(0.05, 0.5), (slices, 2))
    if not growth.any() and not shift.any():
        return
    for number in range(slices):
        scale = 1 + growth[number]
        x, y = shift[number]
        matrix = np.array(
            [
                [scale, 0, x + (1 - scale) * width / 2],
                [0, scale, y + (1 - scale) * height / 2],
            ]
        )
        moved = cv2.warpAffine(
            radiance[number], matrix, (width, height), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        radiance[number] = moved


def _develop(radiance: FloatArray, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vignetting and a tone curve near sRGB's, to 8 bits."""
    if rng.random() < 0.3:
        height, width = radiance.shape[1:3]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]  # type: ignore[misc]
        radiance = radiance * (1 - rng.uniform(0, 0.25) * (x**2 + y**2))[..., None]
    gamma = 1 / 2.2 if rng.random() < 0.6 else rng.uniform(0.35, 0.8)
    encoded = np.clip(radiance, 0, 1) ** np.float32(gamma)
    return np.asarray(np.rint(encoded * 255), np.uint8)
