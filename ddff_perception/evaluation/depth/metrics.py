"""Errors of a depth map against the truth: the measures of Hazirbas (2019), section 3.5.

With f the estimate, D the truth and M the pixels where both are known:

    MSE      1/|M| Σ (f − D)²                    RMS      √MSE
    log RMS  √(1/|M| Σ (ln f − ln D)²)           MAE      1/|M| Σ |f − D|
    log10    1/|M| Σ |log10 f − log10 D| (Nazir's thesis, Table 2.1)
    Abs rel  1/|M| Σ |f − D| / D                 Sqr rel  1/|M| Σ (f − D)² / D
    δ, δ², δ³   % of M with max(f/D, D/f) < 1.25, 1.25², 1.25³
    BadPix(τ)   % of M with |f − D| > τ
    bumpiness   100/|M| Σ min(0.05, ‖H‖_F), H the Hessian of f − D

Each is taken on three quantities: depth (m), disparity (baseline · focal length / depth, px) and
dioptres (1 / depth, 1/m). The thesis scores disparity. Its "depth error (m)" is called a mean
squared error there, which its unit contradicts; here it is the mean absolute error on depth.

The thesis does not say how images are combined; the root of its mean MSE exceeds its mean RMS, as
it does when every image is scored and the scores are averaged. `DepthErrorSums` gives that
(`averaged`) and the score over all pixels together (`pooled`).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from ...parameters import Settings, parameter
from ...types import FloatArray
from .maps import UNITS, Domain, check_same_size, convert, known

_DELTA = 1.25
_CURVE_STEPS_PER_THRESHOLD = 10
_CURVE_LENGTH = 101
_BLOCK = 1 << 15  # values per pass, so that intermediates stay in the cache
_BAND = 32  # rows per pass, likewise
_HALO = 2  # two 3x3 derivatives in a row reach two pixels far
_ScoreArray = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreSettings(Settings):
    """What the measures leave open.

    BadPix is scored at one threshold per quantity and, for its curve, at the thresholds that
    `curve_thresholds` gives: 0 to ten times that one, in tenths of it.
    """

    baseline_focal: float = parameter(
        1.0,
        "baseline times focal length: disparity = this / depth. 1 makes disparity equal to "
        "dioptres; aperture diameter times fx gives the disparity across the aperture; "
        "0.1412 is that of DDFF 12-Scene",
        "m px",
        (1e-9, None),
    )
    badpix_depth: float = parameter(
        0.1, "error on depth over which a pixel counts as bad", UNITS["depth"], (1e-9, None)
    )
    badpix_disparity: float = parameter(
        0.07,
        "error on disparity over which a pixel counts as bad",
        UNITS["disparity"],
        (1e-9, None),
    )
    badpix_dioptres: float = parameter(
        0.1, "error on dioptres over which a pixel counts as bad", UNITS["dioptres"], (1e-9, None)
    )
    bumpiness_clip: float = parameter(
        0.05, "value at which the Hessian's norm is clipped in the bumpiness", limits=(1e-9, None)
    )

    def badpix_threshold(self, domain: Domain) -> float:
        """τ of the single BadPix figure, in the domain's unit."""
        return float(getattr(self, f"badpix_{domain}"))

    def curve_thresholds(self, domain: Domain) -> _ScoreArray:
        """The τ of the BadPix curve, shape (101,), in the domain's unit."""
        steps = np.arange(_CURVE_LENGTH) / _CURVE_STEPS_PER_THRESHOLD
        return np.asarray(steps * self.badpix_threshold(domain), dtype=np.float64)


@dataclass(frozen=True)
class DepthScores:
    """The measures of the module's head, NaN where nothing could be scored.

    `pixels` were scored, the share `coverage` (0..1) of the pixels whose truth is known. δ, δ², δ³
    (`delta_1..3`) and BadPix are per cent; `badpix_curve` goes with
    `ScoreSettings.curve_thresholds`. MAE, RMS, Sqr rel are in the quantity's unit, MSE in its
    square.
    """

    pixels: float
    coverage: float
    mae: float
    mse: float
    rms: float
    log_rms: float
    log10: float
    abs_rel: float
    sqr_rel: float
    delta_1: float
    delta_2: float
    delta_3: float
    badpix: float
    bumpiness: float
    badpix_curve: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        return asdict(self)


_SCALARS = tuple(f.name for f in fields(DepthScores) if f.name != "badpix_curve")


