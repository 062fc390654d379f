"""How one image lies over another: translation, affine or homography, dense flow.

Everything here works on smoothed, shrunken grey images: what two slices of a focus sweep share is
their coarse structure, the fine one is sharp in one of them only. Matrices are 3 x 3, map pixels
(x, y, 1) of the reference to pixels of the other image, and pixel centres lie at integers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ..types import FloatArray, ImageArray
from .resampling import Matrix

MODELS = ("affine", "homography")

RELIABLE_PEAK = 8.0
"""Standard deviations above the correlation's mean; unrelated images stay below 6."""

LEAST_CONTRAST = 0.02
"""Standard deviation of a grey image in 0..1 under which it is a plain wall."""

# Gaussian low-pass of the phase correlation, cycles per pixel: defocus leaves nothing above.
_PASS_BAND = 0.1
_SMOOTHING_PX = 1.5
_LEAST_FLOW_PX = 16
# Gradient energy, as a share of its mean, at which flow keeps half of its length.
_FLOW_FLOOR = 0.1
# Finest level first; coarser ones as the last. More change less than a hundredth of a pixel.
_ECC_ITERATIONS = (2, 6, 20)
_ECC_EPSILON = 1e-4
# Share of what a simpler motion leaves uncorrelated that a freer one must explain: noise and
# defocus give about 3 %, a magnification of 0.1 % between neighbours 10 to 35 %.
LEAST_GAIN = 0.03
_LEAST_PIXELS = 16
_MOST_FEATURES, _LEAST_FEATURES = 1500, 10
# So low that a pixel with any part of it stays below all grey values.
_UNSEEN = -1e6


class RegistrationError(ValueError):
    """The images could not be laid over each other; the message says why."""


def grey_of_size(image: ImageArray, longest: int) -> FloatArray:
    """`image` as grey float32, full scale = 1, shrunken (never enlarged) to `longest` pixels."""
    small: Any = shrunk(image, longest)
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    share = 1.0 / np.iinfo(image.dtype).max
    return np.asarray(np.multiply(small, share, dtype=np.float32))


def shrunk(image: ImageArray, longest: int) -> ImageArray:
    """`image` shrunken (never enlarged) to `longest` pixels along its longer side."""
    scale = min(1.0, longest / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    if scale >= 1.0:
        return image
    return cast(ImageArray, cv2.resize(image, size, interpolation=cv2.INTER_AREA))


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
    return motion_between(spectrum(previous), spectrum(current))


def motion_between(before: Spectrum, after: Spectrum) -> float:
    """`motion_score` of the images of two spectra."""
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
    shift_gain: float = LEAST_GAIN,
) -> tuple[Matrix, float]:
    """The matrix from `reference` to `image` (two pyramids of images of `shape`), and how well
    they then correlate (1: the same but for brightness and contrast).

    Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient
    maximization", PAMI 2008, from coarse to fine, starting at `initial`; of what it finds, the
    simplest motion that explains the images (see `simplest_motion`). Raises RegistrationError
    where it does not converge or folds the image.
    """
    matrix = initial
    motion = cv2.MOTION_HOMOGRAPHY if model == "homography" else cv2.MOTION_AFFINE
    find: Any = cv2.findTransformECC  # the stubs do not know that the mask may be None
    for level, (fixed, moving) in enumerate(zip(reference, image, strict=True)):
        above = min(len(reference) - 1 - level, len(_ECC_ITERATIONS) - 1)
        criteria = (3, _ECC_ITERATIONS[above], _ECC_EPSILON)  # 3: iterations and epsilon
        scale = scaling(shape, fixed.shape)
        start = _normalised(scale @ matrix @ np.linalg.inv(scale)).astype(np.float32)
        warped = start if model == "homography" else start[:2]
        try:
            _, found = find(fixed, moving, warped, motion, criteria, None, 1)
        except cv2.error as error:
            raise RegistrationError("the images do not correlate") from error
        full = np.vstack([found, [0, 0, 1]]) if found.shape[0] == 2 else found
        matrix = np.linalg.inv(scale) @ full.astype(np.float64) @ scale
    determinant = float(np.linalg.det(matrix[:2, :2]))
    if not np.isfinite(matrix).all() or not 0.25 < determinant < 4.0:
        raise RegistrationError("the alignment folds the image")
    scale = scaling(shape, reference[-1].shape)
    found_matrix = _normalised(matrix)
    return simplest_motion(reference[-1], image[-1], scale, initial, found_matrix, shift_gain)


