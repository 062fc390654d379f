"""BurstStream at run time: each frame is encoded once, the newest one is made of what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from ...engines.loading import EngineSet
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..burst import Burst, Deblurred, Source
from ..classical.fourier_accumulation import AccumulationSettings, fba

DEFAULT_MODEL = "burst_stream"
PARTS = ("encoder", "step")
# What the network halves thrice, and the least that its files take.
_MULTIPLE, _LEAST = 8, 32


@dataclass(frozen=True)
class BurstStreamSettings(Settings):
    """Values of `burst_stream`."""

    model: str = parameter(
        DEFAULT_MODEL,
        "Network: a shipped one by name, or the path of its ONNX files without _encoder.onnx",
    )


def burst_stream(burst: Burst, settings: BurstStreamSettings, engines: EngineSet) -> Deblurred:
    """What `fba` makes of the burst, bettered by a network that weighs pixel by pixel what the
    frames before the newest show (`networks.burst_stream`).

    Assumes: motion blur of up to some 25 pixels, frames that a homography lays over each other
    about, or flow. What does not fit is left out, pixel by pixel.
    A frame alone stays as it is. Confidence: the probability that a pixel is within 2 % of the
    sharp image's.
    Cost: a new frame costs one encoder, `fba`, and one step over all, whatever their number.
    """
    newest, others = burst.sources[0], burst.sources[1:]
    if not others:
        # One frame alone gains 0.1 dB where it is blurred, and loses more where it is not.
        return Deblurred(burst.newest, burst)
    known, _ = _encoded(newest, settings.model, engines)
    image = network_images([burst.newest])
    planes = [_laid(_encoded(o, settings.model, engines)[1], o) for o in others]
    found = engines.get(1).run(
        {
            "known": known,
            "image": image,
            "base": network_images([fba(burst, AccumulationSettings()).image]),
            "laid": network_images(burst.images[1:]),
            "planes": np.concatenate(planes),
            "matrices": np.stack([np.float32(o.matrix) for o in others]),
            "valid": np.ones(len(others), np.float32),
        }
    )
    height, width = newest.image.shape[:2]
    made = _as_image(found["deblurred"][0, :, :height, :width], newest.image)
    confidence = found["confidence"][0, 0, :height, :width].copy()
    return Deblurred(made, burst, confidence)


def _encoded(source: Source, model: str, engines: EngineSet) -> tuple[FloatArray, FloatArray]:
    """What is known of a frame, and what is kept of it: found once."""
    if model not in source.memory:
        found = engines.get(0).run({"image": network_images([source.image])})
        source.memory.clear()
        source.memory[model] = (found["known"].copy(), found["plane"].copy())
    known, plane = source.memory[model]
    return known, plane


def _laid(plane: FloatArray, source: Source) -> FloatArray:
    """What was kept of a frame, 1 x 1 x H x W, as the newest frame sees it."""
    size = (plane.shape[3], plane.shape[2])
    flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    seen = cv2.warpPerspective(plane[0, 0], source.matrix, size, flags=flags, borderMode=border)
    return np.asarray(seen, np.float32)[None, None]


def network_images(images: Sequence[ImageArray]) -> FloatArray:
    """N x 3 x H x W in 0..1, the border repeated up to a multiple of 8."""
    first = images[0]
    extra = [max(_LEAST, -(-n // _MULTIPLE) * _MULTIPLE) - n for n in first.shape[:2]]
    scale = np.float32(1.0 / np.iinfo(first.dtype).max)
    height, width = (n + more for n, more in zip(first.shape[:2], extra, strict=True))
    found = np.empty((len(images), 3, height, width), np.float32)
    for image, planes in zip(images, found, strict=True):
        grown = image
        if any(extra):
            border = cv2.BORDER_REPLICATE
            grown = cv2.copyMakeBorder(image, 0, extra[0], 0, extra[1], border)  # type: ignore[assignment]
        colours = cv2.split(grown) if grown.ndim == 3 else (grown,) * 3
        for colour, plane in zip(colours, planes, strict=True):
            np.multiply(colour, scale, out=plane)
    return found


def _as_image(planes: FloatArray, like: ImageArray) -> ImageArray:
    top = np.iinfo(like.dtype).max
    found = np.clip(planes, 0, 1)
    found *= np.float32(top)
    found += np.float32(0.5)
    if like.ndim == 2:
        return cast(ImageArray, found.mean(axis=0).astype(like.dtype))
    return cast(ImageArray, cv2.merge([plane.astype(like.dtype) for plane in found]))
