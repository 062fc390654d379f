"""ONNX Runtime on the CPU: the default everywhere, and what the others are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import libraries
from .base import Arrays, Engine, load_error, run_error
from .buffers import PerShape, shapes_of
from .model_zoo import Model
from .settings import EngineSettings
from .tensors import check_found

_FATAL = 4
_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
}


class OnnxRuntimeEngine(Engine):
    """Reads inputs where the caller has them and writes outputs into memory that is kept."""

    backend = "onnxruntime"

    def __init__(self, model: Model, settings: EngineSettings) -> None:
        super().__init__(model, settings)
        ort = libraries.onnxruntime()
        options = ort.SessionOptions()
        options.intra_op_num_threads = settings.threads
        options.inter_op_num_threads = 1
        # Threads that spin between runs take the cores from the next engine and from other nodes:
        # without, two engines in turns take less processor time, and no longer.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # What fails comes as an exception; a second report on stderr helps nobody.
        options.log_severity_level = _FATAL
        content = model.read()
        try:
            self._session = ort.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise load_error(model, self.backend, error) from error
        check_found("input", self.inputs, _found(self._session.get_inputs()))
        check_found("output", self.outputs, _found(self._session.get_outputs()))
        self._binding = self._session.io_binding()
        self._buffers: PerShape[Arrays] = PerShape()

    def _run(self, feeds: Arrays) -> Arrays:
        binding, shapes = self._binding, shapes_of(feeds)
        for name, array in feeds.items():
            binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        outputs = self._buffers.get(shapes)
        if outputs is None:
            outputs = self._first_run()
            self._buffers.put(shapes, outputs)
            return outputs
        for name, array in outputs.items():
            binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        self._compute()
        return outputs

    def _first_run(self) -> Arrays:
        """Lets the library find the sizes of the outputs; later runs write into these arrays."""
        for spec in self.outputs:
            self._binding.bind_output(spec.name, "cpu")
        self._compute()
        names = [spec.name for spec in self.outputs]
        found = self._binding.copy_outputs_to_cpu()
        return {name: np.array(value) for name, value in zip(names, found, strict=True)}

    def _compute(self) -> None:
        try:
            self._session.run_with_iobinding(self._binding)
        except Exception as error:
            raise run_error(self, error) from error

    def _close(self) -> None:
        self._buffers.clear()
        del self._binding, self._session


def _found(tensors: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    return {
        tensor.name: (
            tuple(axis if isinstance(axis, int) else -1 for axis in tensor.shape),
            _TYPES.get(tensor.type, tensor.type.removeprefix("tensor(").removesuffix(")")),
        )
        for tensor in tensors
    }
