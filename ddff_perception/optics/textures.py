"""Procedural surface textures: reflectance images with the statistics of indoor photographs.

Dead leaves (discs of power-law sizes that hide each other) have the scale invariance, the edges
and the heavy-tailed gradients of natural images: A. B. Lee, D. Mumford, J. Huang, "Occlusion
models for natural images", IJCV 41 (2001). 1/f noise has their power spectrum alone.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Texture = NDArray[np.float32]
Colour = NDArray[np.float32]

_DISC_EXPONENT = 3.0
_HUES = ((30.0, 25.0), (215.0, 25.0), (120.0, 40.0), (180.0, 180.0))  # warm, blue, green, any
_HUE_SHARES = (0.5, 0.2, 0.1, 0.2)
_SHIFT = 4  # fractional bits of cv2.circle coordinates


def random_colour(rng: np.random.Generator, muted: float = 0.5) -> Colour:
    """A diffuse reflectance of household things, shape (3,), linear RGB in 0.03..0.85.

    `muted` 0 gives saturated paint, 1 gives greys.
    """
    centre, spread = _HUES[int(rng.choice(len(_HUES), p=_HUE_SHARES))]
    hue = (centre + spread * rng.uniform(-1, 1)) % 360
    saturation = float(np.clip(rng.beta(1.6, 2.4) * (1.0 - muted) * 1.4, 0.0, 0.9))
    value = rng.uniform(0.25, 0.92)
    hsv = np.array([[[hue, saturation, value]]], dtype=np.float32)
    rgb = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] ** 2.2
    return np.asarray(np.clip(rgb, 0.03, 0.85), dtype=np.float32)


def plain(rng: np.random.Generator, size: int = 4, colour: Colour | None = None) -> Texture:
    """One reflectance everywhere: nothing to focus on."""
    chosen = random_colour(rng) if colour is None else colour
    return np.broadcast_to(chosen, (size, size, 3)).astype(np.float32)


def dead_leaves(
    rng: np.random.Generator,
    size: int = 512,
    *,
    smallest: float = 0.004,
    largest: float = 0.25,
    colours: int = 12,
) -> Texture:
    """Discs that hide each other, radii from `smallest` to `largest` (shares of the width).

    The density of radii falls as r^-3, which makes the picture look alike at every scale. The
    colours are drawn around `colours` random ones.
    """
    low, high = smallest * size, largest * size
    palette = np.stack([random_colour(rng, 0.4) for _ in range(colours)])
    # Enough discs that everything is covered about three times over.
    mean_area = 2.0 * np.pi * np.log(high / low) / (low**-2 - high**-2)
    count = int(np.clip(3.0 * size * size / mean_area, 200, 12000))
    share = rng.uniform(size=count)
    power = 1.0 - _DISC_EXPONENT
    radii = (low**power + share * (high**power - low**power)) ** (1.0 / power)
    centres = rng.uniform(-high, size + high, size=(count, 2))
    large = rng.uniform(0, size, size=(24, 2))
    centres = np.concatenate([large, centres])
    radii = np.concatenate([np.full(24, high), radii])
    shades = palette[rng.integers(colours, size=len(radii))]
    shades = shades * rng.lognormal(0.0, 0.25, size=(len(radii), 1)).astype(np.float32)
    image = np.broadcast_to(palette.mean(axis=0), (size, size, 3)).astype(np.float32).copy()
    scale = 1 << _SHIFT
    for centre, radius, shade in zip(centres, radii, shades, strict=True):
        x, y = (centre * scale).astype(int)
        colour = tuple(float(c) for c in shade)
        cv2.circle(image, (int(x), int(y)), int(radius * scale), colour, -1, cv2.LINE_8, _SHIFT)
    grain = 1.0 + 0.05 * one_over_f(rng, size)
    return _reflectance(cv2.GaussianBlur(image, (0, 0), 0.6) * grain[..., None])


def one_over_f(
    rng: np.random.Generator, size: int | tuple[int, int] = 512, exponent: float = 1.0
) -> Texture:
    """Noise whose amplitude falls as 1/f^`exponent`, mean 0, deviation 1, of `size` (height, width)
    or a square of that side. It repeats without a seam.
    """
    shape = (size, size) if isinstance(size, int) else size
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) / frequency**exponent
    noise = np.fft.irfft2(spectrum, s=shape)
    return np.asarray(noise / max(float(noise.std()), 1e-9), dtype=np.float32)


def cloth(rng: np.random.Generator, size: int = 512) -> Texture:
    """1/f noise between two colours with a fine weave over it."""
    first, second = random_colour(rng), random_colour(rng)
    blend = 0.5 + 0.25 * one_over_f(rng, size, rng.uniform(0.8, 1.2))[..., None]
    period = rng.integers(4, 10)
    steps = np.arange(size) * 2 * np.pi / period
    weave = 1.0 + 0.12 * (np.sin(steps)[:, None] * np.sin(steps)[None, :])[..., None]
    return _reflectance((first + (second - first) * np.clip(blend, 0, 1)) * weave)


def plaster(rng: np.random.Generator, size: int = 512, colour: Colour | None = None) -> Texture:
    """A painted wall: one colour with about 2 % of faint relief."""
    chosen = random_colour(rng, 0.8) if colour is None else colour
    relief = 0.015 * one_over_f(rng, size, 0.7) + 0.005 * rng.standard_normal((size, size))
    return _reflectance(chosen * (1.0 + relief[..., None]))


def wood(rng: np.random.Generator, size: int = 512) -> Texture:
    """Boards with grain along x."""
    light = np.array([0.52, 0.33, 0.18], dtype=np.float32) * rng.uniform(0.4, 1.3)
    dark = light * rng.uniform(0.3, 0.6)
    boards = int(rng.integers(3, 8))
    rows = np.arange(size, dtype=np.float32)[:, None] / size
    board = np.minimum((rows * boards).astype(int), boards - 1)
    warp = one_over_f(rng, size, 1.5)
    stretched = cv2.resize(warp[:, : size // 8], (size, size), interpolation=cv2.INTER_CUBIC)
    shift = rng.uniform(0, 10, boards)[board]
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (rows * boards * 3.0 + 0.6 * stretched + shift))
    fine = cv2.resize(
        rng.standard_normal((size, max(size // 24, 2))).astype(np.float32),
        (size, size),
        interpolation=cv2.INTER_LINEAR,
    )
    amount = np.clip(0.75 * rings + 0.12 * fine, 0, 1)[..., None]
    tone = rng.uniform(0.8, 1.15, boards)[board][..., None]
    image = (light + (dark - light) * amount) * tone
    seams = np.abs(rows * boards - np.round(rows * boards)) < 0.02
    return _reflectance(np.where(seams[..., None], image * 0.35, image))


def tiles(rng: np.random.Generator, size: int = 512) -> Texture:
    """Square tiles with joints, each tile a little different."""
    count = int(rng.integers(3, 7))
    base, joint = random_colour(rng, 0.6), random_colour(rng, 0.9) * 0.5
    where = np.arange(size) * count // size
    tone = rng.uniform(0.8, 1.2, (count, count))[where[:, None], where[None, :]]
    marble = 1.0 + 0.10 * one_over_f(rng, size, 1.3)
    image = base * (tone * marble)[..., None]
    phase = np.arange(size) * count / size % 1.0
    edge = (phase < 0.03) | (phase > 0.97)
    return _reflectance(np.where((edge[:, None] | edge[None, :])[..., None], joint, image))


def checker(rng: np.random.Generator, size: int = 512) -> Texture:
    """Squares of two colours, faintly mottled."""
    count = int(rng.integers(3, 9)) * 2
    where = np.arange(size) * count // size
    mask = ((where[:, None] + where[None, :]) % 2)[..., None]
    image = np.where(mask == 0, random_colour(rng, 0.3), random_colour(rng, 0.3) * 0.4)
    return _reflectance(image * (1.0 + 0.06 * one_over_f(rng, size)[..., None]))


def stripes(rng: np.random.Generator, size: int = 512) -> Texture:
    """Stripes along x, in widths and colours of a fabric."""
    palette = np.stack([random_colour(rng, 0.3) for _ in range(4)])
    edges = np.sort(rng.integers(0, size, int(rng.integers(8, 28))))
    index = rng.integers(4, size=len(edges) + 1)[np.searchsorted(edges, np.arange(size))]
    image = np.broadcast_to(palette[index][:, None, :], (size, size, 3))
    return _reflectance(image * (1.0 + 0.05 * one_over_f(rng, size)[..., None]))


def text(rng: np.random.Generator, size: int = 512) -> Texture:
    """A page with lines of letters, headings and a picture or two."""
    paper = random_colour(rng, 0.9)
    paper = paper * (0.75 / max(float(paper.max()), 1e-3))
    image = np.broadcast_to(paper, (size, size, 3)).astype(np.float32).copy()
    ink = random_colour(rng, 0.6) * 0.15
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzETAOINSHRDLU0123456789    "))
    y = 0
    while y < size:
        scale = float(rng.choice([0.35, 0.5, 0.5, 0.9, 1.6]))
        y += int(26 * scale) + 4
        line = "".join(rng.choice(letters, size=int(size / (9 * scale))))
        thickness = 1 if scale < 0.8 else 2
        write_line(image, line, (int(size * 0.04), y), scale, ink, thickness)
    x, y = (int(v) for v in rng.integers(0, int(size * 0.6), 2))
    extent = int(size * rng.uniform(0.2, 0.35))
    image[y : y + extent, x : x + extent] = dead_leaves(rng, extent, smallest=0.02)
    return _reflectance(image)


def write_line(
    image: Texture,
    line: str,
    place: tuple[int, int],
    scale: float,
    ink: NDArray[np.floating],
    thickness: int,
) -> None:
    """Letters into `image` (H x W x 3 float32) from the base line's left end `place` (x, y) on.

    Drawn as a mask, since OpenCV 5 writes into 8-bit images only.
    """
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.putText(mask, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 1, thickness, cv2.LINE_8)
    image[mask > 0] = ink


MAKERS: dict[str, Callable[[np.random.Generator, int], Texture]] = {
    "dead_leaves": dead_leaves,
    "cloth": cloth,
    "wood": wood,
    "tiles": tiles,
    "checker": checker,
    "stripes": stripes,
    "text": text,
    "plaster": plaster,
    "plain": plain,
}


def make_texture(kind: str, rng: np.random.Generator, size: int = 512) -> Texture:
    """The texture `kind` of MAKERS, shape (size, size, 3) float32, linear RGB reflectance 0..0.9.

    Raises KeyError on another name. The same generator state gives the same picture.
    """
    return MAKERS[kind](rng, size)


def _reflectance(image: NDArray[np.floating]) -> Texture:
    return np.asarray(np.clip(image, 0.02, 0.9), dtype=np.float32)
