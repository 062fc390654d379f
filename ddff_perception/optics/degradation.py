"""What degrades an image, exactly and in numpy: blur, noise, demosaicking, JPEG, small size.

Each is a function of an image, H x W x 3 BGR or H x W float32 in 0..1 as a camera encodes it
(sRGB), and of a random generator; it gives an image of the same kind. `training/degradation.py`
does the same in torch batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import cv2
import numpy as np

from ..types import FloatArray, InputError
from .blur_kernels import blurred, gaussian_kernel, shake_kernel
from .srgb import srgb_decode, srgb_encode

Degrade = Callable[[FloatArray, np.random.Generator], FloatArray]

BLURS = {2: 17, 4: 33, 6: 49}
"""Sizes of Gaussian kernels by their standard deviation: 8 sigma + 1 (Hazirbas, sec. 5.5)."""


def gaussian_blur(image: FloatArray, _: np.random.Generator, sigma_px: float) -> FloatArray:
    """Blurred by a Gaussian of 8 sigma + 1 pixels, in encoded values, as the thesis has it."""
    kernel = gaussian_kernel(sigma_px, 2 * round(4 * sigma_px) + 1)
    return np.asarray(blurred(image, kernel), np.float32)


def motion_blur(image: FloatArray, rng: np.random.Generator, size: int) -> FloatArray:
    """Blurred in linear light by a kernel of camera shake of `size` x `size`."""
    light = np.asarray(srgb_decode(image), np.float32)
    kernel = shake_kernel(rng, size)
    return np.asarray(srgb_encode(np.asarray(blurred(light, kernel), np.float32).clip(0, 1)))


def sensor_noise(
    image: FloatArray, rng: np.random.Generator, full_well: float, read: float, light: float = 1.0
) -> FloatArray:
    """Photon noise of `full_well` electrons at white and read noise (electrons) in linear light.

    `light`: share of it that there is, before a gain that makes the image as bright as it was.
    """
    electrons = np.asarray(srgb_decode(image), np.float32) * np.float32(full_well * light)
    spread = np.sqrt(electrons + np.float32(read**2))
    electrons += spread * rng.standard_normal(image.shape, np.float32)
    linear = (electrons / np.float32(full_well * light)).clip(0, 1)
    return np.asarray(srgb_encode(linear), np.float32)


def demosaicked(image: FloatArray, _: np.random.Generator) -> FloatArray:
    """One colour of each pixel kept (RGGB) and the others told from its neighbours, bilinear.

    A grey image has no mosaic: it stays.
    """
    if image.ndim == 2:
        return image
    levels = np.rint(image.clip(0, 1) * 65535).astype(np.uint16)
    raw = levels[..., 1].copy()
    raw[0::2, 0::2] = levels[0::2, 0::2, 2]
    raw[1::2, 1::2] = levels[1::2, 1::2, 0]
    # OpenCV names a pattern by the second row's second and third pixel.
    found = cv2.cvtColor(raw, cv2.COLOR_BayerBG2BGR)
    return np.asarray(found * np.float32(1 / 65535), np.float32)


def jpeg(image: FloatArray, _: np.random.Generator, quality: int) -> FloatArray:
    """Compressed by JPEG and read again."""
    levels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    found = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.float32)
    return np.asarray(found * np.float32(1 / 255), np.float32)


def smaller(
    image: FloatArray, _: np.random.Generator, factor: int, back: bool = True
) -> FloatArray:
    """Each `factor` x `factor` pixels become one; `back`: enlarged again, bicubic."""
    height, width = image.shape[:2]
    size = (max(1, width // factor), max(1, height // factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if not back:
        return np.asarray(small, np.float32)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large.clip(0, 1), np.float32)


DEGRADATIONS: Mapping[str, Degrade] = {
    **{f"blur_{sigma}": partial(gaussian_blur, sigma_px=sigma) for sigma in BLURS},
    "motion": partial(motion_blur, size=15),
    "noise": partial(sensor_noise, full_well=1500.0, read=6.0),
    "low_light": partial(sensor_noise, full_well=1500.0, read=6.0, light=0.1),
    "demosaicking": demosaicked,
    "jpeg": partial(jpeg, quality=30),
    **{f"small_{factor}": partial(smaller, factor=factor) for factor in (2, 3, 4)},
}
"""The degradations by name, with usual values."""


def degraded(
    image: FloatArray, names: Sequence[str | Degrade], rng: np.random.Generator
) -> FloatArray:
    """`image` after these, one after the other; a function of one's own may stand for a name.

    Raises InputError where there is none of that name.
    """
    for name in names:
        if isinstance(name, str) and name not in DEGRADATIONS:
            known = ", ".join(DEGRADATIONS)
            raise InputError(f"there is no degradation {name!r}; there are: {known}")
        image = (DEGRADATIONS[name] if isinstance(name, str) else name)(image, rng)
    return image


def mixed(rng: np.random.Generator, most: int = 3) -> list[str]:
    """One to `most` degradations in random order, no two of one kind."""
    kinds: dict[str, list[str]] = {}
    for name in DEGRADATIONS:
        kinds.setdefault(name.split("_")[0].replace("low", "noise"), []).append(name)
    chosen = rng.permutation(list(kinds))[: rng.integers(1, most + 1)]
    return [str(rng.choice(kinds[kind])) for kind in chosen]
