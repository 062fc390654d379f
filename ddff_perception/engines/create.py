"""`create_engine`: a model in, the best engine of this machine out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ..parameters import Value
from . import libraries
from .base import Engine
from .model_zoo import Model, find_model
from .settings import BACKENDS, ENGINE_PARAMETERS, EngineSettings
from .tensors import EngineError

__all__ = ["BACKENDS", "ENGINE_PARAMETERS", "available_backends", "choose_backend", "create_engine"]

Progress = Callable[[str, float], None]


def create_engine(
    model: Model | Path | str,
    backend: str = "auto",
    options: Mapping[str, Value] | None = None,
    progress: Progress | None = None,
) -> Engine:
    """An engine that runs `model` (a model, a shipped name, or the path of an ONNX file).

    `options` are values of ENGINE_PARAMETERS, with or without `engine.` before the name; their
    `engine.backend` counts where `backend` is auto. `progress` is told what is being done and the
    share of it, 0..1, while a TensorRT engine builds.

    Raises InputError where the model cannot be used, and EngineError where the backend is not
    installed or does not take the network.
    """
    settings = EngineSettings.complete(options)
    if backend != "auto":
        settings = replace(
            settings, backend=str(ENGINE_PARAMETERS["engine.backend"].check(backend))
        )
    found = model if isinstance(model, Model) else find_model(model)
    chosen = choose_backend(settings.backend)
    return _make(found, replace(settings, backend=chosen), progress)


def available_backends() -> tuple[str, ...]:
    """The backends that can run on this machine, best first."""
    usable = {
        "tensorrt": libraries.has_gpu(),
        "openvino": libraries.is_installed("openvino"),
        "onnxruntime": libraries.is_installed("onnxruntime"),
    }
    return tuple(name for name, there in usable.items() if there)


def choose_backend(wanted: str = "auto") -> str:
    """What `auto` means here: tensorrt with a GPU, else openvino on Intel, else onnxruntime."""
    if wanted != "auto":
        return wanted
    there = available_backends()
    if "tensorrt" in there:
        return "tensorrt"
    if "openvino" in there and (libraries.is_intel() or "onnxruntime" not in there):
        return "openvino"
    return "onnxruntime"


def _make(model: Model, settings: EngineSettings, progress: Progress | None) -> Engine:
    if settings.backend == "onnxruntime":
        from .onnxruntime_engine import OnnxRuntimeEngine

        return OnnxRuntimeEngine(model, settings)
    raise EngineError(f"{settings.backend} is not there yet")
