"""Ways to a negative: the definition, and a network that learned it."""

from dataclasses import dataclass

import numpy as np

from ddff_perception.engines.loading import EngineSet
from ddff_perception.methods import MethodEntry, Methods
from ddff_perception.parameters import Settings, parameter
from ddff_perception.types import ImageArray


@dataclass(frozen=True)
class InverseSettings(Settings):
    """Values of `inverse`."""

    levels: int = parameter(0, "levels of grey; 0 keeps all of the image's", limits=(0, 256))


@dataclass(frozen=True)
class TinySettings(Settings):
    """Values of `tiny`."""

    model: str = parameter("negative_tiny", "Network: path of an ONNX file with its card")


def inverse(image: ImageArray, settings: InverseSettings) -> ImageArray:
    """What is missing of the image to full range: H x W or H x W x 3, of its type."""
    negative = np.iinfo(image.dtype).max - image
    if settings.levels:
        step = np.iinfo(image.dtype).max // settings.levels + 1
        negative -= negative % step
    return negative


def tiny(image: ImageArray, settings: TinySettings, engines: EngineSet) -> ImageArray:
    """The same by the network, channel by channel."""
    engine, top = engines.get(), np.iinfo(image.dtype).max
    planes = np.atleast_3d(image).transpose(2, 0, 1)[:, None] / top
    found = engine.run({"image": planes.astype(engine.inputs[0].dtype)})["negative"]
    levels = np.rint(found.astype(np.float32) * top).clip(0, top).astype(image.dtype)
    return np.ascontiguousarray(levels[:, 0].transpose(1, 2, 0)).reshape(image.shape)


METHODS = Methods(
    inverse=MethodEntry("full range minus the image: the default", inverse, InverseSettings),
    tiny=MethodEntry("a network of two weights; needs an engine", tiny, TinySettings, network=True),
)
