"""INT8 by Q/DQ nodes: a float32 ONNX file with its convolutions in whole numbers.

Weights per output channel, symmetric; what flows per tensor, between the ends that calibration saw
(Jacob et al., CVPR 2018; Krishnamoorthi, arXiv 1806.08342, section 3).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from ..engines.model_zoo import Model, write_card
from ..files.atomic import write_bytes

Feeds = Mapping[str, NDArray[Any]]


def quantised(model: Model, feeds: Iterable[Feeds]) -> Model:
    """`NAME_int8.onnx` with its card beside `model`, calibrated on the inputs `feeds`.

    Fixed filters and weights that the network makes of others stay as they are.
    """
    path = model.path.with_name(f"{model.path.stem}_int8.onnx")
    graph = onnx.load(model.path).graph
    learned = {weights.name for weights in graph.initializer}
    chosen = [n.name for n in graph.node if n.op_type == "Conv" and n.input[1] in learned]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / path.name
        # It recommends a pass that needs fixed shapes.
        logging.getLogger().setLevel(logging.ERROR)
        quantize_static(
            str(model.path), str(target), _Reader(feeds), quant_format=QuantFormat.QDQ,
            per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            nodes_to_quantize=chosen, calibrate_method=CalibrationMethod.MinMax,
        )  # fmt: skip
        write_bytes(path, target.read_bytes())
    card = replace(model.card, name=path.stem, precision="int8", sha256="", size_bytes=0)
    return write_card(path, card)


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Iterable[Feeds]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        """The next inputs, None at the end."""
        following = next(self._feeds, None)
        return None if following is None else dict(following)