class DepthErrorSums:
    """Counts of one domain, added up over images and turned into scores at the end.

    `add` takes one image at a time; `+` joins two that were filled apart (by processes, by bags).
    Both orders give the same scores up to rounding.
    """

    def __init__(self, domain: Domain = "dioptres", settings: ScoreSettings | None = None) -> None:
        self.domain = domain
        self.settings = settings or ScoreSettings()
        self.images = 0
        length = len(_SUM_NAMES) + _CURVE_LENGTH
        self._sums: _ScoreArray = np.zeros(length)
        self._score_total: _ScoreArray = np.zeros(len(_SCALARS) + _CURVE_LENGTH)
        self._score_count: _ScoreArray = np.zeros(len(_SCALARS) + _CURVE_LENGTH)

    def add(self, estimate: FloatArray, truth: FloatArray) -> DepthScores:
        """Count one image and return its own scores.

        `estimate` and `truth`: H x W metres along z. Not positive or NaN is unknown; +inf is
        infinity, known on dioptres (where it is 0) and unknown on depth and disparity. Raises
        InputError where the sizes differ.
        """
        sums = _count(estimate, truth, self.domain, self.settings)
        scores = _scores(sums)
        vector = np.array([*(getattr(scores, name) for name in _SCALARS), *scores.badpix_curve])
        known = ~np.isnan(vector)
        self.images += 1
        self._sums += sums
        self._score_total[known] += vector[known]
        self._score_count += known
        return scores

    def __add__(self, other: DepthErrorSums) -> DepthErrorSums:
        if (self.domain, self.settings) != (other.domain, other.settings):
            raise ValueError("errors of different domains or settings do not add up")
        result = DepthErrorSums(self.domain, self.settings)
        result.images = self.images + other.images
        result._sums = self._sums + other._sums
        result._score_total = self._score_total + other._score_total
        result._score_count = self._score_count + other._score_count
        return result

    def pooled(self) -> DepthScores:
        """Scores over all pixels of all images together."""
        return _scores(self._sums)

    def averaged(self) -> DepthScores:
        """Mean over the images of their own scores, as the papers' tables have it.

        An image where a measure could not be taken does not enter that measure's mean. `pixels`
        is their sum.
        """
        with np.errstate(invalid="ignore"):
            mean = self._score_total / self._score_count
        scalars = dict(zip(_SCALARS, mean.tolist(), strict=False))
        scalars["pixels"] = float(self._sums[_INDEX["pixels"]])
        return DepthScores(**scalars, badpix_curve=tuple(mean[len(_SCALARS) :].tolist()))


_SUM_NAMES = (
    "truth_pixels",
    "pixels",
    "absolute",
    "squared",
    "log_squared",
    "log_absolute",
    "log_pixels",
    "relative",
    "squared_relative",
    "ratio_pixels",
    "within_1",
    "within_2",
    "within_3",
    "bad",
    "bumps",
    "bump_pixels",
)
_INDEX = {name: index for index, name in enumerate(_SUM_NAMES)}


def score(
    estimate: FloatArray,
    truth: FloatArray,
    domain: Domain = "dioptres",
    settings: ScoreSettings | None = None,
) -> DepthScores:
    """The scores of one image; see `DepthErrorSums.add`."""
    return DepthErrorSums(domain, settings).add(estimate, truth)


