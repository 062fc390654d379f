"""Multiply-adds and parameters of a network over a stack, counted in the ONNX files that run."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from ddff_perception.depth_from_focus.learned.focus_stream import prepared, subcell_px
from ddff_perception.depth_from_focus.learned.stack_networks import (
    DdffnetSettings,
    DynamicFusionSettings,
)
from ddff_perception.engines.model_zoo import find_model

HEIGHT, WIDTH, SLICES = 480, 640, 10
_SHIPPED = {"ddffnet": DdffnetSettings().model, "dynamic_fusion": DynamicFusionSettings().model}
_COUNTED = ("Conv", "ConvTranspose", "MatMul", "Gemm")


def cost_of(method: str, height: int = HEIGHT, width: int = WIDTH) -> dict[str, float]:
    """Millions of parameters and 10^9 multiply-adds for ten slices, nothing for methods without a
    network. `focus_stream fine` is FocusStream with its parameter `fine`.
    """
    if method.split()[0] == "focus_stream":
        encoder, head = (find_model(f"focus_stream_{part}") for part in ("encoder", "head"))
        subcell = subcell_px(width, height, fine=method.endswith(" fine"))
        image = prepared(np.zeros((height, width, 3), np.uint8), subcell)
        per_slice, outputs = multiply_adds(encoder.path, {"image": image[None]})
        feeds = {
            "encodings": np.repeat(outputs["encoding"], SLICES, axis=0),
            "positions": np.linspace(0, 1, SLICES, dtype=np.float32),
            "templates": np.zeros((3, SLICES, 24), np.float32),
        }
        count = SLICES * per_slice + multiply_adds(head.path, feeds)[0]
        models = [encoder, head]
    elif method in _SHIPPED:
        model = find_model(_SHIPPED[method])
        images = np.zeros((1, SLICES, 3, height, width), np.float32)
        dioptres = np.linspace(0, 2, SLICES, dtype=np.float32)[None]
        count, _ = multiply_adds(model.path, {"images": images, "dioptres": dioptres})
        models = [model]
    else:
        return {}
    parameters = sum(model.card.parameters or 0 for model in models)
    return {"parameters_m": round(parameters / 1e6, 3), "operations_g": round(count / 1e9, 2)}


def multiply_adds(path: Path, feeds: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Of one run with `feeds`, from the shapes that its tensors then have; and the outputs."""
    model = onnx.load(path)
    nodes = [node for node in model.graph.node if node.op_type in _COUNTED]
    constants = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    declared = {value.name for value in model.graph.output}
    wanted = {name for node in nodes for name in (*node.input[:2], node.output[0])}
    wanted -= set(constants) | declared | {value.name for value in model.graph.input}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(wanted))
    options = ort.SessionOptions()
    # Fused nodes would hide what is counted.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(names, feeds), strict=True))
    shapes = constants | {name: value.shape for name, value in (found | feeds).items()}
    total = sum(_of_node(node, shapes) for node in nodes)
    return total, {name: found[name] for name in declared}


def _of_node(node: Any, shapes: dict[str, Any]) -> int:
    first, second = (shapes[name] for name in node.input[:2])
    result = shapes[node.output[0]]
    if node.op_type == "Conv":
        return int(prod(result) * prod(second[1:]))
    if node.op_type == "ConvTranspose":
        return int(prod(first) * prod(second[1:]))
    return int(prod(result) * first[-1])
