# ruff: noqa: N802, N815
"""`cuda.bindings.runtime` without a GPU: the same names, host memory, a stream that is lazy.

Nothing that is put on a stream happens before the stream is waited for, as on a GPU; addresses and
sizes are checked; what is allocated is counted.
"""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Callable
from types import SimpleNamespace


class Status(enum.IntEnum):
    cudaSuccess = 0
    cudaErrorInvalidValue = 1
    cudaErrorMemoryAllocation = 2


class Stream:
    """Work in order; `recording` takes it instead while a graph is recorded."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.work: list[Callable[[], None]] = []
        self.recording: list[Callable[[], None]] | None = None

    def __int__(self) -> int:
        return self.number

    def put(self, job: Callable[[], None]) -> None:
        (self.work if self.recording is None else self.recording).append(job)


class FakeCudaRuntime:
    """One device with `memory` bytes."""

    cudaStreamNonBlocking = 1
    cudaMemcpyKind = enum.IntEnum(
        "cudaMemcpyKind", {"cudaMemcpyHostToDevice": 1, "cudaMemcpyDeviceToHost": 2}
    )
    cudaStreamCaptureMode = enum.IntEnum(
        "cudaStreamCaptureMode", {"cudaStreamCaptureModeThreadLocal": 1}
    )

    def __init__(self, memory: int = 1 << 30) -> None:
        self._left = memory
        self.device: dict[int, ctypes.Array] = {}
        self.pinned: dict[int, ctypes.Array] = {}
        self.streams: dict[int, Stream] = {}
        self._made = 0
        self.graphs = 0
        self.launches = 0
        self.name = b"Fake GPU"

    def cudaGetDeviceCount(self):
        return Status.cudaSuccess, 1

    def cudaSetDevice(self, device):
        return (Status.cudaSuccess if device == 0 else Status.cudaErrorInvalidValue,)

    def cudaGetDeviceProperties(self, device):
        facts = SimpleNamespace(name=self.name, major=8, minor=7, multiProcessorCount=16)
        return Status.cudaSuccess, facts

    def cudaDriverGetVersion(self):
        return Status.cudaSuccess, 13000

    def cudaRuntimeGetVersion(self):
        return Status.cudaSuccess, 13000

    def cudaStreamCreateWithFlags(self, flags):
        assert flags == self.cudaStreamNonBlocking
        self._made += 1
        stream = Stream(self._made)
        self.streams[stream.number] = stream
        return Status.cudaSuccess, stream

    def cudaStreamDestroy(self, stream):
        del self.streams[int(stream)]
        return (Status.cudaSuccess,)

    def cudaStreamSynchronize(self, stream):
        assert stream.recording is None
        work, stream.work = stream.work, []
        for job in work:
            job()
        return (Status.cudaSuccess,)

    def cudaMalloc(self, size):
        return self._allocate(self.device, size)

    def cudaFree(self, devPtr):
        self._left += len(self.device.pop(devPtr))
        return (Status.cudaSuccess,)

    def cudaMallocHost(self, size):
        return self._allocate(self.pinned, size)

    def cudaFreeHost(self, ptr):
        self._left += len(self.pinned.pop(ptr))
        return (Status.cudaSuccess,)

    def _allocate(self, memory, size):
        if size > self._left:
            return Status.cudaErrorMemoryAllocation, None
        self._left -= size
        block = (ctypes.c_byte * size)()
        memory[ctypes.addressof(block)] = block
        return Status.cudaSuccess, ctypes.addressof(block)

    def cudaMemcpyAsync(self, dst, src, count, kind, stream):
        to_device = kind == self.cudaMemcpyKind.cudaMemcpyHostToDevice
        device, host = (dst, src) if to_device else (src, dst)
        # Only pinned memory is copied without blocking, and only as much as there is.
        if count > min(len(self.device[device]), len(self.pinned[host])):
            return (Status.cudaErrorInvalidValue,)
        stream.put(lambda: ctypes.memmove(dst, src, count))
        return (Status.cudaSuccess,)

    def cudaStreamBeginCapture(self, stream, mode):
        assert not stream.work
        stream.recording = []
        return (Status.cudaSuccess,)

    def cudaStreamEndCapture(self, stream):
        recorded, stream.recording = stream.recording, None
        self.graphs += 1
        return Status.cudaSuccess, recorded

    def cudaGraphInstantiate(self, graph, flags):
        assert flags == 0
        self.graphs += 1
        return Status.cudaSuccess, tuple(graph)

    def cudaGraphDestroy(self, graph):
        self.graphs -= 1
        return (Status.cudaSuccess,)

    def cudaGraphExecDestroy(self, graphExec):
        self.graphs -= 1
        return (Status.cudaSuccess,)

    def cudaGraphLaunch(self, graphExec, stream):
        self.launches += 1
        stream.work.extend(graphExec)
        return (Status.cudaSuccess,)
