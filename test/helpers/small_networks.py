"""Small ONNX networks with cards, made by the tests with the `onnx` helper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ddff_perception.engines.model_zoo import Model, ModelCard, TensorCard, write_card

OPSET = 18
TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}


def card(
    name: str,
    inputs: Sequence[TensorCard],
    outputs: Sequence[TensorCard],
    axes: dict[str, tuple[int, int, int]],
    **changes: Any,
) -> ModelCard:
    """A complete card."""
    values: dict[str, Any] = {
        "description": "A small network of the tests",
        "opset": OPSET,
        "precision": "float32",
        "training_command": "none: random weights",
        "seed": 0,
        "data": "none",
        "metrics": {},
        "limits": "for tests only",
        "licence": "Apache-2.0",
    }
    values.update(changes)
    return ModelCard(name, inputs=tuple(inputs), outputs=tuple(outputs), axes=axes, **values)


def save(
    folder: Path, nodes: list[Any], weights: dict[str, NDArray[Any]], its_card: ModelCard
) -> Model:
    """The graph as `<name>.onnx` with its card, in `folder`."""
    tensors = [
        [helper.make_tensor_value_info(t.name, TYPES[t.dtype], list(t.shape)) for t in side]
        for side in (its_card.inputs, its_card.outputs)
    ]
    initializers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, its_card.name, *tensors, initializer=initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", its_card.opset)], ir_version=10
    )
    onnx.checker.check_model(model, full_check=True)
    path = folder / f"{its_card.name}.onnx"
    path.write_bytes(model.SerializeToString())
    return write_card(path, its_card)


def conv_network(
    folder: Path, name: str = "conv", dtype: str = "float32", channels: int = 8, layers: int = 2
) -> Model:
    """An image of any size in, `features` of half the size and their `mean` out."""
    random = np.random.default_rng(1)
    nodes, weights, last, width = [], {}, "image", 3
    for number in range(layers):
        scale = np.sqrt(2.0 / (9 * width))
        kernel = random.normal(0.0, scale, (channels, width, 3, 3))
        weights[f"w{number}"] = kernel.astype(dtype)
        weights[f"b{number}"] = random.normal(0.0, 0.1, channels).astype(dtype)
        inputs = [last, f"w{number}", f"b{number}"]
        stride = 2 if number == 0 else 1
        nodes.append(
            helper.make_node(
                "Conv", inputs, [f"c{number}"], pads=[1, 1, 1, 1], strides=[stride, stride]
            )
        )
        last, width = ("features" if number == layers - 1 else f"r{number}"), channels
        nodes.append(helper.make_node("Relu", [f"c{number}"], [last]))
    nodes.append(helper.make_node("GlobalAveragePool", ["features"], ["mean"]))
    its_card = card(
        name,
        [
            TensorCard(
                "image", (1, 3, "height", "width"), dtype, "NCHW", "RGB image", "", (0.0, 1.0)
            )
        ],
        [
            TensorCard("features", (1, channels, "half_height", "half_width"), dtype, "NCHW", "f"),
            TensorCard("mean", (1, channels, 1, 1), dtype, "NCHW", "mean of the features"),
        ],
        {"height": (8, 48, 512), "width": (8, 64, 640)},
        precision=dtype,
    )
    return save(folder, nodes, weights, its_card)


def slices_network(folder: Path, name: str = "slices") -> Model:
    """Scores of any number of slices and their positions in, expected position out."""
    nodes = [
        helper.make_node("Softmax", ["scores"], ["shares"], axis=0),
        helper.make_node("Mul", ["shares", "positions"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "first"], ["position"], keepdims=0),
    ]
    its_card = card(
        name,
        [
            TensorCard("scores", ("slices", 1, "height", "width"), "float32", "SCHW", "scores"),
            TensorCard(
                "positions", ("slices", 1, 1, 1), "float32", "SCHW", "places", "", (0.0, 1.0)
            ),
        ],
        [TensorCard("position", (1, "height", "width"), "float32", "CHW", "expected position")],
        {"slices": (1, 10, 64), "height": (1, 24, 512), "width": (1, 32, 512)},
    )
    return save(folder, nodes, {"first": np.array([0], np.int64)}, its_card)
