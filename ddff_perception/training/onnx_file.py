"""One ONNX file of a network, written by torch's exporter; its shapes are those of its card."""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.export import Dim

from ..engines.model_zoo import TensorCard
from ..files.atomic import write_bytes

OPSET = 18
# Numbers in a tensor from which on it is worth it.
_SMALLEST_HALVED = 256


@dataclass(frozen=True)
class OnnxFile:
    """One ONNX file of a network: what is traced, and what its card says of it.

    `module`: in evaluation mode and in the file's precision; called with `examples`, which are
    `inputs`, it gives `outputs`. Axes that have a name are dynamic: `axes` holds the smallest,
    typical and largest size of those of the inputs, `multiples` what some are a multiple of.
    `by_tracing`: with the exporter that runs the module, not the one that reads it. `half_storage`:
    float32 weights lie in the file as float16 and are widened when it is loaded, which halves it.
    What else the card says comes from the training's record.
    """

    name: str
    description: str
    module: nn.Module
    examples: tuple[torch.Tensor, ...]
    inputs: tuple[TensorCard, ...]
    outputs: tuple[TensorCard, ...]
    axes: Mapping[str, tuple[int, int, int]]
    limits: str
    minimum_precision: str = "bfloat16"
    multiples: Mapping[str, int] = field(default_factory=dict)
    by_tracing: bool = False
    half_storage: bool = False


def write_onnx(file: OnnxFile, path: Path) -> Path:
    """The ONNX file alone, written atomically to `path`; returns it."""
    settings: dict[str, Any] = {
        "input_names": [tensor.name for tensor in file.inputs],
        "output_names": [tensor.name for tensor in file.outputs],
        "opset_version": OPSET,
    }
    # It tells each time which packages it does not find.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        # Constants that tracing makes are meant to be constants.
        warnings.simplefilter("ignore")
        content = (_traced if file.by_tracing else _read)(file, settings)
    write_bytes(path, _halved(content) if file.half_storage else content)
    return path


def _traced(file: OnnxFile, settings: Mapping[str, Any]) -> bytes:
    axes = {tensor.name: _dynamic(tensor) for tensor in (*file.inputs, *file.outputs)}
    buffer = io.BytesIO()
    torch.onnx.export(
        file.module, file.examples, buffer, dynamo=False, dynamic_axes=axes, **settings
    )
    return buffer.getvalue()


def _read(file: OnnxFile, settings: Mapping[str, Any]) -> bytes:
    sizes = {}
    for name, (least, _, most) in file.axes.items():
        step = file.multiples.get(name, 1)
        sizes[name] = step * Dim(name, min=least // step, max=most // step)
    shapes = tuple(
        {axis: sizes[name] for axis, name in _dynamic(tensor).items()} for tensor in file.inputs
    )
    program = torch.onnx.export(
        file.module,
        file.examples,
        dynamo=True,
        dynamic_shapes=shapes,
        external_data=False,
        verbose=False,
        **settings,
    )
    proto = program.model_proto
    # Where each node comes from, by files of this machine: a fifth of the whole.
    for part in (proto.graph, *proto.graph.node):
        del part.metadata_props[:]
    if file.multiples:
        _name_axes(proto.graph, file)
    content: bytes = proto.SerializeToString()
    return content


def _halved(content: bytes) -> bytes:
    """The file with its float32 weights as float16, each with a cast that engines fold away."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(content)
    graph, casts = model.graph, []
    for weights in graph.initializer:
        if weights.data_type != TensorProto.FLOAT or math.prod(weights.dims) < _SMALLEST_HALVED:
            continue
        name = weights.name
        half = numpy_helper.to_array(weights).astype(np.float16)
        weights.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return bytes(model.SerializeToString())


def _dynamic(tensor: TensorCard) -> dict[int, str]:
    return {axis: name for axis, name in enumerate(tensor.shape) if isinstance(name, str)}


def _name_axes(graph: Any, file: OnnxFile) -> None:
    """Calls the dynamic axes as the card does."""
    cards = {tensor.name: tensor for tensor in (*file.inputs, *file.outputs)}
    for value in (*graph.input, *graph.output):
        for axis, name in _dynamic(cards[value.name]).items():
            value.type.tensor_type.shape.dim[axis].dim_param = name
    # Derived names of inner tensors would refer to the old ones; engines infer them anyway.
    del graph.value_info[:]
