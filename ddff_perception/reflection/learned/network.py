"""The trained network at run time: an engine, images of any size, in tiles where they are large."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...engines.base import Engine
from ...engines.loading import EngineSet
from ...optics.polarization import stokes_from_images
from ...parameters import Settings, parameter
from ...types import AnyImage, FloatArray, LayerPair, PolarizedImages
from .histograms import with_histogram_of

DEFAULT_MODEL = "reflection_surface"
# The network halves an image three times; smaller images than this are enlarged at their border.
_MULTIPLE = 8
_SMALLEST = 64
# Neighbouring tiles share this many pixels, over which one fades into the other.
_OVERLAP = 64
# Polarization below this share of the brightest value is rounding.
_NO_POLARIZATION = 1e-5
_FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """Values of `network`."""

    model: str = parameter(
        DEFAULT_MODEL, "Network: a shipped one by name, or the path of an ONNX file with its card"
    )
    tile: int = parameter(
        2048,
        "Largest side that the network sees at once; larger images are cut into "
        "overlapping tiles of it",
        "px",
        (256, 4096),
    )
    match_histogram: bool = parameter(
        False,
        "Give the transmission the distribution of values of the input, against washed out colours",
    )


def network(images: PolarizedImages, settings: NetworkSettings, engines: EngineSet) -> LayerPair:
    """Layers by a network that was trained on simulated panes (`network_blending.SurfaceNetwork`).

    It estimates how the surface mixes the layers, patch by patch, from what edges and intensities
    show of their polarization, and unmixes them; fine polarization that is noise is left out, and
    a second part takes noise and the estimate's errors from both layers.

    Assumes: what the training data have: one pane of glass in view, flat or curved, unpolarized
    light on both sides, linear images of at least 8 bits. Learned scenes are not seen again.
    Ambiguity: none for the user; the network decides which of the two axes reflects, once for a
    view (of a large image: for a tile).
    Confidence: none. Where nothing at all is polarized, the plain input is the transmission.
    The layers add up to the mean over all polarizer angles but for what that part corrects.
    """
    engine = engines.get()
    levels = _FULL_RANGE[images.images[0].dtype.name]
    stack = np.stack([_planes(image) for image in images.images])
    stack *= np.float32(1 / levels)
    angles = np.asarray(images.angles_deg, np.float32)
    if _unpolarized(stack):
        transmission = np.maximum(stack.mean(axis=0), 0)
        return _pair(transmission, np.zeros_like(transmission))
    transmission, reflection = _in_tiles(engine, stack, angles, settings.tile)
    pair = _pair(transmission, reflection)
    if settings.match_histogram:
        # Not the sum of the layers, from which the network has taken the noise.
        mean = stokes_from_images(images.images, images.angles_deg).s0
        mean *= np.float32(0.5)
        return LayerPair(with_histogram_of(pair.transmission, mean), pair.reflection)
    return pair


def _planes(image: AnyImage) -> FloatArray:
    """C x H x W float32."""
    planes = image[None] if image.ndim == 2 else np.moveaxis(image, 2, 0)
    return planes.astype(np.float32, order="C")


def _pair(transmission: FloatArray, reflection: FloatArray) -> LayerPair:
    """Layers C x H x W as images."""
    both = (
        layer[0] if len(layer) == 1 else np.ascontiguousarray(np.moveaxis(layer, 0, 2))
        for layer in (transmission, reflection)
    )
    return LayerPair(*both)


def _unpolarized(stack: FloatArray) -> bool:
    spread = float(np.abs(stack - stack[:1]).max())
    return spread <= _NO_POLARIZATION * max(float(stack.max()), _NO_POLARIZATION)


def _in_tiles(
    engine: Engine, stack: FloatArray, angles: FloatArray, largest: int
) -> tuple[FloatArray, FloatArray]:
    """Both layers C x H x W of the stack N x C x H x W."""
    height, width = stack.shape[2:]
    if max(height, width) <= largest:
        return _separated(engine, stack, angles)
    total = np.zeros((2, *stack.shape[1:]), np.float32)
    weights = np.zeros((height, width), np.float32)
    for rows in tiles(height, largest):
        for columns in tiles(width, largest):
            weight = np.outer(_fade(rows, height), _fade(columns, width))
            layers = _separated(engine, stack[:, :, rows, columns], angles)
            total[:, :, rows, columns] += weight * np.stack(layers)
            weights[rows, columns] += weight
    total /= weights
    return total[0], total[1]


def tiles(length: int, largest: int) -> list[slice]:
    """Slices of at most `largest` that cover `length` evenly and share about 64 pixels or more."""
    if length <= largest:
        return [slice(0, length)]
    count = -(-(length - _OVERLAP) // (largest - _OVERLAP))
    starts = np.rint(np.linspace(0, length - largest, count)).astype(int)
    return [slice(int(start), int(start) + largest) for start in starts]


def _fade(part: slice, length: int) -> FloatArray:
    """Weights that rise from the borders of a tile, but not from those of the image."""
    size = part.stop - part.start
    ramp = np.minimum(np.arange(1, size + 1, dtype=np.float32) / _OVERLAP, 1)
    weight = np.ones(size, np.float32)
    if part.start > 0:
        weight *= ramp
    if part.stop < length:
        weight *= ramp[::-1]
    return weight


def _separated(
    engine: Engine, stack: FloatArray, angles: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Both layers of what the engine takes at once, in memory of their own."""
    height, width = stack.shape[2:]
    padded = _enlarged(stack)
    found = engine.run({"images": padded, "angles_deg": angles})
    return (
        found["transmission"][0, :, :height, :width].copy(),
        found["reflection"][0, :, :height, :width].copy(),
    )


def _enlarged(stack: FloatArray) -> FloatArray:
    """The stack with its last rows and columns mirrored up to a multiple of 8."""
    height, width = stack.shape[2:]
    extra = [max(_SMALLEST, -(-size // _MULTIPLE) * _MULTIPLE) - size for size in (height, width)]
    if not any(extra):
        return np.ascontiguousarray(stack)
    planes = stack.reshape(-1, height, width)
    border = cv2.BORDER_REFLECT
    grown = [
        cv2.copyMakeBorder(np.ascontiguousarray(plane), 0, extra[0], 0, extra[1], border)
        for plane in planes
    ]
    size = (height + extra[0], width + extra[1])
    return np.asarray(np.stack(grown).reshape(*stack.shape[:2], *size), np.float32)