def _count(
    estimate: FloatArray, truth: FloatArray, domain: Domain, settings: ScoreSettings
) -> _ScoreArray:
    """The sums of one image: `_SUM_NAMES`, then the pixels over each threshold of the curve."""
    check_same_size(estimate, truth)
    valid = known(truth, domain)
    scored = valid & known(estimate, domain)
    f, d = estimate[scored], truth[scored]
    error = np.zeros(f.size, dtype=np.float32)
    sums = np.zeros(len(_SUM_NAMES) + _CURVE_LENGTH)
    for start in range(0, f.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        fs = convert(f[block], domain, settings.baseline_focal)
        ds = convert(d[block], domain, settings.baseline_focal)
        error[block] = fs - ds
        sums += _block_sums(fs, ds, settings.curve_thresholds(domain))
    dense = np.zeros(scored.shape, dtype=np.float32)
    dense[scored] = error
    sums[_INDEX["truth_pixels"]] = np.count_nonzero(valid)
    sums[_INDEX["bumps"]], sums[_INDEX["bump_pixels"]] = _bumps(
        dense, scored, settings.bumpiness_clip
    )
    return sums


def _block_sums(f: _ScoreArray, d: _ScoreArray, thresholds: _ScoreArray) -> _ScoreArray:
    absolute = np.abs(f - d)
    curve = _over_thresholds(absolute, thresholds)
    named = {
        "pixels": absolute.size,
        "absolute": absolute.sum(),
        "squared": np.square(absolute).sum(),
        "bad": curve[_CURVE_STEPS_PER_THRESHOLD],
        **_ratios(f, d, absolute),
    }
    return np.concatenate([[named.get(name, 0) for name in _SUM_NAMES], curve])


def _ratios(f: _ScoreArray, d: _ScoreArray, absolute: _ScoreArray) -> dict[str, float]:
    """Sums of what divides by the truth or takes a logarithm; 0 dioptres allows neither."""
    positive = d > 0
    if not positive.all():
        f, d, absolute = f[positive], d[positive], absolute[positive]
    relative = absolute / d
    with np.errstate(divide="ignore"):
        ratio = np.maximum(f / d, d / f)
    within = {f"within_{n}": np.count_nonzero(ratio < _DELTA**n) for n in (1, 2, 3)}
    log_ratio = np.log(ratio if f.all() else ratio[f > 0])
    return {
        "ratio_pixels": d.size,
        "relative": relative.sum(),
        "squared_relative": (absolute * relative).sum(),
        "log_squared": np.square(log_ratio).sum(),
        "log_absolute": log_ratio.sum(),
        "log_pixels": log_ratio.size,
        **within,
    }


def _over_thresholds(absolute: _ScoreArray, thresholds: _ScoreArray) -> _ScoreArray:
    """How many errors exceed each of the thresholds, which are equally spaced from 0."""
    last = thresholds.size - 1
    below = np.minimum(absolute * (last / thresholds[-1]), last).astype(np.intp)
    exceeded = below + (absolute > thresholds[below])
    histogram = np.bincount(exceeded, minlength=thresholds.size + 1)
    return np.asarray(absolute.size - np.cumsum(histogram)[:-1], dtype=np.float64)


def _bumps(error: FloatArray, scored: NDArray[np.bool_], clip: float) -> tuple[float, int]:
    """Sum of min(clip, ‖Hessian of the error map‖) and the pixels where the Hessian exists.

    Derivatives are the 3x3 Scharr filter with weights of sum one across and [-1 0 1] along, once
    per order: the scale of the authors' evaluation (2 per derivative, so 4 times the Hessian in
    pixel units), kept so that published bumpiness compares. It exists where the 5x5 around the
    pixel is scored; the authors let holes and the border in.
    """
    support = np.ones((2 * _HALO + 1, 2 * _HALO + 1), dtype=np.uint8)
    mask = scored.astype(np.uint8)
    inside = cv2.erode(mask, support, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    total = 0.0
    for top in range(_HALO, error.shape[0] - _HALO, _BAND):
        band = slice(top, min(top + _BAND, error.shape[0] - _HALO))
        around = error[band.start - _HALO : band.stop + _HALO]
        norm = _hessian_norm(around)[_HALO:-_HALO]
        total += float((np.minimum(norm, clip) * inside[band]).sum(dtype=np.float64))
    return total, int(np.count_nonzero(inside))


def _hessian_norm(values: FloatArray) -> FloatArray:
    def derivative(of: FloatArray, dx: int) -> FloatArray:
        return np.asarray(cv2.Scharr(of, cv2.CV_32F, dx, 1 - dx, scale=1.0 / 16.0), np.float32)

    gx, gy = derivative(values, 1), derivative(values, 0)
    hxx, hxy, hyy = derivative(gx, 1), derivative(gx, 0), derivative(gy, 0)
    norm: FloatArray = np.sqrt(hxx * hxx + 2.0 * hxy * hxy + hyy * hyy)
    return norm


def _scores(sums: _ScoreArray) -> DepthScores:
    value = {name: float(sums[index]) for name, index in _INDEX.items()}

    def mean(name: str, count: str = "pixels") -> float:
        return value[name] / value[count] if value[count] else math.nan

    mse = mean("squared")
    curve = sums[len(_SUM_NAMES) :]
    with np.errstate(invalid="ignore"):
        badpix = np.divide(100.0 * curve, value["pixels"])
    return DepthScores(
        pixels=value["pixels"],
        coverage=mean("pixels", "truth_pixels"),
        mae=mean("absolute"),
        mse=mse,
        rms=math.sqrt(mse),
        log_rms=math.sqrt(mean("log_squared", "log_pixels")),
        log10=mean("log_absolute", "log_pixels") / math.log(10.0),
        abs_rel=mean("relative", "ratio_pixels"),
        sqr_rel=mean("squared_relative", "ratio_pixels"),
        delta_1=100.0 * mean("within_1", "ratio_pixels"),
        delta_2=100.0 * mean("within_2", "ratio_pixels"),
        delta_3=100.0 * mean("within_3", "ratio_pixels"),
        badpix=100.0 * mean("bad"),
        bumpiness=100.0 * mean("bumps", "bump_pixels"),
        badpix_curve=tuple(badpix.tolist()),
    )
