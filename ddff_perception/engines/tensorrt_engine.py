"""TensorRT on an NVIDIA GPU, through `cuda-python`: own stream, pinned memory, CUDA graph if asked.

The same code for TensorRT 10.3 to 11. `benchmarks/tensorrt_check.py` proves it on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import libraries
from .base import Arrays, Engine, load_error, run_error
from .buffers import PerShape, Shapes, shapes_of
from .cuda_memory import Cuda
from .model_zoo import Model
from .parity import ParityError, check_parity, parity_feeds
from .settings import LOG, EngineSettings
from .tensorrt_build import LoadedEngine, TensorRtBuilder
from .tensorrt_reports import Progress
from .tensors import EngineError, check_found

# numpy knows these; BF16, FP8 and the like stay inside of a network.
_TYPES = {
    "FLOAT": "float32",
    "HALF": "float16",
    "INT8": "int8",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
    "UINT8": "uint8",
}


@dataclass
class _Buffers:
    """Memory of one set of input shapes, on both sides."""

    host: Arrays
    device: dict[str, int]
    graph: Any = None


class TensorRtEngine(Engine):
    """Copies inputs into pinned memory, runs on a stream of its own, and hands out pinned outputs.

    Building (minutes, once per model and GPU) happens in the constructor; `progress` is told.
    """

    backend = "tensorrt"

    def __init__(
        self, model: Model, settings: EngineSettings, progress: Progress | None = None
    ) -> None:
        super().__init__(model, settings)
        trt = libraries.tensorrt()
        self._cuda = Cuda(libraries.cuda_runtime(), settings.device)
        self._buffers: PerShape[_Buffers] = PerShape()
        self._current: Shapes | None = None
        self._gpu = self._cuda.facts()
        self._version = str(trt.__version__)
        try:
            builder = TensorRtBuilder(trt, model, settings, self._gpu, progress)
            self._loaded = builder.load()
            self._check_tensors(trt, self._loaded.engine)
            self._context = self._loaded.engine.create_execution_context()
            if self._context is None:
                raise EngineError(f"the GPU has no room for {model.card.name}")
            if settings.parity_check and self._loaded.fresh:
                self._check_parity(builder, self._loaded)
        except EngineError:
            self._free()
            raise
        except Exception as error:
            self._free()
            raise load_error(model, self.backend, error) from error

    @property
    def description(self) -> str:
        card = self.model.card
        return f"{super().description} {self._version} ({card.precision}, {self._gpu.name})"

    def _check_tensors(self, trt: Any, engine: Any) -> None:
        found: dict[Any, dict[str, tuple[tuple[int, ...], str]]] = {}
        for number in range(engine.num_io_tensors):
            name = engine.get_tensor_name(number)
            kind = engine.get_tensor_dtype(name).name
            shape = tuple(int(size) for size in engine.get_tensor_shape(name))
            side = "input" if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT else "output"
            found.setdefault(side, {})[name] = (shape, _TYPES.get(kind, kind))
        check_found("input", self.inputs, found.get("input", {}))
        check_found("output", self.outputs, found.get("output", {}))

    def _check_parity(self, builder: TensorRtBuilder, loaded: LoadedEngine) -> None:
        """Compares with ONNX Runtime before the first use; the sidecar remembers the result."""
        if not libraries.is_installed("onnxruntime"):
            LOG.warning("%s is not compared: onnxruntime is not installed", self.description)
            return
        from .onnxruntime_engine import OnnxRuntimeEngine

        precision = self.model.card.precision
        if precision == "float32" and builder.tf32:
            precision = "tf32"
        with OnnxRuntimeEngine(self.model, self.settings) as reference:
            try:
                rows = check_parity(self, reference, parity_feeds(self), precision)
            except ParityError:
                builder.cache.delete(loaded.entry)
                raise
        builder.cache.annotate(loaded.entry, parity=[row.to_dict() for row in rows])

    def _run(self, feeds: Arrays) -> Arrays:
        try:
            return self._run_on_gpu(feeds)
        except EngineError:
            raise
        except Exception as error:
            raise run_error(self, error) from error

    def _run_on_gpu(self, feeds: Arrays) -> Arrays:
        cuda, shapes = self._cuda, shapes_of(feeds)
        cuda.use()
        buffers = self._bound(shapes, feeds)
        for name, array in feeds.items():
            np.copyto(buffers.host[name], array)
        if buffers.graph is not None:
            cuda.replay(buffers.graph)
        else:
            self._enqueue(buffers)
        cuda.synchronize()
        # A first run may still allocate: only what comes after it can be recorded.
        if self.settings.cuda_graph and buffers.graph is None:
            buffers.graph = cuda.record(lambda: self._enqueue(buffers))
        return {spec.name: buffers.host[spec.name] for spec in self.outputs}

    def _enqueue(self, buffers: _Buffers) -> None:
        cuda = self._cuda
        for spec in self.inputs:
            cuda.to_device(buffers.device[spec.name], buffers.host[spec.name])
        if not self._context.execute_async_v3(cuda.stream_handle):
            raise EngineError(f"{self.description} failed: {self._reason()}")
        for spec in self.outputs:
            cuda.to_host(buffers.host[spec.name], buffers.device[spec.name])

    def _bound(self, shapes: Shapes, feeds: Arrays) -> _Buffers:
        """The memory for these shapes, with the context set to it."""
        found = self._buffers.get(shapes)
        if shapes == self._current and found is not None:
            return found
        self._forget_graph()
        for name, array in feeds.items():
            if not self._context.set_input_shape(name, array.shape):
                raise EngineError(
                    f"{self.description} does not take {name} {array.shape}: {self._reason()}"
                )
        if found is None:
            found = self._allocate(feeds)
            for gone in self._buffers.put(shapes, found):
                self._release(gone)
        for name, address in found.device.items():
            if not self._context.set_tensor_address(name, address):
                raise EngineError(f"{self.description} failed: {self._reason()}")
        self._current = shapes
        return found

    def _forget_graph(self) -> None:
        """A recorded graph holds for the shapes that the context had then."""
        old = None if self._current is None else self._buffers.get(self._current)
        self._current = None
        if old is not None and old.graph is not None:
            self._cuda.free_graph(old.graph)
            old.graph = None

    def _allocate(self, feeds: Arrays) -> _Buffers:
        missing = self._context.infer_shapes()
        if missing:
            raise EngineError(f"{self.description}: the size of {', '.join(missing)} is unknown")
        shapes = {name: array.shape for name, array in feeds.items()}
        for spec in self.outputs:
            shapes[spec.name] = tuple(
                int(size) for size in self._context.get_tensor_shape(spec.name)
            )
        buffers = _Buffers({}, {})
        for spec in (*self.inputs, *self.outputs):
            shape = shapes[spec.name]
            if min(shape, default=1) < 0:
                raise EngineError(
                    f"the size of output {spec.name} depends on values, not on sizes of inputs: "
                    "TensorRT does not take this network here"
                )
            host: NDArray[Any] = self._cuda.allocate_pinned(shape, spec.dtype)
            buffers.host[spec.name] = host
            buffers.device[spec.name] = self._cuda.allocate(host.nbytes)
        return buffers

    def _release(self, buffers: _Buffers) -> None:
        if buffers.graph is not None:
            self._cuda.free_graph(buffers.graph)
        for address in buffers.device.values():
            self._cuda.free(address)

    def _reason(self) -> str:
        return str(self._loaded.logger.reason("TensorRT does not say why"))

    def _close(self) -> None:
        self._cuda.use()
        self._free()

    def _free(self) -> None:
        for buffers in self._buffers.clear():
            self._release(buffers)
        # The context goes before the engine, and the engine before its runtime.
        self._context = self._loaded = None  # type: ignore[assignment]
        self._cuda.close()
