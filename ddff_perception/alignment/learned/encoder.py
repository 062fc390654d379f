"""A frame as a network describes it: `route_encoder`, or one of one's own."""

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
    """A unit vector of an image, H x W or H x W x 3 BGR, by the network: (256,) by the one that
    ships.
    """
    engine = engines.get()
    wanted = engine.inputs[0]
    height, width = (int(side) for side in wanted.shape[2:])
    planes = network_input(image, height, width)[None].astype(wanted.dtype, copy=False)
    found = engine.run({"image": planes})["descriptor"][0]
    return unit(found.astype(np.float32))


def network_input(
    image: ImageArray, height: int = HEIGHT, width: int = WIDTH
) -> NDArray[np.float32]:
    """What the network takes: 3 x height x width RGB float32, (value - 127) / 128."""
    if image.dtype != np.uint8:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    planes = small[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)
    return np.ascontiguousarray((planes - MEAN) * np.float32(SCALE))
