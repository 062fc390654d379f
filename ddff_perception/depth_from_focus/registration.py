"""How one image lies over another: translation, affine or homography, dense flow.

Everything here works on smoothed, shrunken grey images: what two slices of a focus sweep share is
their coarse structure, the fine one is sharp in one of them only. Matrices are 3 x 3, map pixels
(x, y, 1) of the reference to pixels of the other image, and pixel centres lie at integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ..types import FloatArray, ImageArray

Matrix = NDArray[np.float64]
MODELS = ("affine", "homography")

RELIABLE_PEAK = 8.0
"""Standard deviations above the correlation's mean; unrelated images stay below 6."""

LEAST_CONTRAST = 0.02
"""Standard deviation of a grey image in 0..1 under which it is a plain wall."""

# Gaussian low-pass of the phase correlation, cycles per pixel: defocus leaves nothing above.
_PASS_BAND = 0.1
_SMOOTHING_PX = 1.5
_LEAST_FLOW_PX = 16
# Finest level first; coarser ones as the last. More change less than a hundredth of a pixel.
_ECC_ITERATIONS = (2, 6, 20)
_ECC_EPSILON = 1e-4


class RegistrationError(ValueError):
    """The images could not be laid over each other; the message says why."""


def grey_of_size(image: ImageArray, longest: int) -> FloatArray:
    """`image` as grey float32, full scale = 1, shrunken (never enlarged) to `longest` pixels."""
    scale = min(1.0, longest / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else image
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return np.multiply(small, 1.0 / np.iinfo(image.dtype).max, dtype=np.float32)


def scaling(source: tuple[int, ...], target: tuple[int, ...]) -> Matrix:
    """The matrix from pixels of an image of shape `source` to those of its resized copy."""
    sy, sx = target[0] / source[0], target[1] / source[1]
    return np.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, 0.5 * sy - 0.5], [0, 0, 1]])


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Fourier transform of a windowed thumbnail: what `translation` compares.

    `pixels` is the size of one thumbnail pixel in pixels of the image, `contrast` the standard
    deviation of the thumbnail (full scale = 1).
    """

    values: NDArray[np.complex64]
    shape: tuple[int, int]
    pixels: float
    contrast: float


def spectrum(image: ImageArray, longest: int = 160) -> Spectrum:
    """The spectrum of `image` at thumbnail size."""
    small = grey_of_size(image, longest)
    shape = (small.shape[0], small.shape[1])
    window = _window(shape)
    mean = float((small * window).sum() / max(float(window.sum()), 1e-9))
    values = fft.rfft2((small - np.float32(mean)) * window).astype(np.complex64)
    return Spectrum(values, shape, max(image.shape[:2]) / max(shape), float(small.std()))


@lru_cache(maxsize=8)
def _window(shape: tuple[int, int]) -> FloatArray:
    window = np.outer(np.hanning(shape[0]), np.hanning(shape[1]))
    return np.asarray(window, np.float32)


@lru_cache(maxsize=8)
def _pass_band(shape: tuple[int, int]) -> FloatArray:
    fy, fx = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])[None, :]
    return np.asarray(np.exp(-(fx * fx + fy * fy) / (2 * _PASS_BAND**2)), np.float32)


@dataclass(frozen=True, slots=True)
class Translation:
    """Displacement of the image against its reference in pixels, x right and y down.

    `peak`: height of the correlation's peak in standard deviations; see RELIABLE_PEAK.
    """

    x: float
    y: float
    peak: float

    @property
    def length(self) -> float:
        return float(np.hypot(self.x, self.y))

    @property
    def reliable(self) -> bool:
        return self.peak >= RELIABLE_PEAK


def translation(reference: Spectrum, image: Spectrum) -> Translation:
    """Displacement between two images of one size by low-passed phase correlation.

    Kuglin and Hines, "The phase correlation image alignment method", 1975; the peak is refined by
    a parabola. To about a tenth of a pixel per 4 pixels of thumbnail scale, defocus or not.
    """
    cross = image.values * np.conj(reference.values)
    magnitude = np.abs(cross)
    floor = np.float32(1e-2 * float(magnitude.mean()) + 1e-20)
    whitened = cross / (magnitude + floor) * _pass_band(reference.shape)
    surface = fft.irfft2(whitened, s=reference.shape)
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    spread = float(surface.std())
    height = (float(surface[row, column]) - float(surface.mean())) / spread if spread > 0 else 0.0
    return Translation(
        _peak(surface[row], int(column)) * image.pixels,
        _peak(surface[:, column], int(row)) * image.pixels,
        height,
    )


def motion_score(previous: ImageArray, current: ImageArray) -> float:
    """How far the view moved between two images of one size, pixels (translation).

    Growing and shrinking about the centre (focus breathing) does not count. 0.0 where there is
    nothing to see (a plain wall), +inf where the images have nothing in common.
    """
    before, after = spectrum(previous), spectrum(current)
    moved = translation(before, after)
    if moved.reliable:
        return moved.length
    return 0.0 if min(before.contrast, after.contrast) < LEAST_CONTRAST else float("inf")


def _peak(values: FloatArray, index: int) -> float:
    """Position of the peak at `index` of a periodic line, in -n/2 .. n/2."""
    n = len(values)
    left, middle, right = (float(values[(index + step) % n]) for step in (-1, 0, 1))
    curvature = left - 2 * middle + right
    position = index + (0.5 * (left - right) / curvature if curvature < 0 else 0.0)
    return position - n if position > n / 2 else position


def pyramid(image: ImageArray, longest: int) -> list[FloatArray]:
    """Smoothed grey images from coarse to fine, halving from `longest` down to about 80 pixels."""
    levels = [grey_of_size(image, longest)]
    while max(levels[0].shape) > 120:
        height, width = levels[0].shape
        size = ((width + 1) // 2, (height + 1) // 2)
        half = cv2.resize(levels[0], size, interpolation=cv2.INTER_AREA)
        levels.insert(0, np.asarray(half, np.float32))
    return [np.asarray(cv2.GaussianBlur(one, (0, 0), _SMOOTHING_PX), np.float32) for one in levels]


def register(
    reference: Sequence[FloatArray],
    image: Sequence[FloatArray],
    shape: tuple[int, ...],
    initial: Matrix,
    model: str = "affine",
) -> tuple[Matrix, float]:
    """The matrix from `reference` to `image` (two pyramids of images of `shape`), and how well
    they then correlate (1: the same but for brightness and contrast).

    Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient
    maximization", PAMI 2008, from coarse to fine, starting at `initial`. Raises RegistrationError
    where it does not converge or folds the image.
    """
    matrix, correlation = initial, 0.0
    motion = cv2.MOTION_HOMOGRAPHY if model == "homography" else cv2.MOTION_AFFINE
    find: Any = cv2.findTransformECC  # the stubs do not know that the mask may be None
    for level, (fixed, moving) in enumerate(zip(reference, image, strict=True)):
        above = min(len(reference) - 1 - level, len(_ECC_ITERATIONS) - 1)
        criteria = (3, _ECC_ITERATIONS[above], _ECC_EPSILON)  # 3: iterations and epsilon
        scale = scaling(shape, fixed.shape)
        start = scale @ matrix @ np.linalg.inv(scale)
        start = (start / start[2, 2]).astype(np.float32)
        warp = start if model == "homography" else start[:2]
        try:
            correlation, found = find(fixed, moving, warp, motion, criteria, None, 1)
        except cv2.error as error:
            raise RegistrationError("the images do not correlate") from error
        full = np.vstack([found, [0, 0, 1]]) if found.shape[0] == 2 else found
        matrix = np.linalg.inv(scale) @ full.astype(np.float64) @ scale
    determinant = float(np.linalg.det(matrix[:2, :2]))
    if not np.isfinite(matrix).all() or not 0.25 < determinant < 4.0:
        raise RegistrationError("the alignment folds the image")
    return matrix / matrix[2, 2], float(correlation)


def dense_flow(
    reference: ImageArray, image: ImageArray, longest: int, smoothing: float
) -> FloatArray:
    """Displacement from `reference` to `image` per pixel, H x W x 2 float32, pixels.

    Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016, at `longest` pixels,
    then smoothed over `smoothing` x the longest side with the gradients that both images share as
    weights: defocused and plain regions follow their surroundings. Zero for images under 16 pixels.
    """
    fixed, moving = (
        np.asarray(cv2.GaussianBlur(grey_of_size(one, longest), (0, 0), 1.0), np.float32)
        for one in (reference, image)
    )
    if min(fixed.shape) < _LEAST_FLOW_PX:
        return np.zeros((*reference.shape[:2], 2), np.float32)
    top = max(float(fixed.max()), float(moving.max()), 1e-6)
    solver = cv2.DISOpticalFlow_create(  # type: ignore[attr-defined]
        cv2.DISOPTICAL_FLOW_PRESET_FAST
    )
    fixed, moving = fixed / np.float32(top), moving / np.float32(top)
    in_bytes = [np.multiply(one, 255.0).astype(np.uint8) for one in (fixed, moving)]
    flow = solver.calc(in_bytes[0], in_bytes[1], None)
    weight = np.minimum(_gradient_energy(fixed), _gradient_energy(moving)) + 1e-6
    sigma = smoothing * max(fixed.shape)
    total = cv2.GaussianBlur(flow * weight[..., None], (0, 0), sigma)
    flow = total / cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    height, width = reference.shape[:2]
    enlarged = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    factor = np.float32(max(height, width) / max(fixed.shape))
    return np.asarray(enlarged * factor, dtype=np.float32)


def _gradient_energy(grey: FloatArray) -> FloatArray:
    dx, dy = cv2.Sobel(grey, -1, 1, 0, scale=0.125), cv2.Sobel(grey, -1, 0, 1, scale=0.125)
    return np.asarray(dx * dx + dy * dy, dtype=np.float32)


def warp(image: ImageArray, matrix: Matrix) -> ImageArray:
    """`image` seen in the reference's view; what lies outside repeats the border.

    Where nothing moves, the image itself.
    """
    if np.array_equal(matrix, np.eye(3)):
        return image
    size = (image.shape[1], image.shape[0])
    options: Any = {
        "flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        "borderMode": cv2.BORDER_REPLICATE,
    }
    if is_affine(matrix):
        return cast(ImageArray, cv2.warpAffine(image, matrix[:2], size, **options))
    return cast(ImageArray, cv2.warpPerspective(image, matrix, size, **options))


def is_affine(matrix: Matrix) -> bool:
    """Whether a 3 x 3 homography keeps parallels: its last row is (0, 0, 1)."""
    return bool(np.allclose(matrix[2], (0, 0, 1), atol=1e-12))


def warp_by_flow(
    image: ImageArray, matrix: Matrix, flow: FloatArray
) -> tuple[ImageArray, NDArray[np.bool_]]:
    """`image` at matrix x (pixel + flow), and which pixels (H x W) lie inside it."""
    source = source_pixels(matrix, flow)
    aligned = cv2.remap(
        image, source[..., 0], source[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cast(ImageArray, aligned), _inside(source, image.shape)


def valid_pixels(shape: tuple[int, ...], matrix: Matrix) -> NDArray[np.bool_]:
    """Which pixels (H x W) of the reference's view lie inside an image of `shape`."""
    zero = np.zeros((shape[0], shape[1], 2), np.float32)
    return _inside(source_pixels(matrix, zero), shape)


def source_pixels(matrix: Matrix, flow: FloatArray) -> FloatArray:
    """Where matrix x (pixel + flow) lies in the other image, H x W x 2 float32."""
    height, width = flow.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] + flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    rows = [row[0] * x + row[1] * y + row[2] for row in matrix]
    return np.stack([rows[0] / rows[2], rows[1] / rows[2]], axis=-1).astype(np.float32)


def _inside(source: FloatArray, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    # Half a pixel of slack: a resampling that moves nothing loses nothing.
    limits = np.array([shape[1] - 0.5, shape[0] - 0.5])
    return np.asarray(((source >= -0.5) & (source <= limits)).all(axis=-1))
