"""How sharp is each pixel of one slice: focus measures by their standard names.

Every measure takes a float32 grey image in grey levels (0..255) and gives a float32 map of the same
size, large where the image is in focus. A measure is computed once per slice; `aggregation.py`
gathers it over a neighbourhood. Names and comparison: Pertuz, Puig and Garcia, 'Analysis of focus
measure operators for shape-from-focus', Pattern Recognition 46 (2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ...capability import chosen
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray, InputError


@dataclass(frozen=True)
class MeasureSettings(Settings):
    """What focus measures take; each reads what concerns it."""

    step: int = parameter(
        1,
        "Distance between the samples of a difference; larger steps see coarser texture",
        "px",
        (1, 16),
    )
    window: int = parameter(
        9,
        "Side of the square window of the measures that need one (variances and DCT); odd",
        "px",
        (3, 63),
    )
    threshold: float = parameter(
        0.0, "Responses with a smaller amplitude count as zero", "grey levels", (0.0, 255.0)
    )
    level: int = parameter(
        1, "Finest levels of the wavelet transform whose detail energy is summed", limits=(1, 4)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window % 2 == 0:
            raise InputError(f"window must be odd, not {self.window}")


DEFAULT_SETTINGS = MeasureSettings()


class FocusMeasure(Protocol):
    """float32 grey H x W (0..255), settings -> float32 H x W, not negative."""

    def __call__(self, grey: FloatArray, settings: MeasureSettings = ...) -> FloatArray: ...


def to_grey(image: ImageArray) -> FloatArray:
    """Grey image, float32 H x W in 0..255, of a uint8 or uint16 BGR or grey image.

    The colours are weighted in float (ITU-R BT.601), since rounding to whole grey levels would
    bury the faint texture of a plain wall. uint16 is scaled by 255 / 65535.
    """
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(f"images must be uint8 or uint16, not {image.dtype}")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim == 2:
        grey = image.astype(np.float32)
    elif image.ndim == 3 and image.shape[2] == 3:
        grey = _float32(cv2.cvtColor(image.astype(np.float32), cv2.COLOR_BGR2GRAY))
    else:
        raise InputError(f"images must be H x W or H x W x 3 (BGR), not {image.shape}")
    if image.dtype == np.uint16:
        grey *= np.float32(255.0 / 65535.0)
    return grey


def modified_laplacian(
    grey: FloatArray, settings: MeasureSettings = DEFAULT_SETTINGS
) -> FloatArray:
    """|2I(x) - I(x-s) - I(x+s)| + the same along y, in grey levels.

    Nayar and Nakagawa, 'Shape from focus', PAMI 1994, eq. 10; the sum of those above the threshold
    in a window (their eq. 11, 'sum modified Laplacian') is this measure, aggregated by a box.
    """
    kernel = _second_difference(settings.step)
    result = np.abs(_filter(grey, kernel[None, :]))
    result += np.abs(_filter(grey, kernel[:, None]))
    return _above(result, settings.threshold)


def tenengrad(grey: FloatArray, settings: MeasureSettings = DEFAULT_SETTINGS) -> FloatArray:
    """Squared gradient magnitude by Sobel, in (grey levels / px)².

    Tenenbaum, 'Accommodation in computer vision', Stanford 1970; Krotkov, 'Focusing', IJCV 1988.
    The Sobel kernels are divided by 8, so that a ramp of one grey level per pixel gives 1.
    """
    border = cv2.BORDER_REPLICATE
    result = np.square(_float32(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125, borderType=border)))
    result += np.square(_float32(cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125, borderType=border)))
    return _above(result, settings.threshold**2)


def laplacian_energy(grey: FloatArray, settings: MeasureSettings = DEFAULT_SETTINGS) -> FloatArray:
    """Squared Laplacian, in grey levels².

    Subbarao, Choi and Nikzad, 'Focusing techniques', Optical Engineering 1993.
    """
    return _above(np.square(_laplacian(grey, settings.step)), settings.threshold**2)


def laplacian_variance(
    grey: FloatArray, settings: MeasureSettings = DEFAULT_SETTINGS
) -> FloatArray:
    """Variance of the Laplacian in a window, in grey levels².

    Pech-Pacheco et al., 'Diatom autofocusing in brightfield microscopy', ICPR 2000.
    """
    variance = _local_variance(_laplacian(grey, settings.step), settings.window)
    return _above(variance, settings.threshold**2)


def grey_level_variance(
    grey: FloatArray, settings: MeasureSettings = DEFAULT_SETTINGS
) -> FloatArray:
    """Variance of the grey levels in a window, in grey levels².

    Groen, Young and Ligthart, 'A comparison of different focus functions', Cytometry 1985.
    """
    return _above(_local_variance(grey, settings.window), settings.threshold**2)


def brenner(grey: FloatArray, settings: MeasureSettings = DEFAULT_SETTINGS) -> FloatArray:
    """(I(x+s) - I(x-s))² plus the same along y, in grey levels².

    Brenner et al., 'An automated microscope for cytologic research', J. Histochem. Cytochem. 1976,
    with step 1 for their distance of two pixels, centred, and in both directions.
    """
    kernel = np.zeros(2 * settings.step + 1, np.float32)
    kernel[0], kernel[-1] = -1.0, 1.0
    result = np.square(_filter(grey, kernel[None, :]))
    result += np.square(_filter(grey, kernel[:, None]))
    return _above(result, settings.threshold**2)


def dct_energy(grey: FloatArray, settings: MeasureSettings = DEFAULT_SETTINGS) -> FloatArray:
    """Energy of the five lowest AC coefficients of a sliding orthonormal DCT, in grey levels².

    Lee et al., 'Reduced energy-ratio measure for robust autofocusing in digital camera', IEEE
    Signal Processing Letters 2009, without their division by the DC coefficient: a pixel has
    nearly one brightness in all slices. Five separable filters of `window` taps.
    """
    size = settings.window
    samples = np.arange(size) + 0.5
    basis = [np.full(size, np.sqrt(1.0 / size), np.float32)]
    for order in (1, 2):
        wave = np.sqrt(2.0 / size) * np.cos(np.pi * order * samples / size)
        basis.append(wave.astype(np.float32))
    result = np.zeros_like(grey)
    for order_x, order_y in ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2)):
        result += np.square(_separable(grey, basis[order_x], basis[order_y]))
    return _above(result, settings.threshold**2)


# Daubechies, 'Ten lectures on wavelets' (1992), table 6.1, N = 3: six taps, three vanishing
# moments, normalised to sum 1.
_SCALING = np.array(
    [0.2352336, 0.5705585, 0.3251825, -0.0954672, -0.0604161, 0.0249087], np.float32
)
_WAVELET = (_SCALING[::-1] * np.array([1, -1, 1, -1, 1, -1])).astype(np.float32)


def wavelet_energy(grey: FloatArray, settings: MeasureSettings = DEFAULT_SETTINGS) -> FloatArray:
    """Energy of the detail bands of an undecimated Daubechies-6 transform, in grey levels².

    Yang and Nelson, 'Wavelet-based autofocusing', ICIP 2003 (there decimated). `level` finest
    levels are summed; level k spaces the taps by 2^(k-1) pixels. Three separable filters per level.
    """
    result = np.zeros_like(grey)
    smooth = grey
    for level in range(settings.level):
        low, high = _spread(_SCALING, 2**level), _spread(_WAVELET, 2**level)
        for along_x, along_y in ((high, low), (low, high), (high, high)):
            result += np.square(_separable(smooth, along_x, along_y))
        if level + 1 < settings.level:
            smooth = _separable(smooth, low, low)
    return _above(result, settings.threshold**2)


FOCUS_MEASURES: dict[str, FocusMeasure] = {
    "sum_modified_laplacian": modified_laplacian,
    "modified_laplacian": modified_laplacian,
    "tenengrad": tenengrad,
    "laplacian_energy": laplacian_energy,
    "laplacian_variance": laplacian_variance,
    "grey_level_variance": grey_level_variance,
    "brenner": brenner,
    "dct_energy": dct_energy,
    "wavelet_energy": wavelet_energy,
}
"""The measures by name. 'sum_modified_laplacian' is the modified Laplacian: its sum is the box
aggregation that follows."""


def focus_measure(
    grey: FloatArray, name: str, settings: MeasureSettings = DEFAULT_SETTINGS
) -> FloatArray:
    """The measure `name` of a float32 grey image in 0..255; raises InputError on unknown names."""
    measured: FloatArray = chosen(FOCUS_MEASURES, "focus measure", name)(grey, settings)
    return measured


def yardstick_slice(image: ImageArray, window: int = 9) -> FloatArray:
    """Sum modified Laplacian of one slice as everyone writes it: float32 H x W, grey levels.

    8-bit grey conversion, two filter2D calls, box mean. The unit in which the project states its
    speed.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    grey32 = grey.astype(np.float32)
    kernel = np.array([[0, 0, 0], [-1, 2, -1], [0, 0, 0]], np.float32)
    measure = np.abs(cv2.filter2D(grey32, cv2.CV_32F, kernel))
    measure += np.abs(cv2.filter2D(grey32, cv2.CV_32F, np.ascontiguousarray(kernel.T)))
    return _float32(cv2.boxFilter(measure, cv2.CV_32F, (window, window)))


