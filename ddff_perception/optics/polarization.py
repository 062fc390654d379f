"""Linear polarization from images behind a polarizer: Stokes parameters, canonical images.

Behind an ideal polarizer at angle phi an image is `(s0 + s1 cos 2 phi + s2 sin 2 phi) / 2`. Three
angles determine the three unknowns, more give them by least squares. The canonical form of the
same curve (P. Wieschollek, "Multi-frame, data-driven image and video methods", equation 5.3) is

    I(phi) = I_perp cos^2(phi - phi_perp) + I_par sin^2(phi - phi_perp).

Two ambiguities are the physics', not ours. `(I_perp, I_par, phi_perp)` and
`(I_par, I_perp, phi_perp + 90)` are one and the same curve: `phi_perp` is looked for within 45
degrees of a reference, 0 in the paper. It is 0 where the reflecting surface is level (floor, water:
perpendicular to the plane of incidence is horizontal), 90 where it is upright (window). And the
sign of `I_perp - I_par` is that of `I_R - I_T` times a positive number: where the transmitted layer
is the brighter one, light is polarized along `phi_par`, so the sign differs from pixel to pixel
and is unstable where `phi_perp` comes near the ends of its interval. Erratum of the paper:
perpendicular is the s direction, see `fresnel`.

Images are H x W or H x W x 3: float32, or uint8 and uint16 with 255 and 65535 as 1. Angles are
degrees. Everything returned is float32.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import AnyImage, FloatArray, InputError

# Values that are worked on at once: the intermediate arrays of a strip stay in the cache. Half of
# that takes 15 % longer, as every pass over a strip is a call.
_STRIP_VALUES = 1 << 16
# How much the noise grows: 0, 45 and 90 degrees have 2.4; 0, 1 and 90 degrees have 81.
_WORST_CONDITION = 100.0
# Its inverse, and that times full range of 16 bits, squared, are still float32.
_TINY = np.float32(1e-14)
# u (c + a / (y + d + b / y)) with y = u^2 + e, a minimax fit, is arctan(u) within 2e-7 (3e-7 in
# float32) for |u| <= 1. NumPy's own takes ten times as long without AVX-512: more than all else.
_ARCTAN_A, _ARCTAN_B, _ARCTAN_C = 2.4650518, -1.3531773, 0.23738975
_ARCTAN_D, _ARCTAN_E = 2.1685306, 1.8110470
_FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0}
SHARING = ("channel", "pixel", "image")


@dataclass(frozen=True, slots=True)
class Stokes:
    """Linear Stokes parameters, each H x W or H x W x 3 float32.

    `s0`: the light's intensity without a polarizer, `s1`: what passes at 0 minus what passes at
    90 degrees, `s2`: what passes at 45 minus what passes at 135 degrees.
    """

    s0: FloatArray
    s1: FloatArray
    s2: FloatArray


@dataclass(frozen=True, slots=True)
class CanonicalImages:
    """What is seen with the polarizer perpendicular and parallel to the plane of incidence.

    `perpendicular`, `parallel`: H x W or H x W x 3 float32, in the unit of the input.
    `angle_deg`: phi_perp, float32, within 45 degrees of the reference; of the images' shape,
    H x W where the channels share it, and a 0-dimensional array where the image does.
    """

    perpendicular: FloatArray
    parallel: FloatArray
    angle_deg: FloatArray


def stokes_from_images(images: Sequence[AnyImage], angles_deg: Sequence[float]) -> Stokes:
    """Linear Stokes parameters of `images` behind a polarizer at `angles_deg`, least squares.

    Raises InputError where the angles are not three different ones modulo 180 degrees.
    """
    weights, unit = _stokes_weights(images, angles_deg)
    results = tuple(np.empty(images[0].shape, np.float32) for _ in range(3))
    scratch: list[FloatArray] = []
    for rows in _strips(images[0]):
        parts = _stokes_of_strip([image[rows] for image in images], weights, scratch)
        for part, result in zip(parts, results, strict=True):
            np.multiply(part, np.float32(unit), out=result[rows])
    return Stokes(*results)


def mean_over_channels(stokes: Stokes) -> Stokes:
    """The parameters of the channels' mean, H x W; a grey image's are returned as they are."""
    if stokes.s0.ndim == 2:
        return stokes
    mean = np.full((1, stokes.s0.shape[2]), 1.0 / stokes.s0.shape[2], np.float32)
    means = (cv2.transform(values, mean) for values in (stokes.s0, stokes.s1, stokes.s2))
    return Stokes(*(np.asarray(values, np.float32) for values in means))


def brightest_channel(image: AnyImage) -> NDArray[Any]:
    """The largest channel of each pixel, H x W."""
    if image.ndim == 2:
        return image
    first, second, third = cv2.split(image)
    return np.asarray(cv2.max(cv2.max(first, second), third)).reshape(image.shape[:2])


def degree_of_polarization(stokes: Stokes) -> FloatArray:
    """Degree of linear polarization, 0..1; 0 where there is no light. Shape of the parameters."""
    degree = _magnitude(stokes.s1, stokes.s2)
    dark = stokes.s0 <= 0
    np.divide(degree, stokes.s0, out=degree, where=~dark)
    degree[dark] = 0.0
    return np.minimum(degree, np.float32(1.0), out=degree)


def angle_of_polarization_deg(stokes: Stokes) -> FloatArray:
    """Angle of linear polarization, degrees in [0, 180); 0 where the light is not polarized."""
    angle: FloatArray = np.arctan2(stokes.s2, stokes.s1)
    np.multiply(angle, np.float32(90.0 / math.pi), out=angle)
    np.add(angle, np.float32(180.0), out=angle, where=angle < 0)
    # -1e-6 + 180 rounds to 180 in float32.
    angle[angle >= 180.0] = 0.0
    return angle


def intensity_behind_polarizer(stokes: Stokes, polarizer_deg: float) -> FloatArray:
    """The image that an ideal polarizer at `polarizer_deg` lets pass."""
    double = math.radians(2.0 * polarizer_deg)
    image = np.multiply(stokes.s1, np.float32(math.cos(double)))
    image += stokes.s2 * np.float32(math.sin(double))
    image += stokes.s0
    image *= np.float32(0.5)
    return image


def canonical_images(
    images: Sequence[AnyImage],
    angles_deg: Sequence[float],
    sharing: str = "channel",
    reference_deg: float = 0.0,
    out: CanonicalImages | None = None,
) -> CanonicalImages:
    """The canonical decomposition of `images` behind a polarizer at `angles_deg` (equation 5.3).

    For 0, 45 and 90 degrees this is, with `S = I0 + I90`, `A = I0 - I90`, `B = S - 2 I45` and
    `D = sign(A) sqrt(A^2 + B^2)`: `I_perp = (S + D) / 2`, `I_par = (S - D) / 2`,
    `phi_perp = -atan(B / A) / 2`; other angles and more than three by least squares.
    `sharing` says what has one angle of its own: each "channel" of each pixel, each "pixel" (the
    axis that fits its channels best, whichever sign each has), or the whole "image" (a flat pane
    seen from afar). `reference_deg`: middle of the 90 degrees that phi_perp lies in.

    Where nothing is polarized, phi_perp is the reference and both images are equal. `out`: an
    earlier result for images of this size and this `sharing`, whose arrays are written again:
    half of the time of a large image goes into fresh memory. Raises InputError on an unknown
    `sharing` or fewer than three different angles modulo 180 degrees.
    """
    if sharing not in SHARING:
        raise InputError(f"the angle is shared per {', '.join(SHARING)}, not {sharing!r}")
    turned = [angle - reference_deg for angle in angles_deg]
    weights, unit = _stokes_weights(images, turned)
    result = out or _empty(images[0].shape, sharing)
    perpendicular, parallel, angle = result.perpendicular, result.parallel, result.angle_deg
    if sharing == "image":
        angle[...] = _shared_angle(images, weights)
    scratch: list[FloatArray] = []
    for rows in _strips(images[0]):
        s0, s1, s2 = _stokes_of_strip([image[rows] for image in images], weights, scratch)
        if sharing == "image":
            difference = _along(s1, s2, float(angle))
        elif angle.shape == perpendicular.shape:
            difference = _free_axis(s1, s2, angle[rows], scratch)
        else:
            difference = _axis_of_pixels(s1, s2, angle[rows])
        # The unit comes last: weights of the images that held it would not be exact, and the
        # polarization of equal images not 0.
        for part in (s0, difference):
            np.multiply(part, np.float32(0.5 * unit), out=part)
        np.add(s0, difference, out=perpendicular[rows])
        np.subtract(s0, difference, out=parallel[rows])
    if reference_deg:
        np.add(angle, np.float32(reference_deg), out=angle)
    return result


def _stokes_weights(
    images: Sequence[AnyImage], angles_deg: Sequence[float]
) -> tuple[NDArray[np.float64], float]:
    """Weights (3, N) of the images in the Stokes parameters, and the value of one level."""
    if len(images) != len(angles_deg):
        raise InputError(f"there are {len(images)} images but {len(angles_deg)} polarizer angles")
    double = np.deg2rad(2.0 * np.asarray(angles_deg, dtype=np.float64))
    curve = np.stack([np.ones_like(double), np.cos(double), np.sin(double)], axis=1)
    if len(angles_deg) < 3 or np.linalg.cond(curve) > _WORST_CONDITION:
        raise InputError(
            "polarization needs three or more polarizer angles that differ modulo 180 degrees"
        )
    # Rounded, so that 0, 45 and 90 degrees give the exact weights 0, 1 and 2.
    weights = np.asarray(np.round(2.0 * np.linalg.pinv(curve), 13), np.float64)
    return weights, 1.0 / _FULL_RANGE.get(images[0].dtype.name, 1.0)


def _stokes_of_strip(
    strips: Sequence[AnyImage], weights: NDArray[np.float64], scratch: list[FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Stokes parameters of a strip, in levels, in the last three arrays that `scratch` keeps."""
    count, shape = max(2, len(strips)), strips[0].shape
    if not scratch or scratch[0].shape != shape:
        scratch[:] = [np.empty(shape, np.float32) for _ in range(count + 3)]
    levels = [_as_float(*both) for both in zip(strips, scratch, strict=False)]
    s0, s1, s2 = scratch[count:]
    _combine(levels, weights[0], s0)
    # Of 0, 45 and 90 degrees s2 is twice the second image less s0: a sum of two, not of three.
    rest = weights[2] + weights[0]
    if np.count_nonzero(rest) + 1 < np.count_nonzero(weights[2]):
        _combine([*levels, s0], np.append(rest, -1.0), s2)
    else:
        _combine(levels, weights[2], s2)
    _combine(levels, weights[1], s1)
    return s0, s1, s2


