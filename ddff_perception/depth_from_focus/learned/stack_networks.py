"""The papers' networks at run time: a whole stack through one ONNX file, without torch.

DDFFNet, PSPNet and the dynamic fusion network see all slices at once, in a fixed number and from
near to far (`sweep_slices.py`): nothing but the slice as they take it can be kept while slices
stream. They give no confidence of their own; the one here is how far the yardstick's focus measure
stands out at the depth that they found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...engines.loading import EngineSet
from ...engines.model_zoo import Model, find_model
from ...engines.settings import EngineSettings
from ...parameters import parameter
from ...types import FloatArray, ImageArray, InputError
from ..classical.focus_measures import yardstick_slice
from ..classical.peaks import peak_confidence
from ..solution import Solution
from .focus_stream import ModelSettings
from .sweep_slices import choose_slices

INPUTS, OUTPUT = ("images", "dioptres"), "disparity"
_MODEL = "a shipped model, or the path of an ONNX file with its card beside it"


@dataclass(frozen=True)
class DdffnetSettings(ModelSettings):
    """Values of the method `ddffnet`."""

    model: str = parameter("ddffnet_cc3", _MODEL, dynamic=False)


@dataclass(frozen=True)
class DynamicFusionSettings(ModelSettings):
    """Values of the method `dynamic_fusion`."""

    model: str = parameter("dynamic_fusion", _MODEL, dynamic=False)


class StackNetworkMethod:
    """A network over whole stacks as a method.

    Raises InputError where the model is not one over stacks (`training.papers_onnx.stack_file`) or
    there is no file of the wanted precision beside it.
    """

    def __init__(self, settings: ModelSettings, engine: EngineSettings) -> None:
        model = _stack_model(settings.model, settings.precision)
        self._count = slice_count(model)
        self.engines = EngineSet([model], options=engine.values())
        self._slices: dict[int, FloatArray] = {}
        self._measures: dict[int, FloatArray] = {}
        self._input = np.empty((0,), np.float32)

    def add(self, slot: int, image: ImageArray) -> None:
        self._slices[slot] = as_network_input(image)
        self._measures[slot] = yardstick_slice(image)

    def remove(self, slot: int) -> None:
        self._slices.pop(slot, None)
        self._measures.pop(slot, None)

    def solve(self, order: list[int], positions: NDArray[np.float64]) -> Solution:
        if len(order) == 1:
            still = np.full(self._measures[order[0]].shape, positions[0], np.float32)
            return Solution(still, np.zeros_like(still))
        position = np.clip(
            self._run(order, positions), np.float32(positions[0]), np.float32(positions[-1])
        )
        volume = np.stack([self._measures[slot] for slot in order])
        index = np.interp(position, positions, np.arange(len(order))).astype(np.float32)
        return Solution(position, peak_confidence(volume, index))

    def _run(self, order: list[int], positions: NDArray[np.float64]) -> FloatArray:
        """The network's disparity, H x W, in the unit of `positions`."""
        count = self._count
        chosen = choose_slices(positions, count)
        shape = (1, count, *self._slices[order[0]].shape)
        if self._input.shape != shape:
            self._input = np.empty(shape, np.float32)
        for place, number in enumerate(chosen):
            self._input[0, place] = self._slices[order[int(number)]]
        dioptres = positions[chosen][None].astype(np.float32)
        outputs = self.engines.get().run({"images": self._input, "dioptres": dioptres})
        found: FloatArray = np.asarray(outputs[OUTPUT][0], np.float32)
        return found


def as_network_input(image: ImageArray) -> FloatArray:
    """3 x H x W float32 BGR in 0..1 of H x W x 3 BGR or H x W grey, uint8 or uint16."""
    colour: Any = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
    result = np.empty((3, *image.shape[:2]), np.float32)
    scale = np.float32(1.0 / np.iinfo(image.dtype).max)
    for channel in range(3):
        np.multiply(colour[..., channel], scale, out=result[channel])
    return result


def slice_count(model: Model) -> int:
    """Number of slices that the network takes."""
    images = next(spec for spec in model.card.signature.inputs if spec.name == INPUTS[0])
    return int(images.shape[1])


def _stack_model(name: str, precision: str) -> Model:
    model = find_model(name)
    inputs = {tensor.name: tensor.shape for tensor in model.card.inputs}
    outputs = {tensor.name for tensor in model.card.outputs}
    fits = set(inputs) == set(INPUTS) and OUTPUT in outputs and len(inputs[INPUTS[0]]) == 5
    if not fits or not isinstance(inputs[INPUTS[0]][1], int):
        raise InputError(
            f"the model {name} takes {', '.join(sorted(inputs))} and is no network over stacks: "
            f"it needs {' and '.join(INPUTS)} of a fixed number of slices, and {OUTPUT} out"
        )
    if precision in ("float32", model.card.precision):
        return model
    other = model.sibling(precision)
    if other is None:
        raise InputError(f"there is no {precision} file beside {model.path}: use float32")
    return other
