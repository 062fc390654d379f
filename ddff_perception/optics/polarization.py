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

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import AnyImage, FloatArray, InputError

# Values that are worked on at once: the intermediate arrays of a strip stay in the cache.
_STRIP_VALUES = 1 << 15
# How much the noise grows: 0, 45 and 90 degrees have 2.4; 0, 1 and 90 degrees have 81.
_WORST_CONDITION = 100.0
# Its inverse, and that times full range of 16 bits, squared, are still float32.
_TINY = np.float32(1e-14)
# u (P(u^2) / Q(u^2)), a minimax fit, is arctan(u) within 1e-8 for |u| <= 1. NumPy's own arctan
# takes ten times as long without AVX-512: more than all the rest of the decomposition.
_ARCTAN_P = (0.1333206, 0.88767793, 0.99999987)
_ARCTAN_Q = (0.0118302, 0.34037863, 1.22100628, 1.0)
# Both over Q's leading coefficient, P in degrees: a polynomial with 1 in front takes a step less.
_DEGREES_P = tuple(math.degrees(p) / _ARCTAN_Q[0] for p in _ARCTAN_P)
_MONIC_Q = tuple(q / _ARCTAN_Q[0] for q in _ARCTAN_Q)
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
    weights, unit = _half_stokes_weights(images, angles_deg)
    results = tuple(np.empty(images[0].shape, np.float32) for _ in range(3))
    for rows in _strips(images[0]):
        strips = [image[rows] for image in images]
        for row, result in zip(2.0 * unit * weights, results, strict=True):
            _combine(strips, row, result[rows])
    return Stokes(*results)


def mean_over_channels(stokes: Stokes) -> Stokes:
    """The parameters of the channels' mean, H x W; a grey image's are returned as they are."""
    if stokes.s0.ndim == 2:
        return stokes
    mean = np.full((1, stokes.s0.shape[2]), 1.0 / stokes.s0.shape[2], np.float32)
    means = (cv2.transform(values, mean) for values in (stokes.s0, stokes.s1, stokes.s2))
    return Stokes(*(np.asarray(values, np.float32) for values in means))


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
    weights, unit = _half_stokes_weights(images, turned)
    result = out or _empty(images[0].shape, sharing)
    perpendicular, parallel, angle = result.perpendicular, result.parallel, result.angle_deg
    if sharing == "image":
        angle[...] = _shared_angle(images, weights)
    scratch: list[FloatArray] = []
    for rows in _strips(images[0]):
        mean, s1, s2 = _half_stokes([image[rows] for image in images], weights, scratch)
        if sharing == "image":
            difference = _along(s1, s2, float(angle))
        elif angle.shape == perpendicular.shape:
            difference = _free_axis(s1, s2, angle[rows], scratch[3:])
        else:
            difference = _axis_of_pixels(s1, s2, angle[rows])
        _sum_and_difference(mean, difference, unit, perpendicular[rows], parallel[rows])
    if reference_deg:
        np.add(angle, np.float32(reference_deg), out=angle)
    return result


def brighter_first(canonical: CanonicalImages) -> CanonicalImages:
    """The same curve with `perpendicular` >= `parallel` everywhere and the angle in [0, 180).

    This reads all polarized light as reflected: `parallel` is then the darkest image that any
    polarizer angle gives at a pixel. Raises InputError where the channels share their angle, as
    one of them may be brighter along, another across it.
    """
    if canonical.angle_deg.shape != canonical.perpendicular.shape:
        raise InputError("the brighter image comes first only with an angle per channel")
    swapped = canonical.perpendicular < canonical.parallel
    angle = np.mod(canonical.angle_deg + np.float32(90.0) * swapped, np.float32(180.0))
    return CanonicalImages(
        np.maximum(canonical.perpendicular, canonical.parallel),
        np.minimum(canonical.perpendicular, canonical.parallel),
        np.where(angle >= 180.0, np.float32(0.0), angle).astype(np.float32),
    )


def _half_stokes_weights(
    images: Sequence[AnyImage], angles_deg: Sequence[float]
) -> tuple[NDArray[np.float64], float]:
    """Weights (3, N) of the images in half the Stokes parameters, and the value of one level."""
    if len(images) != len(angles_deg):
        raise InputError(f"there are {len(images)} images but {len(angles_deg)} polarizer angles")
    double = np.deg2rad(2.0 * np.asarray(angles_deg, dtype=np.float64))
    curve = np.stack([np.ones_like(double), np.cos(double), np.sin(double)], axis=1)
    if len(angles_deg) < 3 or np.linalg.cond(curve) > _WORST_CONDITION:
        raise InputError(
            "polarization needs three or more polarizer angles that differ modulo 180 degrees"
        )
    # Rounded, so that 0, 45 and 90 degrees give the exact weights 0, 1/2 and 1.
    weights = np.asarray(np.round(np.linalg.pinv(curve), 13), np.float64)
    return weights, 1.0 / _FULL_RANGE.get(images[0].dtype.name, 1.0)


