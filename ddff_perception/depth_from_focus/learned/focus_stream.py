"""FocusStream at run time: a network per slice, a network over the slices, any engine.

What is trained and why is told in `network_focus_stream.py`. Here nothing needs torch: the two
networks are ONNX files with cards (`weights/focus_stream_*.onnx`), run by `engines/`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...engines.loading import EngineSet
from ...engines.model_zoo import Model, find_parts
from ...engines.settings import EngineSettings
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray, InputError
from ..classical.band_measures import REFERENCE_SIDE
from ..classical.multiscale import (
    NOISE_SHARE,
    QUANTISATION,
    estimate_blur_scale,
    focus_templates,
)
from ..classical.upsampling import upsample, upsample_position
from ..solution import Solution

SHIPPED = "focus_stream"


@dataclass(frozen=True)
class ModelSettings(Settings):
    """Which files a learned method loads."""

    model: str = parameter(
        SHIPPED,
        "the networks: NAME_encoder.onnx and NAME_head.onnx, shipped or with a path",
        dynamic=False,
    )
    precision: str = parameter(
        "float32",
        "of the files that are loaded; float16 is for GPUs",
        choices=("float32", "float16"),
        dynamic=False,
    )


@dataclass(frozen=True)
class FocusStreamSettings(ModelSettings):
    """Values of `FocusStreamMethod`."""

    precision: str = parameter(
        "float32",
        "of the files that are loaded; float16 is for GPUs, int8 for processors",
        choices=("float32", "float16", "int8"),
        dynamic=False,
    )
    blur_scale: float = parameter(
        0.0,
        "blur disc diameter per dioptre of defocus (aperture x focal length in pixels); "
        "0 finds it from the stack",
        "px/dpt",
        (0.0, 1e5),
    )
    fine: bool = parameter(
        False,
        "give the networks larger images: more precise at 1.8 to 2.3 times the time; small "
        "images stay as they are",
    )


LEVELS = 3
SUBCELL = 4
# Images whose shorter side, but for halvings, is at most this share of the usual one are enlarged
# (or shrunk less) until a subcell is 3 of their own pixels: a cell then holds less of two depths.
# Chosen on path-traced stacks of 480 x 360 that no accuracy is reported on (0.0391 to 0.0345
# dioptres; 2.5 pixels are no better).
SMALL_SHARE, SMALL_SUBCELL = 0.8, 3
# What the networks' coarsest level needs the sides of an image to be a multiple of.
_MULTIPLE = 32
_TOLERANCE = 0.2
# A step over 3 subcells, as a share of the sweep, that is a depth edge and no slope.
DEPTH_STEP = 0.06
NEAR_SHARE = 0.55
# Offset and slope over the log of the tolerated error (a tenth of the position) by its scale.
CONFIDENCE_CURVE = (0.97, 1.39)
# Scale of the error, as a share of the sweep, that leaves half of the confidence.
UNSEEN_SCALE = 0.1
_BLINDNESS = 6.0
# Contrast, in grey levels, by which slices must differ: the least noise is above it.
_LEAST_CHANGE = 0.05
# Where every slice is even to so many grey levels over this share of the image's width, there is
# nothing to focus on: half of the confidence is left, little of it where it is one level less.
LEAST_CONTRAST, _CONTRAST_WINDOW, _CONTRAST_SLOPE = 5.0, 1 / 8, 2.5
# A measure that differs by more between slices, in deviations of its noise, shows texture, where it
# does in the mean of so many cells: in one it may by chance.
_NOISE_DEVIATIONS, _TEXTURE_CELLS = 6.0, 5


class FocusStreamMethod:
    """Streaming learned depth from focus, a `SweepMethod`.

    Raises InputError where a model or an engine cannot be used.
    """

    def __init__(self, settings: FocusStreamSettings, engine: EngineSettings) -> None:
        found = find_parts(settings.model, ("encoder", "head"))
        models = [_of_precision(model, settings.precision) for model in found]
        inputs = models[1].card.signature.inputs
        templates = next(spec for spec in inputs if spec.name == "templates")
        self.engines = EngineSet(models, options=engine.values())
        self._bins = int(templates.shape[2])
        self._settings = settings
        self._subcell = SUBCELL
        self._size = (0, 0)
        self._encodings: dict[int, FloatArray] = {}
        self._contrasts: dict[int, FloatArray] = {}
        self._gathered: FloatArray | None = None
        # Whose encoding lies in each row of `_gathered`.
        self._rows: list[FloatArray] = []

    def add(self, slot: int, image: ImageArray) -> None:
        height, width = image.shape[:2]
        if (width, height) != self._size:
            self._size = (width, height)
            self._subcell = subcell_px(width, height, self._settings.fine)
        pixels = prepared(image, self._subcell)
        encoder = self.engines.get(0)
        encoding = encoder.run({"image": pixels[None]})["encoding"][0].copy()
        self._encodings[slot] = encoding
        self._contrasts[slot] = _contrast_around(encoding, self._shown(self._subcell))

    def remove(self, slot: int) -> None:
        self._encodings.pop(slot, None)
        self._contrasts.pop(slot, None)

    def solve(self, order: list[int], positions: NDArray[np.float64]) -> Solution:
        if len(order) == 1:
            shape = self._size[::-1]
            return Solution(np.full(shape, positions[0], np.float32), np.zeros(shape, np.float32))
        first, span = float(positions[0]), float(positions[-1] - positions[0])
        places = (positions - positions[0]) / span
        encodings = self._gather(order)
        scale = self._settings.blur_scale * span * SUBCELL / self._subcell
        found = self.engines.get(1).run(head_inputs(encodings, places, scale, self._bins))
        share = (found["base"] + found["offset"]) * np.float32(1.0 / (self._bins - 1))
        position = np.clip(_depth_to_space(share), 0.0, 1.0)
        confidence = self._confidence(position, _depth_to_space(found["log_scale"]), first / span)
        contrast = np.maximum.reduce([self._contrasts[slot] for slot in order])
        confidence *= _seen(encodings, contrast, self._shown(2 * self._subcell))
        cell, size = self._subcell, self._size
        # In the sweep's unit while there are few cells, not when there are many pixels.
        position *= np.float32(span)
        position += np.float32(first)
        grown = upsample_position(position, cell, size, DEPTH_STEP * span, NEAR_SHARE)
        return Solution(grown, upsample(confidence, cell, size))

    def _shown(self, side: int) -> tuple[int, int]:
        """Rows and columns of squares of `side` pixels that lie in the image as a whole."""
        width, height = self._size
        return max(height // side, 1), max(width // side, 1)

    def _gather(self, order: list[int]) -> FloatArray:
        """The encodings in order, S x C x h x w, in memory that is kept: a sweep that goes on
        brings one new row.
        """
        kept = [self._encodings[slot] for slot in order]
        shape = (len(kept), *kept[0].shape)
        if self._gathered is None or self._gathered.shape != shape:
            self._gathered, self._rows = np.empty(shape, np.float32), []
        for row, new in enumerate(kept):
            if row >= len(self._rows) or new is not self._rows[row]:
                self._gathered[row] = new
        self._rows = kept
        return self._gathered

    def _confidence(self, position: FloatArray, log_scale: FloatArray, offset: float) -> FloatArray:
        """Probability that the depth is within 10 %, from the scale of the position's error; none
        where that is so wide that nothing was seen, however much a narrow sweep forgives.
        """
        tolerated = np.log(np.float32(0.1) * np.maximum(position + np.float32(offset), 1e-3))
        shift, slope = CONFIDENCE_CURVE
        odds = np.float32(shift) + np.float32(slope) * (tolerated - log_scale)
        blind = np.exp(np.float32(_BLINDNESS) * (log_scale - np.float32(math.log(UNSEEN_SCALE))))
        return np.asarray(1.0 / ((1.0 + np.exp(-odds)) * (1.0 + blind)), np.float32)


def head_inputs(
    encodings: FloatArray, places: NDArray[np.float64], blur_scale: float = 0.0, bins: int = 24
) -> dict[str, NDArray[Any]]:
    """What the head takes of S `encodings` at `places` (S, ascending from 0 to 1): `blur_scale` is
    the disc's diameter over the sweep in px, found from the stack where it is 0.
    """
    if blur_scale <= 0:
        blur_scale = estimate_blur_scale(list(encodings[:, :LEVELS]), places, _TOLERANCE)
    templates = focus_templates(tuple(places.tolist()), bins, blur_scale, LEVELS)
    positions = places.astype(np.float32)
    return {"encodings": encodings, "positions": positions, "templates": templates}


def subcell_px(width: int, height: int, fine: bool = False) -> int:
    """Pixels of an image that a subcell is wide: 4 at the usual size, 3 for small images, and
    both times 2, 4, ... for large ones; `fine` is one step less, 3 at least.
    """
    relative = min(width, height) / REFERENCE_SIDE
    halvings = max(0, round(math.log2(relative)))
    small = relative / 2**halvings <= SMALL_SHARE
    if not fine:
        return (SMALL_SUBCELL if small else SUBCELL) << halvings
    return max(SMALL_SUBCELL, (SUBCELL << halvings) // 2 if small else SMALL_SUBCELL << halvings)


def resized(image: NDArray[Any], subcell: int, way: int | None = None) -> NDArray[Any]:
    """`image` (H x W or H x W x 3) in the size in which `subcell` of its pixels are `SUBCELL`.

    `way`: an interpolation of OpenCV; None is the one that images are resized by at run time.
    """
    if subcell == SUBCELL:
        return image
    width, height = (-(-side * SUBCELL // subcell) for side in image.shape[1::-1])
    usual = cv2.INTER_AREA if subcell > SUBCELL else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=usual if way is None else way)


def prepared(image: ImageArray, subcell: int) -> NDArray[np.uint8]:
    """`image` as the encoder takes it: H x W x 3 uint8 BGR, `resized`, its last rows and columns
    repeated up to multiples of 32.
    """
    pixels: Any = image
    if pixels.dtype == np.uint16:
        pixels = cv2.convertScaleAbs(pixels, alpha=1.0 / 257.0)
    pixels = resized(pixels, subcell)
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    bottom, right = -pixels.shape[0] % _MULTIPLE, -pixels.shape[1] % _MULTIPLE
    if bottom or right:
        pixels = cv2.copyMakeBorder(pixels, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(pixels)


def _seen(encodings: FloatArray, contrast: FloatArray, shown: tuple[int, int]) -> FloatArray:
    """2h x 2w: 0 where all slices are alike (saturated, black), little where each is even and none
    differs from the others by more than noise, else nearly 1. `contrast`: 2h x 2w grey levels;
    `shown`: rows and columns of cells that are no repetition.
    """
    measures = encodings[:, :LEVELS]
    change, least = np.ptp(measures, axis=0), measures.min(axis=0)
    noise = np.array(NOISE_SHARE[:LEVELS], np.float32)[:, None, None] * (least + QUANTISATION)
    beyond = _of_shown((change - _NOISE_DEVIATIONS * noise).transpose(1, 2, 0), shown)
    beyond = np.maximum(cv2.blur(beyond, (_TEXTURE_CELLS,) * 2), 0).max(axis=2)
    same = np.exp(change.max(axis=0) * np.float32(-1.0 / _LEAST_CHANGE))
    same, beyond = (v.repeat(2, axis=0).repeat(2, axis=1) for v in (same, beyond))
    lack = LEAST_CONTRAST - contrast - _CONTRAST_SLOPE * beyond
    return np.asarray((1 - same) / (1 + np.exp(np.float32(_CONTRAST_SLOPE) * lack)), np.float32)


def _contrast_around(encoding: FloatArray, shown: tuple[int, int]) -> FloatArray:
    """2h x 2w: range of a slice's grey levels around each subcell, from its `encoding`. `shown`:
    rows and columns of subcells that are no repetition.
    """
    colours = encoding[LEVELS : LEVELS + 12].reshape(3, 4, *encoding.shape[1:])
    grey = cv2.blur(_of_shown(_depth_to_space(colours.mean(axis=0)), shown), (3, 3))
    window = np.ones((int(grey.shape[1] * _CONTRAST_WINDOW) | 1,) * 2, np.uint8)
    spread = cv2.dilate(grey, window) - cv2.erode(grey, window)
    return np.asarray(np.float32(255) * spread, np.float32)


def _of_shown(values: FloatArray, shown: tuple[int, int]) -> FloatArray:
    """`values` (H x W or H x W x C), the last `shown` row and column in place of what comes after,
    where the image is repeated: noise that is repeated has no mean.
    """
    (height, width), (rows, columns) = values.shape[:2], shown
    margins = (0, height - rows, 0, width - columns)
    kept = np.ascontiguousarray(values[:rows, :columns])
    return np.asarray(cv2.copyMakeBorder(kept, *margins, cv2.BORDER_REPLICATE), np.float32)


def _depth_to_space(subcells: FloatArray) -> FloatArray:
    """4 x h x w, the 2 x 2 subcells of each cell, to 2h x 2w."""
    _, rows, columns = subcells.shape
    square = subcells.reshape(2, 2, rows, columns).transpose(2, 0, 3, 1)
    return square.reshape(2 * rows, 2 * columns)


def _of_precision(model: Model, precision: str) -> Model:
    if precision == "float32":
        return model
    other = model.sibling(precision)
    if other is None:
        raise InputError(f"there is no {precision} file beside {model.path}: use float32")
    return other
