"""The trained network at run time: an engine, images of any size, in tiles where they are large."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...engines.base import Engine
from ...engines.loading import EngineSet
from ...optics.histograms import with_histogram_of
from ...optics.tiling import in_tiles
from ...parameters import Settings, parameter
from ...types import AnyImage, FloatArray, LayerPair, PolarizedImages
from ..classical.guarded import Answer, GuardedSettings, finished, physical_answer
from .gating import gated

DEFAULT_MODEL = "reflection_surface"
# The network halves an image three times; smaller images than this are enlarged at their border.
_MULTIPLE = 8
_SMALLEST = 64
# Polarization below this share of the brightest value is rounding.
_NO_POLARIZATION = 1e-5
_FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


@dataclass(frozen=True)
class LearnedSettings(Settings):
    """What runs the network."""

    model: str = parameter(
        DEFAULT_MODEL, "Network: a shipped one by name, or the path of an ONNX file with its card"
    )
    size: int = parameter(
        640,
        "Larger images are shrunken to this longest side for the network, which is asked how the "
        "surface mixes and not for its layers",
        "px",
        (64, 4096),
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
        "Give the transmission the distribution of values of the input, against washed out "
        "colours; the layers then no longer add up to it",
    )


@dataclass(frozen=True)
class NetworkSettings(GuardedSettings, LearnedSettings):
    """Values of `network`."""


def network(images: PolarizedImages, settings: NetworkSettings, engines: EngineSet) -> LayerPair:
    """Layers of `guarded`, changed where a network that was trained on simulated panes knows better
    (`networks.blending.SurfaceNetwork`).

    The network's layers are read as what a surface does (`gating`): incidence, axis and presence at
    each place, of what `surface`, `refractive_index`, `plane` and the incidences admit. As far as
    they are more trustworthy than the physical answer's, by a logistic function fitted on views
    that were mixed by the Fresnel equations, they take their place.

    Assumes: what the training data have, where its answer is taken: one pane of glass in view,
    unpolarized light on both sides, linear images of at least 8 bits.
    Ambiguity: as `kong`.
    Confidence: the probability that the transmission is within 5 % of its brightest value.
    The layers are not below 0 and add up to the mean over all polarizer angles.
    """
    engine = engines.get()
    answer = physical_answer(images, settings)
    reflection = network_reflection(images, settings, engine, answer)
    gains, confidence = gated(reflection, answer, settings)
    pair = finished(images, gains, confidence, settings)
    if settings.match_histogram:
        mean = pair.transmission + pair.reflection
        matched = with_histogram_of(pair.transmission, mean)
        return LayerPair(matched, pair.reflection, pair.confidence)
    return pair


def network_reflection(
    images: PolarizedImages, settings: LearnedSettings, engine: Engine, answer: Answer
) -> FloatArray:
    """The network's reflection, mean over the channels, on the grid of the answer (h x w)."""
    height, width = answer.light.shape[1:]
    stack = _stack(images, settings.size)
    if _unpolarized(stack):
        return np.zeros((height, width), np.float32)
    angles = np.asarray(images.angles_deg, np.float32)

    def separated(rows: slice, columns: slice) -> FloatArray:
        return _reflection(engine, stack[:, :, rows, columns], angles)

    found = in_tiles(separated, stack.shape[2:], settings.tile)
    area = cv2.INTER_AREA
    return np.asarray(cv2.resize(found.mean(axis=0), (width, height), interpolation=area))


def _stack(images: PolarizedImages, longest: int) -> FloatArray:
    """The images with 1 as full range, N x C x H x W, shrunken to `longest` pixels."""
    height, width = images.images[0].shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    levels = np.float32(1 / _FULL_RANGE[images.images[0].dtype.name])
    planes = []
    for image in images.images:
        smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
        planes.append(_planes(np.multiply(smaller, levels, dtype=np.float32)))
    return np.stack(planes)


def _planes(image: AnyImage) -> FloatArray:
    """C x H x W float32."""
    planes = image[None] if image.ndim == 2 else np.moveaxis(image, 2, 0)
    return planes.astype(np.float32, order="C")


def _unpolarized(stack: FloatArray) -> bool:
    spread = float(np.abs(stack - stack[:1]).max())
    return spread <= _NO_POLARIZATION * max(float(stack.max()), _NO_POLARIZATION)


def _reflection(engine: Engine, stack: FloatArray, angles: FloatArray) -> FloatArray:
    """The reflection of what the engine takes at once, in memory of its own."""
    height, width = stack.shape[2:]
    found = engine.run({"images": _enlarged(stack), "angles_deg": angles})
    return found["reflection"][0, :, :height, :width].copy()


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
