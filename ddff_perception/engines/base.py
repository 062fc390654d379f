"""What every backend is: arrays in by name, arrays out by name.

The public methods check state and arguments and then call a hook of the backend, so that misuse
gets the same sentence on each of them.
"""

from __future__ import annotations

import abc
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .model_zoo import Model
from .settings import EngineSettings
from .tensors import EngineError, Signature, TensorSpec

__all__ = ["Engine", "EngineError", "TensorSpec"]

Arrays = dict[str, NDArray[Any]]
Self = TypeVar("Self", bound="Engine")


class Engine(abc.ABC):
    """A network that is ready to run, made by `create_engine`.

    `inputs` and `outputs` are those of the model's card. One thread at a time; one engine per
    thread. A context manager: leaving the block closes it.
    """

    backend: str
    # Whether the library wraps only arrays that it may write to, although it does not.
    writable_inputs = False

    def __init__(self, model: Model, settings: EngineSettings) -> None:
        self.model = model
        self.settings = settings
        self.signature: Signature = model.card.signature
        self._closed = False
        self._busy = threading.Lock()
        self._staging: Arrays = {}

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        return self.signature.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.signature.outputs

    @property
    def description(self) -> str:
        """One line for logs and diagnostics: model, backend and how it computes."""
        return f"{self.model.card.name} on {self.backend}"

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> Arrays:
        """The outputs by name for one array per input.

        The outputs stay valid until the next `run` of this engine, which writes into the same
        memory where shapes repeat: copy what is to be kept. Inputs are only read, and not copied
        where they are C-contiguous.

        Raises EngineError on a closed engine, on use from two threads at once, and where names,
        types, ranks, sizes or ranges are not those of the inputs.
        """
        self._check_open()
        self.signature.check_feeds(feeds)
        if self.settings.check_ranges:
            self.signature.check_ranges(feeds)
        if not self._busy.acquire(blocking=False):
            raise EngineError(f"{self.description} is in use by another thread: make one for each")
        try:
            self._check_open()
            return self._run({spec.name: self._whole(spec.name, feeds) for spec in self.inputs})
        finally:
            self._busy.release()

    def warm_up(self, shapes: Mapping[str, tuple[int, ...]] | None = None) -> None:
        """Runs twice with inputs of `shapes` (default: the card's typical ones), so that the
        first real frame finds memory and kernels ready.
        """
        self._check_open()
        shapes = self.signature.typical_shapes() if shapes is None else shapes
        self.signature.check_shapes(shapes)
        feeds = self.signature.mild_feeds(shapes)
        for _ in range(2):
            self.run(feeds)

    def close(self) -> None:
        """Frees what the engine holds; closing twice is no error."""
        if self._closed:
            return
        with self._busy:
            self._closed = True
            self._staging.clear()
            self._close()

    def __enter__(self: Self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError(f"{self.description} is closed: make a new engine")

    def _whole(self, name: str, feeds: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """The input in one piece: as it is, or copied into memory that is kept."""
        array = feeds[name]
        flags = array.flags
        if flags.c_contiguous and flags.aligned and (flags.writeable or not self.writable_inputs):
            return array
        kept = self._staging.get(name)
        if kept is None or kept.shape != array.shape:
            kept = self._staging[name] = np.empty(array.shape, array.dtype)
        np.copyto(kept, array)
        return kept

    @abc.abstractmethod
    def _run(self, feeds: Arrays) -> Arrays:
        """Computes; `feeds` are checked, in one piece, and only to be read."""

    @abc.abstractmethod
    def _close(self) -> None:
        """Frees the backend's objects; called once."""


def load_error(model: Model, backend: str, error: Exception) -> EngineError:
    """A network that a library does not take, in one sentence."""
    return EngineError(f"{backend} cannot load {model.path}: {first_sentence(error)}")


def run_error(engine: Engine, error: Exception) -> EngineError:
    """A run that failed inside a library, in one sentence."""
    return EngineError(f"{engine.description} failed: {first_sentence(error)}")


def first_sentence(error: Exception) -> str:
    """What a library says, on one line and not too long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."
