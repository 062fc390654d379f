"""The trained network at run time: an engine, frames of any size, colour or depth missing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...engines.loading import EngineSet
from ...parameters import Settings, parameter
from ...types import FloatArray, InputError
from ..geometry.hha import hha
from ..types import Labelling, RgbdFrame

DEFAULT_MODEL = "fuse_light"
_MULTIPLE, _MOST = 32, 64
# Larger frames are labelled at half their size, or a smaller whole part: labels of a robot's rate.
_SMALLEST_OUTPUT = 240


@dataclass(frozen=True)
class FuseLightSettings(Settings):
    """Values of `fuse_light`."""

    model: str = parameter(
        DEFAULT_MODEL, "Network: a shipped one by name, or the path of an ONNX file with its card"
    )
    shorter_side: int = parameter(
        240, "Of what the network sees; smaller is faster and coarser", "px", (64, 1024)
    )


def fuse_light(frame: RgbdFrame, settings: FuseLightSettings, engines: EngineSet) -> Labelling:
    """The 13 classes of NYU by a network that learned from rendered rooms (`networks.fuse_light`).

    Assumes: a room, a camera that is not upside down, colour as cameras show it (sRGB); depth with
    its camera's intrinsics, and gravity where it is known (else the depth's planes tell it).
    Colour or depth may be missing, depth may have holes: what is there is labelled from, and
    confidence falls. Depth without a single known pixel counts as missing.
    Confidence: the network's probability of the label, calibrated on held-out rooms.
    The labels have the frame's size, or a whole part of it where that has 240 rows and columns.
    Raises InputError where depth comes without its camera and there is no colour.
    """
    height, width = network_size(frame.size, settings.shorter_side)
    colour, depth = _colour_image(frame, (width, height)), _hha_image(frame, (width, height))
    if depth is None and colour is None:
        raise InputError("there is no colour, and depth needs its camera_info and a known pixel")
    nothing = np.zeros((1, 3, height, width), np.float32)
    found = engines.get().run(
        {
            "colour": nothing if colour is None else colour,
            "hha": nothing if depth is None else depth,
            "present": np.array([[colour is not None, depth is not None]], np.float32),
        }
    )["probabilities"][0]
    return _labelling(np.asarray(found, np.float32), frame.size)


def network_size(size: tuple[int, int], shorter_side: int) -> tuple[int, int]:
    """Height and width that the network sees of a frame of `size`: multiples of 32, of nearly the
    same shape; at most 2048.
    """
    scale = shorter_side / min(size) / _MULTIPLE
    height, width = (min(max(2, round(side * scale)), _MOST) * _MULTIPLE for side in size)
    return height, width


def _colour_image(frame: RgbdFrame, size: tuple[int, int]) -> FloatArray | None:
    if frame.colour is None:
        return None
    small = cv2.resize(frame.colour, size, interpolation=cv2.INTER_AREA)
    return _tensor(np.asarray(small[..., ::-1], np.uint8))


def _hha_image(frame: RgbdFrame, size: tuple[int, int]) -> FloatArray | None:
    if frame.depth is None or frame.camera is None:
        return None
    depth = np.asarray(cv2.resize(frame.depth, size, interpolation=cv2.INTER_NEAREST), np.float32)
    if not np.isfinite(depth).any():
        return None
    return _tensor(hha(depth, frame.camera.resized(*size), frame.gravity).network_image())


def _tensor(image: NDArray[np.uint8]) -> FloatArray:
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)


def _labelling(probabilities: FloatArray, size: tuple[int, int]) -> Labelling:
    """Labels at the frame's size, or at a whole part of it."""
    part = max(1, min(size) // _SMALLEST_OUTPUT)
    target = (size[1] // part, size[0] // part)
    labels = probabilities.argmax(axis=0).astype(np.uint8)
    confidence = probabilities.max(axis=0)
    return Labelling(
        np.asarray(cv2.resize(labels, target, interpolation=cv2.INTER_NEAREST), np.uint8),
        np.asarray(cv2.resize(confidence, target, interpolation=cv2.INTER_LINEAR), np.float32),
    )