def feature_start(
    reference: Sequence[FloatArray], image: Sequence[FloatArray], shape: tuple[int, ...]
) -> Matrix:
    """Shift, turn and magnification from `reference` to `image` (pyramids of images of `shape`) by
    features, however far they lie apart: a start for `register`, which looks nearby.

    Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004, and RANSAC.
    Raises RegistrationError where they have too few in common.
    """
    finder: Any = cv2.SIFT_create(_MOST_FEATURES)  # type: ignore[attr-defined]
    found = []
    for level in (reference[-1], image[-1]):
        top = max(float(level.max()), 1e-6)
        grey = np.multiply(level, 255.0 / top).astype(np.uint8)
        found.append(finder.detectAndCompute(grey, None))
    (points, described), (others, other_described) = found
    if min(len(points), len(others)) < _LEAST_FEATURES:
        raise RegistrationError("there are too few features")
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(described, other_described, 2)
    both = (pair for pair in pairs if len(pair) == 2)
    good = [best for best, next_best in both if best.distance < 0.8 * next_best.distance]
    if len(good) < _LEAST_FEATURES:
        raise RegistrationError("too few features match")
    here = np.array([points[match.queryIdx].pt for match in good])
    there = np.array([others[match.trainIdx].pt for match in good])
    matrix, used = cv2.estimateAffinePartial2D(here, there, method=cv2.RANSAC)
    if matrix is None or int(used.sum()) < _LEAST_FEATURES:
        raise RegistrationError("the features do not move together")
    scale = scaling(shape, reference[-1].shape)
    return _normalised(np.linalg.inv(scale) @ np.vstack([matrix, [0, 0, 1]]) @ scale)


def simplest_motion(
    fixed: FloatArray,
    moving: FloatArray,
    scale: Matrix,
    initial: Matrix,
    found: Matrix,
    shift_gain: float = LEAST_GAIN,
) -> tuple[Matrix, float]:
    """The simplest of the motions between `initial` and `found`, and its correlation.

    `initial` itself, with the shift of `found`, with its turn and magnification too, or `found`:
    a freer one has to take a share of what the simpler leaves uncorrelated, a shift `shift_gain`.
    Defocus differs from place to place and pulls a free model by a tenth of a pixel where nothing
    moves; along a sweep these pulls have one sign and add up. `scale` goes from pixels of the full
    images, for which the matrices hold, to those of `fixed` and `moving`.
    """
    best, correlation = initial, -1.0
    candidates = (initial, *_simpler(initial, found, scale, fixed.shape), found)
    for number, candidate in enumerate(candidates):
        reached = _correlation(fixed, moving, scale @ candidate @ np.linalg.inv(scale))
        gain = shift_gain if number == 1 else LEAST_GAIN
        if number == 0 or reached - correlation > gain * (1.0 - correlation):
            best, correlation = candidate, reached
    return best, correlation