def _as_float(image: AnyImage, out: FloatArray) -> FloatArray:
    """`image` as float32, in `out` where it is of another type: a pass that pays, as NumPy takes
    three times as long over arrays of two types.
    """
    if image.dtype == np.float32:
        return np.asarray(image, np.float32)
    np.copyto(out, image, casting="unsafe")
    return out


def _empty(shape: tuple[int, ...], sharing: str) -> CanonicalImages:
    angle_shape = {"channel": shape, "pixel": shape[:2], "image": ()}[sharing]
    return CanonicalImages(*(np.empty(s, np.float32) for s in (shape, shape, angle_shape)))


def _strips(image: AnyImage) -> Iterator[slice]:
    height = image.shape[0]
    step = max(1, _STRIP_VALUES // max(1, image[0].size))
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def _combine(
    parts: Sequence[FloatArray], weights: NDArray[np.float64], out: FloatArray
) -> FloatArray:
    """The weighted sum of the parts in `out`, where a part other than the first may lie not."""
    used = sorted(
        ((p, float(w)) for p, w in zip(parts, weights, strict=True) if w),
        key=lambda pair: (abs(pair[1]) == 1.0, -pair[1]),
    )
    (total, weight), *rest = used
    if weight != 1.0 or not rest:
        total = np.multiply(total, np.float32(weight), out=out)
    for part, weight in rest:
        if abs(weight) != 1.0:
            part, weight = np.multiply(part, np.float32(weight)), 1.0
        total = (np.add if weight > 0 else np.subtract)(total, part, out=out)
    return total


def _magnitude(x: FloatArray, y: FloatArray) -> FloatArray:
    flat = cv2.magnitude(x.reshape(x.shape[0], -1), y.reshape(y.shape[0], -1))
    return np.asarray(flat, np.float32).reshape(x.shape)


def _free_axis(
    s1: FloatArray, s2: FloatArray, angle: FloatArray, scratch: Sequence[FloatArray]
) -> FloatArray:
    """Signed length of (s1, s2) along the axis nearest to s1's, whose angle goes to `angle`.

    With t = s2 / s1 and r = sqrt(1 + t^2) the length is s1 r, which has s1's sign, and the angle
    is half of arctan t, which is arctan(t / (1 + r)): never more than 45 degrees. Overwrites `s1`,
    `s2` and the first two arrays of `scratch`.
    """
    # 0 / 0 is to be an angle of 0, x / 0 one of 45 degrees; no other quotient changes.
    np.add(s1, _TINY, out=s1)
    np.divide(s2, s1, out=s2)
    root = np.multiply(s2, s2, out=scratch[0])
    np.add(root, np.float32(1.0), out=root)
    np.sqrt(root, out=root)
    length = np.multiply(root, s1, out=s1)
    np.add(root, np.float32(1.0), out=root)
    np.divide(s2, root, out=s2)
    _arctan_deg(s2, angle, scratch)
    return length


def _arctan_deg(tangent: FloatArray, out: FloatArray, scratch: Sequence[FloatArray]) -> None:
    """The arctangent in degrees, of -1..1; overwrites the first two arrays of `scratch`."""
    y, fraction = scratch[:2]
    np.multiply(tangent, tangent, out=y)
    np.add(y, np.float32(_ARCTAN_E), out=y)
    np.divide(np.float32(_ARCTAN_B), y, out=fraction)
    np.add(y, fraction, out=fraction)
    np.add(fraction, np.float32(_ARCTAN_D), out=fraction)
    np.divide(np.float32(math.degrees(_ARCTAN_A)), fraction, out=fraction)
    np.add(fraction, np.float32(math.degrees(_ARCTAN_C)), out=fraction)
    np.multiply(fraction, tangent, out=out)


def _axis_of_pixels(s1: FloatArray, s2: FloatArray, angle: FloatArray) -> FloatArray:
    """Lengths of the channels' (s1, s2) along one axis per pixel, the direction of most scatter.

    The axis maximises the sum over channels of (s1 cos 2 phi + s2 sin 2 phi)^2.
    """
    ones = np.ones((1, 3), np.float32)
    across = cv2.transform(cv2.multiply(s1, s2), 2.0 * ones)
    along = cv2.transform(cv2.subtract(cv2.multiply(s1, s1), cv2.multiply(s2, s2)), ones)
    double = np.arctan2(across, along) * np.float32(0.5)
    np.multiply(double, np.float32(90.0 / math.pi), out=angle)
    cosine, sine = np.cos(double), np.sin(double)
    length = cv2.multiply(s1, cv2.merge([cosine] * 3))
    return np.asarray(cv2.add(length, cv2.multiply(s2, cv2.merge([sine] * 3))), np.float32)


def _along(s1: FloatArray, s2: FloatArray, angle_deg: float) -> FloatArray:
    double = math.radians(2.0 * angle_deg)
    return np.asarray(cv2.addWeighted(s1, math.cos(double), s2, math.sin(double), 0.0), np.float32)


def _shared_angle(images: Sequence[AnyImage], weights: NDArray[np.float64]) -> float:
    """The axis of most scatter over a whole image, degrees in -45..45."""
    along = across = 0.0
    scratch: list[FloatArray] = []
    for rows in _strips(images[0]):
        strips = [image[rows] for image in images]
        s1, s2 = (part.ravel() for part in _stokes_of_strip(strips, weights, scratch)[1:])
        along += float(np.dot(s1, s1)) - float(np.dot(s2, s2))
        across += 2.0 * float(np.dot(s1, s2))
    return math.degrees(math.atan2(across, along)) / 4.0
