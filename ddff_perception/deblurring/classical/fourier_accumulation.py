"""Fourier burst accumulation, and the plain mean of aligned frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ...methods import NoSettings
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..burst import Burst, Deblurred

Spectrum = NDArray[np.complex64]

# Magnitudes are smoothed at this fraction of their size: weights vary slowly.
_SHRINK = 4
# A blur score that is lower by this counts e times as much.
_SHARPER = 0.02
# Frames end where the image does: mirrored, so that the transform sees no step.
_MARGIN_PX = 16


@dataclass(frozen=True)
class AccumulationSettings(Settings):
    """How much the sharpest frame counts at each frequency."""

    p: float = parameter(
        11.0,
        "exponent of the weights: 0 is the mean, large takes the strongest frame",
        limits=(0.0, 100.0),
    )
    smoothing: float = parameter(
        0.02,
        "standard deviation over which magnitudes are smoothed, as a share of the shorter side; 0: "
        "not at all",
        limits=(0.0, 0.5),
    )
    newest: float = parameter(
        1.15,
        "factor on the magnitude of the newest frame: another one has to be stronger by it, so "
        "that a sharp frame is not mixed with others",
        limits=(1.0, 10.0),
    )
    channels: bool = parameter(
        False,
        "accumulate each colour; otherwise brightness alone, and colours are a mean in which sharp "
        "frames count more",
    )


def fba(burst: Burst, settings: AccumulationSettings) -> Deblurred:
    """Every frequency from the frames in which it is strongest.

    Delbracio and Sapiro, "Burst deblurring: removing camera shake through Fourier burst
    accumulation", CVPR 2015: u = F^-1(sum_i w_i a_i), w_i = |a_i|^p / sum_j |a_j|^p, magnitudes
    smoothed and averaged over the channels. Where a frame does not show what the newest one shows
    it is replaced by that one, so that what moves by itself is left as it is.

    Cost: `benchmarks/deblurring.py`.
    """
    if len(burst.images) == 1:
        return Deblurred(burst.newest, burst)
    spectra: list[list[Spectrum]] = []
    mean = np.zeros(burst.newest.shape, np.float32)
    for frame, share in zip(_trusted(burst), _shares(burst.blur), strict=True):
        spectra.append([_spectrum(plane) for plane in _planes(frame, settings.channels)])
        if not settings.channels:
            frame *= np.float32(share)
            mean += frame
    weights = _weights([_magnitude(frame) for frame in spectra], settings)
    shape, found = burst.newest.shape[:2], []
    for channel in range(len(spectra[0])):
        total = spectra[0][channel] * weights[0]
        for spectrum, weight in zip(spectra[1:], weights[1:], strict=True):
            spectrum[channel] *= weight
            total += spectrum[channel]
        found.append(_image(total, shape))
    if len(found) == 3 or burst.newest.ndim == 2:
        values = np.dstack(found) if len(found) == 3 else found[0]
    else:
        values = mean
        values += (found[0] - _planes(values, False)[0])[..., None]
    return Deblurred(_rounded(values, burst.newest), burst)


def average(burst: Burst, _: NoSettings) -> Deblurred:
    """The mean of the aligned frames, where they show what the newest one shows.

    What photographers call stacking: noise goes down, blur becomes the mean of all blurs.
    """
    total = np.zeros(burst.newest.shape, np.float32)
    for frame in _trusted(burst):
        total += frame
    total /= np.float32(len(burst.images))
    return Deblurred(_rounded(total, burst.newest), burst)


def _shares(blur: Sequence[float]) -> list[float]:
    """What a frame counts by its blur score; they sum to 1."""
    shares = np.exp(-(np.array(blur) - min(blur)) / _SHARPER)
    return [float(share) for share in shares / shares.sum()]


def _trusted(burst: Burst) -> Iterator[FloatArray]:
    """Each frame in float32, the newest one in place of what differs from it. All are one array,
    which may be written to: large ones that come and go cost more than what is done to them.
    """
    newest = burst.newest.astype(np.float32)
    yield (frame := newest.copy())
    for image, trust in zip(burst.images[1:], burst.trust[1:], strict=True):
        np.subtract(image, newest, out=frame, dtype=np.float32)
        frame *= trust if image.ndim == 2 else trust[..., None]
        frame += newest
        yield frame


def _planes(image: FloatArray, channels: bool) -> list[FloatArray]:
    if image.ndim == 2:
        return [image]
    if channels:
        return [np.ascontiguousarray(image[..., c]) for c in range(3)]
    return [np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)]


def _spectrum(plane: FloatArray) -> Spectrum:
    """The Fourier transform of a plane with margins, of a size that is quick."""
    height, width = (fft.next_fast_len(n + 2 * _MARGIN_PX, True) for n in plane.shape)
    below, right = height - plane.shape[0] - _MARGIN_PX, width - plane.shape[1] - _MARGIN_PX
    border = cv2.BORDER_REFLECT_101
    padded = cv2.copyMakeBorder(plane, _MARGIN_PX, below, _MARGIN_PX, right, border)
    return np.asarray(fft.rfft2(padded), np.complex64)


def _image(spectrum: Spectrum, shape: tuple[int, ...]) -> FloatArray:
    height, width = (fft.next_fast_len(n + 2 * _MARGIN_PX, True) for n in shape)
    whole = fft.irfft2(spectrum, s=(height, width))
    rows = slice(_MARGIN_PX, _MARGIN_PX + shape[0])
    return np.asarray(whole[rows, _MARGIN_PX : _MARGIN_PX + shape[1]], np.float32)


def _magnitude(spectra: list[Spectrum]) -> FloatArray:
    """The mean of the channels' magnitudes."""
    total = np.abs(spectra[0])
    for spectrum in spectra[1:]:
        total += np.abs(spectrum)
    return np.asarray(total / np.float32(len(spectra)), np.float32)