def _simpler(
    initial: Matrix, found: Matrix, scale: Matrix, shape: tuple[int, ...]
) -> tuple[Matrix, Matrix]:
    """`initial` with the shift of `found` at the image centre, and with its similarity there."""
    centre = np.linalg.inv(scale) @ [(shape[1] - 1) / 2, (shape[0] - 1) / 2, 1.0]
    change = found @ np.linalg.inv(initial)
    target = change @ centre
    weight = target[2]
    target = target / weight
    jacobian = (change[:2, :2] - np.outer(target[:2], change[2, :2])) / weight
    a = (jacobian[0, 0] + jacobian[1, 1]) / 2
    b = (jacobian[1, 0] - jacobian[0, 1]) / 2
    shift, similarity = np.eye(3), np.eye(3)
    shift[:2, 2] = (target - centre)[:2]
    similarity[:2, :2] = [[a, -b], [b, a]]
    similarity[:2, 2] = target[:2] - similarity[:2, :2] @ centre[:2]
    return _normalised(shift @ initial), _normalised(similarity @ initial)


def _correlation(fixed: FloatArray, moving: FloatArray, matrix: Matrix) -> float:
    """Correlation coefficient of `fixed` and `moving` seen through `matrix`, inside both."""
    size = (fixed.shape[1], fixed.shape[0])
    # The images are smooth: linear interpolation takes nothing away.
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(moving, matrix, size, flags=flags, borderValue=(_UNSEEN,))
    inside = seen >= 0.0
    if int(inside.sum()) < _LEAST_PIXELS:
        return 0.0
    one, other = fixed[inside].astype(np.float64), seen[inside].astype(np.float64)
    one, other = one - one.mean(), other - other.mean()
    norm = math.sqrt(float(one @ one) * float(other @ other))
    return float(one @ other) / norm if norm > 0 else 0.0


def _normalised(matrix: Matrix) -> Matrix:
    return np.asarray(matrix / matrix[2, 2], np.float64)


def dense_flow(
    reference: ImageArray, image: ImageArray, longest: int, smoothing: float
) -> FloatArray:
    """Displacement from `reference` to `image` per pixel, H x W x 2 float32, pixels, zero where it
    is under half a pixel: `small_flow`, enlarged.
    """
    return enlarged_flow(small_flow(reference, image, longest, smoothing), reference.shape)


def small_flow(
    reference: ImageArray, image: ImageArray, longest: int, smoothing: float
) -> FloatArray:
    """Displacement from `reference` to `image`, h x w x 2 float32 with `longest` pixels along the
    longer side, in these pixels.

    Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016, at `longest` pixels,
    then smoothed over `smoothing` x the longest side with the gradients that both images share as
    weights: defocused regions follow their surroundings, plain ones have no flow. Zero for images
    under 16 pixels.
    """
    fixed, moving = (
        np.asarray(cv2.GaussianBlur(grey_of_size(one, longest), (0, 0), 1.0), np.float32)
        for one in (reference, image)
    )
    if min(fixed.shape) < _LEAST_FLOW_PX:
        return np.zeros((*fixed.shape, 2), np.float32)
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
    # Where there is nothing to see, no flow: the matrix holds there.
    floor = _FLOW_FLOOR * float(weight.mean())
    smooth = total / (cv2.GaussianBlur(weight, (0, 0), sigma) + floor)[..., None]
    return np.asarray(smooth, np.float32)


def enlarged_flow(flow: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """`small_flow` for images of `shape`: H x W x 2 float32, pixels of these."""
    height, width = shape[:2]
    enlarged = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    factor = np.float32(max(height, width) / max(flow.shape[:2]))
    return _without_small(np.asarray(enlarged * factor, dtype=np.float32))


def _without_small(flow: FloatArray) -> FloatArray:
    """`flow` without what whole pixels leave of the matrix: none below half a pixel, all from 1."""
    length = np.sqrt((flow * flow).sum(axis=-1, keepdims=True))
    return np.asarray(flow * np.clip(2.0 * length - 1.0, 0.0, 1.0), np.float32)


def _gradient_energy(grey: FloatArray) -> FloatArray:
    dx, dy = cv2.Sobel(grey, -1, 1, 0, scale=0.125), cv2.Sobel(grey, -1, 0, 1, scale=0.125)
    return np.asarray(dx * dx + dy * dy, dtype=np.float32)