def yardstick(images: Sequence[ImageArray], window: int = 9) -> NDArray[np.intp]:
    """Depth from focus as everyone writes it: index of the sharpest slice, H x W in 0..S-1."""
    volume = np.stack([yardstick_slice(image, window) for image in images])
    index: NDArray[np.intp] = np.argmax(volume, axis=0)
    return index


def _float32(array: object) -> FloatArray:
    return np.asarray(array, dtype=np.float32)


def _filter(grey: FloatArray, kernel: FloatArray) -> FloatArray:
    return _float32(cv2.filter2D(grey, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE))


def _separable(grey: FloatArray, along_x: FloatArray, along_y: FloatArray) -> FloatArray:
    border = cv2.BORDER_REPLICATE
    return _float32(cv2.sepFilter2D(grey, cv2.CV_32F, along_x, along_y, borderType=border))


def _second_difference(step: int) -> FloatArray:
    kernel = np.zeros(2 * step + 1, np.float32)
    kernel[0], kernel[step], kernel[-1] = -1.0, 2.0, -1.0
    return kernel


def _laplacian(grey: FloatArray, step: int) -> FloatArray:
    line = _second_difference(step)
    kernel = np.zeros((2 * step + 1, 2 * step + 1), np.float32)
    kernel[step, :] += line
    kernel[:, step] += line
    return _filter(grey, kernel)


def _local_variance(values: FloatArray, window: int) -> FloatArray:
    # A constant near the mean keeps the difference of squares within float32's precision.
    centred = values - np.float32(values.mean())
    size, border = (window, window), cv2.BORDER_REPLICATE
    mean = _float32(cv2.boxFilter(centred, cv2.CV_32F, size, borderType=border))
    square = _float32(cv2.sqrBoxFilter(centred, cv2.CV_32F, size, borderType=border))
    return np.maximum(square - np.square(mean), np.float32(0))


def _spread(taps: FloatArray, spacing: int) -> FloatArray:
    spread = np.zeros((taps.size - 1) * spacing + 1, np.float32)
    spread[::spacing] = taps
    return spread


def _above(measure: FloatArray, threshold: float) -> FloatArray:
    if threshold > 0.0:
        measure[measure < threshold] = 0.0
    return measure