def _weights(magnitudes: list[FloatArray], settings: AccumulationSettings) -> list[FloatArray]:
    """Weights of the frames at each frequency; they sum to 1."""
    shape = magnitudes[0].shape
    if settings.smoothing:
        # Half a plane has half of the columns.
        sigma = settings.smoothing * min(shape[0], 2 * shape[1])
        magnitudes = [_smoothed(magnitude, sigma) for magnitude in magnitudes]
    magnitudes = [magnitudes[0] * np.float32(settings.newest), *magnitudes[1:]]
    largest = np.maximum(np.maximum.reduce(magnitudes), np.float32(1e-20))
    powers = [np.power(m / largest, np.float32(settings.p)) for m in magnitudes]
    total = np.add.reduce(powers)
    weights = [power / total for power in powers]
    if settings.smoothing:
        size = (shape[1], shape[0])
        weights = [cv2.resize(w, size, interpolation=cv2.INTER_LINEAR) for w in weights]  # type: ignore[misc]
    return weights


def _smoothed(magnitude: FloatArray, sigma: float) -> FloatArray:
    """Half a spectrum shrunken and smoothed: rows go on at its far side, columns are mirrored."""
    size = (max(1, magnitude.shape[1] // _SHRINK), max(1, magnitude.shape[0] // _SHRINK))
    small = cv2.resize(magnitude, size, interpolation=cv2.INTER_AREA)
    sigma = max(sigma / _SHRINK, 0.3)
    reach = min(int(3 * sigma) + 1, min(small.shape) - 1)
    tall = cv2.copyMakeBorder(small, reach, reach, 0, 0, cv2.BORDER_WRAP)
    smooth = cv2.GaussianBlur(tall, (2 * reach + 1,) * 2, sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(smooth[reach:-reach] if reach else smooth, np.float32)


def _rounded(values: FloatArray, like: ImageArray) -> ImageArray:
    depth = cv2.CV_8U if like.dtype == np.uint8 else cv2.CV_16U
    return cast(ImageArray, cv2.add(values, np.zeros(4), dtype=depth))
