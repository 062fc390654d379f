"""CUDA through `cuda-python`: device and pinned memory, a stream of our own, recorded graphs."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tensors import EngineError


@dataclass(frozen=True, slots=True)
class GpuFacts:
    """What a built engine depends on."""

    name: str
    compute_capability: str
    multiprocessors: int
    driver: int
    runtime: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def check(result: tuple[Any, ...], what: str) -> Any:
    """What a CUDA call returned beside its status; raises EngineError where that is no success."""
    status, *values = result
    if int(status) != 0:
        raise EngineError(f"CUDA could not {what}: {getattr(status, 'name', status)}")
    return values[0] if len(values) == 1 else tuple(values)


class Cuda:
    """One device with one stream; the calls that an engine makes."""

    def __init__(self, runtime: Any, device: int) -> None:
        self._runtime = runtime
        self.device = device
        count = check(runtime.cudaGetDeviceCount(), "count the GPUs")
        if device >= count:
            raise EngineError(f"there is no GPU {device}: engine.device must be below {count}")
        self.use()
        # The default stream would wait for everybody else's work.
        flags = runtime.cudaStreamNonBlocking
        self.stream = check(runtime.cudaStreamCreateWithFlags(flags), "make a stream")

    @property
    def stream_handle(self) -> int:
        return int(self.stream)

    def use(self) -> None:
        """Makes the device that of the calling thread."""
        check(self._runtime.cudaSetDevice(self.device), f"use GPU {self.device}")

    def facts(self) -> GpuFacts:
        """The device and the versions of CUDA."""
        runtime = self._runtime
        found = check(runtime.cudaGetDeviceProperties(self.device), "describe the GPU")
        name = found.name.decode() if isinstance(found.name, bytes) else str(found.name)
        return GpuFacts(
            name.rstrip("\0"),
            f"{found.major}.{found.minor}",
            int(found.multiProcessorCount),
            int(check(runtime.cudaDriverGetVersion(), "say its driver's version")),
            int(check(runtime.cudaRuntimeGetVersion(), "say its version")),
        )

    def allocate(self, size: int) -> int:
        """Address of `size` bytes of device memory."""
        return int(check(self._runtime.cudaMalloc(max(size, 1)), f"allocate {size} bytes"))

    def free(self, address: int) -> None:
        check(self._runtime.cudaFree(address), "free memory")

    def allocate_pinned(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """A host array that the device copies from and to without a detour; it is freed with its
        last view.
        """
        count = int(np.prod(shape, dtype=np.int64))
        size = max(count * dtype.itemsize, 1)
        address = int(check(self._runtime.cudaMallocHost(size), f"pin {size} bytes"))
        memory = (ctypes.c_byte * size).from_address(address)
        # Callers hold views of it: it goes with the last one. At exit the driver frees it.
        weakref.finalize(memory, self._runtime.cudaFreeHost, address).atexit = False
        return np.ndarray(shape, dtype, buffer=memoryview(memory))

    def to_device(self, address: int, array: NDArray[Any]) -> None:
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._copy(address, array.ctypes.data, array.nbytes, kind)

    def to_host(self, array: NDArray[Any], address: int) -> None:
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._copy(array.ctypes.data, address, array.nbytes, kind)

    def _copy(self, target: int, source: int, size: int, kind: Any) -> None:
        result = self._runtime.cudaMemcpyAsync(target, source, size, kind, self.stream)
        check(result, f"copy {size} bytes")

    def synchronize(self) -> None:
        """Waits until the stream's work is done."""
        check(self._runtime.cudaStreamSynchronize(self.stream), "finish its work")

    def record(self, work: Callable[[], None]) -> Any:
        """The stream's part of `work` as an executable graph; nothing runs yet."""
        runtime = self._runtime
        mode = runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        check(runtime.cudaStreamBeginCapture(self.stream, mode), "record a graph")
        try:
            work()
        finally:
            ended = runtime.cudaStreamEndCapture(self.stream)
        graph = check(ended, "record a graph")
        try:
            return check(runtime.cudaGraphInstantiate(graph, 0), "prepare a graph")
        finally:
            check(runtime.cudaGraphDestroy(graph), "free a graph")

    def replay(self, graph: Any) -> None:
        check(self._runtime.cudaGraphLaunch(graph, self.stream), "run a graph")

    def free_graph(self, graph: Any) -> None:
        check(self._runtime.cudaGraphExecDestroy(graph), "free a graph")

    def close(self) -> None:
        """Gives the stream back."""
        check(self._runtime.cudaStreamDestroy(self.stream), "free a stream")
