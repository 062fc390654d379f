"""A frame as the network `route_encoder` describes it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...engines.loading import EngineSet
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..classical.sift import unit

HEIGHT, WIDTH = 128, 160
# As the weights of the encoder know it.
MEAN, SCALE = 127.0, 1 / 128.0


@dataclass(frozen=True)
class EncoderSettings(Settings):
    """Values of `encoder`."""

    model: str = parameter(
        "route_encoder", "the network: a name of shipped weights, or path of an ONNX file"
    )


def encoder(image: ImageArray, settings: EncoderSettings, engines: EngineSet) -> FloatArray:
    """A unit vector (256,) of an image, H x W or H x W x 3 BGR, by the network."""
    engine = engines.get()
    planes = network_input(image)[None].astype(engine.inputs[0].dtype, copy=False)
    found = engine.run({"image": planes})["descriptor"][0]
    return unit(found.astype(np.float32))


def network_input(image: ImageArray) -> NDArray[np.float32]:
    """What the network takes: 3 x 128 x 160 RGB float32, (value - 127) / 128."""
    if image.dtype != np.uint8:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    planes = small[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)
    return np.ascontiguousarray((planes - MEAN) * np.float32(SCALE))
