# ruff: noqa: N802
"""`tensorrt` without a GPU: the classes, methods and keywords that our backend uses, no others.

A plan holds the ONNX file and what it was built for; the engine computes with ONNX Runtime on the
addresses that it was given, when its stream is waited for. `test_tensorrt_api.py` holds every name
here to the real bindings, so that what runs against this runs against them.
"""

from __future__ import annotations

import ctypes
import enum
import json

import numpy as np
import onnxruntime
from fake_cuda import FakeCudaRuntime

MARK = b"FAKE PLAN\n"
TYPES = {
    "tensor(float)": "FLOAT", "tensor(float16)": "HALF", "tensor(int64)": "INT64",
    "tensor(double)": "DOUBLE",
}  # fmt: skip
NUMPY = {"FLOAT": "float32", "HALF": "float16", "INT64": "int64"}


class Severity(enum.IntEnum):
    INTERNAL_ERROR = 0
    ERROR = 1
    WARNING = 2
    INFO = 3
    VERBOSE = 4


class ILogger:
    Severity = Severity

    def __init__(self) -> None:
        self.made = True

    def log(self, severity, msg):
        raise NotImplementedError


class IProgressMonitor:
    def __init__(self) -> None:
        self.made = True

    def phase_start(self, phase_name, parent_phase, num_steps):
        raise NotImplementedError

    def step_complete(self, phase_name, step):
        raise NotImplementedError

    def phase_finish(self, phase_name):
        raise NotImplementedError


class NetworkDefinitionCreationFlag(enum.IntEnum):
    STRONGLY_TYPED = 1


class BuilderFlag(enum.Enum):
    TF32 = 7


class MemoryPoolType(enum.Enum):
    WORKSPACE = 0


class TensorIOMode(enum.Enum):
    INPUT = 1
    OUTPUT = 2


DataType = enum.Enum("DataType", ["FLOAT", "HALF", "BF16", "INT64", "DOUBLE"])


class IHostMemory(bytes):
    """Only the buffer of it."""


class ParserError:
    def __init__(self, text: str) -> None:
        self._text = text

    def desc(self):
        return self._text

    def node_name(self):
        return ""


class INetworkDefinition:
    def __init__(self, flags: int) -> None:
        self._flags = flags
        self._onnx = b""


class IOptimizationProfile:
    def __init__(self) -> None:
        self._shapes = {}

    def set_shape(self, input, min, opt, max):
        assert all(a <= b <= c for a, b, c in zip(min, opt, max, strict=True))
        self._shapes[input] = [list(min), list(opt), list(max)]


class ITimingCache:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def serialize(self):
        return IHostMemory(self._content)


class IBuilderConfig:
    def __init__(self) -> None:
        self.builder_optimization_level = 3
        self.progress_monitor = None
        self._flags = {BuilderFlag.TF32}
        self._profile = None
        self._timing = None
        self._limits = {}

    def set_memory_pool_limit(self, pool, pool_size):
        self._limits[pool] = pool_size

    def clear_flag(self, flag):
        self._flags.discard(flag)

    def add_optimization_profile(self, profile):
        self._profile = profile
        return 0

    def create_timing_cache(self, serialized_timing_cache):
        return ITimingCache(bytes(serialized_timing_cache))

    def set_timing_cache(self, cache, ignore_mismatch):
        if not cache._content.startswith((b"", b"timed")[bool(cache._content)]):
            return False
        self._timing = cache
        return True

    def get_timing_cache(self):
        return self._timing


class FakeTensorRt:
    """The module: `builds` are the configurations that engines were built with.

    `spoil` changes what a built engine computes; `broken_plans` and `stubborn` make loading and
    building fail.
    """

    def __init__(self, cuda: FakeCudaRuntime, version: str = "11.4.0.106") -> None:
        self.__version__ = version
        self._cuda = cuda
        self.builds: list[IBuilderConfig] = []
        self.loads = 0
        self.shape_changes = 0
        self.spoil = None
        self.stubborn = False
        for kind in (
            ILogger, IProgressMonitor, NetworkDefinitionCreationFlag, BuilderFlag, MemoryPoolType,
            TensorIOMode, DataType,
        ):  # fmt: skip
            setattr(self, kind.__name__, kind)

    def Builder(self, logger):
        return Builder(self, logger)

    def OnnxParser(self, network, logger):
        return OnnxParser(network, logger)

    def Runtime(self, logger):
        return Runtime(self, logger)


class OnnxParser:
    def __init__(self, network, logger) -> None:
        assert logger.made
        self._network = network
        self._errors = []

    def parse(self, model):
        try:
            onnxruntime.InferenceSession(model, _quiet(), providers=["CPUExecutionProvider"])
        except Exception as error:
            self._errors = [ParserError(f"first: {error}"), ParserError("second\nline")]
            return False
        self._network._onnx = model
        return True

    @property
    def num_errors(self):
        return len(self._errors)

    def get_error(self, index):
        return self._errors[index]