def _half_stokes(
    strips: Sequence[AnyImage], weights: NDArray[np.float64], scratch: list[FloatArray]
) -> list[FloatArray]:
    """Half the Stokes parameters of a strip, in levels, in arrays that `scratch` keeps."""
    shape = strips[0].shape
    if not scratch or scratch[0].shape != shape:
        scratch[:] = [np.empty(shape, np.float32) for _ in range(5)]
    mean, s1, s2 = parts = scratch[:3]
    _combine(strips, weights[0], mean)
    _combine(strips, weights[1], s1)
    # Of 0, 45 and 90 degrees s2 is the second image less the mean: a sum of two, not of three.
    rest = weights[2] + weights[0]
    if np.count_nonzero(rest) + 1 < np.count_nonzero(weights[2]):
        _combine([*strips, mean], np.append(rest, -1.0), s2)
    else:
        _combine(strips, weights[2], s2)
    return parts


def _empty(shape: tuple[int, ...], sharing: str) -> CanonicalImages:
    angle_shape = {"channel": shape, "pixel": shape[:2], "image": ()}[sharing]
    return CanonicalImages(*(np.empty(s, np.float32) for s in (shape, shape, angle_shape)))


def _strips(image: AnyImage) -> Iterator[slice]:
    height = image.shape[0]
    step = max(1, _STRIP_VALUES // max(1, image[0].size))
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def _combine(
    strips: Sequence[AnyImage], weights: NDArray[np.float64], out: FloatArray
) -> FloatArray:
    """The weighted sum of the strips, of any types, in `out`."""
    used = [(s, float(w)) for s, w in zip(strips, weights, strict=True) if w]
    if len(used) == 1:
        return np.multiply(used[0][0], np.float32(used[0][1]), out=out, dtype=np.float32)
    (first, first_weight), (second, second_weight) = used[:2]
    cv2.addWeighted(first, first_weight, second, second_weight, 0.0, dst=out, dtype=cv2.CV_32F)
    for strip, weight in used[2:]:
        cv2.addWeighted(strip, weight, out, 1.0, 0.0, dst=out, dtype=cv2.CV_32F)
    return out


def _sum_and_difference(
    mean: FloatArray, half: FloatArray, unit: float, plus: FloatArray, minus: FloatArray
) -> None:
    """`unit` times `mean` + `half` to `plus`, and times `mean` - `half` to `minus`.

    The unit comes last: weights of the images that held it would not be exact, and the
    polarization of equal images not 0.
    """
    # OpenCV writes elsewhere, without a word, where an array is none that it can write to.
    if unit != 1.0 and plus.flags.c_contiguous and minus.flags.c_contiguous:
        cv2.addWeighted(mean, unit, half, unit, 0.0, dst=plus)
        cv2.addWeighted(mean, unit, half, -unit, 0.0, dst=minus)
        return
    np.add(mean, half, out=plus)
    np.subtract(mean, half, out=minus)
    if unit != 1.0:
        np.multiply(plus, np.float32(unit), out=plus)
        np.multiply(minus, np.float32(unit), out=minus)


def _magnitude(x: FloatArray, y: FloatArray) -> FloatArray:
    flat = cv2.magnitude(x.reshape(x.shape[0], -1), y.reshape(y.shape[0], -1))
    return np.asarray(flat, np.float32).reshape(x.shape)


def _free_axis(
    s1: FloatArray, s2: FloatArray, angle: FloatArray, scratch: Sequence[FloatArray]
) -> FloatArray:
    """Signed length of (s1, s2) along the axis nearest to s1's, whose angle goes to `angle`.

    With t = s2 / s1 and r = sqrt(1 + t^2) the length is s1 r, which has s1's sign, and the angle
    is half of arctan t, which is arctan(t / (1 + r)): never more than 45 degrees. Overwrites `s1`,
    `s2` and the two arrays of `scratch`.
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
    """The arctangent in degrees, of -1..1; overwrites the two arrays of `scratch`."""
    square = np.multiply(tangent, tangent, out=scratch[0])
    _polynomial(square, _DEGREES_P, out)
    np.multiply(out, tangent, out=out)
    _polynomial(square, _MONIC_Q, scratch[1])
    np.divide(out, scratch[1], out=out)


def _polynomial(x: FloatArray, coefficients: Sequence[float], out: FloatArray) -> None:
    """The polynomial whose highest coefficient comes first, by Horner's rule."""
    sum_so_far = x
    if coefficients[0] != 1.0:
        sum_so_far = np.multiply(x, np.float32(coefficients[0]), out=out)
    for coefficient in coefficients[1:-1]:
        np.add(sum_so_far, np.float32(coefficient), out=out)
        sum_so_far = np.multiply(out, x, out=out)
    np.add(out, np.float32(coefficients[-1]), out=out)


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
        s1, s2 = (part.ravel() for part in _half_stokes(strips, weights, scratch)[1:])
        along += float(np.dot(s1, s1)) - float(np.dot(s2, s2))
        across += 2.0 * float(np.dot(s1, s2))
    return math.degrees(math.atan2(across, along)) / 4.0