class Builder:
    def __init__(self, library: FakeTensorRt, logger) -> None:
        assert logger.made
        self._library, self._logger = library, logger

    def create_network(self, flags):
        assert flags == 2, "strongly typed, and nothing else"
        return INetworkDefinition(flags)

    def create_builder_config(self):
        return IBuilderConfig()

    def create_optimization_profile(self):
        return IOptimizationProfile()

    def build_serialized_network(self, network, config):
        self._library.builds.append(config)
        if self._library.stubborn:
            self._logger.log(Severity.ERROR, "no kernel\nfor this layer")
            return None
        monitor = config.progress_monitor
        monitor.phase_start("Building Engine", None, 2)
        monitor.phase_start("Tactics", "Building Engine", 4)
        going = all(monitor.step_complete("Tactics", step) for step in range(4))
        monitor.phase_finish("Tactics")
        going = going and all(monitor.step_complete("Building Engine", step) for step in range(2))
        monitor.phase_finish("Building Engine")
        if not going:
            return None
        config._timing = ITimingCache(b"timed" + config._timing._content[5:] + b"+")
        shapes = config._profile._shapes if config._profile else {}
        head = json.dumps({"version": self._library.__version__, "shapes": shapes}).encode()
        return IHostMemory(MARK + head + b"\n" + network._onnx)


class Runtime:
    def __init__(self, library: FakeTensorRt, logger) -> None:
        self._library, self._logger = library, logger

    def deserialize_cuda_engine(self, serialized_engine):
        self._library.loads += 1
        mark, _, rest = bytes(serialized_engine).partition(b"\n")
        head, _, onnx = rest.partition(b"\n")
        if mark + b"\n" != MARK or json.loads(head)["version"] != self._library.__version__:
            self._logger.log(Severity.ERROR, "the plan is of another version")
            return None
        return ICudaEngine(self._library, onnx, json.loads(head)["shapes"])


class ICudaEngine:
    def __init__(self, library: FakeTensorRt, onnx: bytes, shapes) -> None:
        self._library, self._shapes = library, shapes
        self._session = onnxruntime.InferenceSession(
            onnx, _quiet(), providers=["CPUExecutionProvider"]
        )
        self._inputs = {tensor.name: tensor for tensor in self._session.get_inputs()}
        self._tensors = [*self._session.get_inputs(), *self._session.get_outputs()]
        self._by_name = {tensor.name: tensor for tensor in self._tensors}

    @property
    def num_io_tensors(self):
        return len(self._tensors)

    def get_tensor_name(self, index):
        return self._tensors[index].name

    def get_tensor_mode(self, name):
        return TensorIOMode.INPUT if name in self._inputs else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name):
        return DataType[TYPES[self._by_name[name].type]]

    def get_tensor_shape(self, name):
        return [a if isinstance(a, int) else -1 for a in self._by_name[name].shape]

    def create_execution_context(self):
        return IExecutionContext(self)


class IExecutionContext:
    def __init__(self, engine: ICudaEngine) -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}
        self._sizes: dict[str, tuple[int, ...]] = {}
        self._found: dict[str, tuple[int, ...]] = {}

    def set_input_shape(self, name, shape):
        self._engine._library.shape_changes += 1
        allowed = self._engine._shapes.get(name)
        if allowed is not None:
            least, _, most = allowed
            if not all(a <= b <= c for a, b, c in zip(least, shape, most, strict=True)):
                return False
        self._sizes[name] = tuple(shape)
        self._found = {}
        return True

    def set_tensor_address(self, name, memory):
        self._addresses[name] = memory
        return True

    def infer_shapes(self):
        missing = [name for name in self._engine._inputs if name not in self._sizes]
        if not missing:
            feeds = {n: np.zeros(s, self._dtype(n)) for n, s in self._sizes.items()}
            self._found = {n: v.shape for n, v in self._compute(feeds).items()}
        return missing

    def get_tensor_shape(self, name):
        return self._found.get(name, self._sizes.get(name))

    def execute_async_v3(self, stream_handle):
        cuda = self._engine._library._cuda
        addresses = dict(self._addresses)
        sizes = dict(self._sizes)
        assert set(addresses) == set(self._engine._by_name)

        def work() -> None:
            # A recorded graph of other shapes than the context's is void.
            assert sizes == self._sizes
            feeds = {n: self._array(cuda, addresses[n], n, s) for n, s in sizes.items()}
            for name, value in self._compute(feeds).items():
                self._array(cuda, addresses[name], name, value.shape)[...] = value

        cuda.streams[stream_handle].put(work)
        return True

    def _compute(self, feeds):
        names = [tensor.name for tensor in self._engine._session.get_outputs()]
        values = self._engine._session.run(names, feeds)
        spoil = self._engine._library.spoil
        return {
            name: value if spoil is None else spoil(value).astype(value.dtype)
            for name, value in zip(names, values, strict=True)
        }

    def _dtype(self, name):
        return np.dtype(NUMPY[TYPES[self._engine._by_name[name].type]])

    def _array(self, cuda, address, name, shape):
        block = cuda.device[address]
        dtype = self._dtype(name)
        count = int(np.prod(shape))
        assert count * dtype.itemsize <= ctypes.sizeof(block)
        return np.frombuffer(block, dtype, count).reshape(shape)


def _quiet():
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return options


# Classes that the module does not name itself, but hands out.
HANDED_OUT = {
    "Builder": Builder, "INetworkDefinition": INetworkDefinition, "OnnxParser": OnnxParser,
    "ParserError": ParserError, "IBuilderConfig": IBuilderConfig, "ITimingCache": ITimingCache,
    "IOptimizationProfile": IOptimizationProfile, "Runtime": Runtime, "ICudaEngine": ICudaEngine,
    "IExecutionContext": IExecutionContext, "ILogger": ILogger, "Severity": Severity,
    "IProgressMonitor": IProgressMonitor, "BuilderFlag": BuilderFlag,
    "NetworkDefinitionCreationFlag": NetworkDefinitionCreationFlag,
    "MemoryPoolType": MemoryPoolType, "TensorIOMode": TensorIOMode,
}  # fmt: skip
