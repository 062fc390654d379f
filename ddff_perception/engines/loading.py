"""An engine that gets ready in a thread of its own, while a node stays alive and says how far."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from ..parameters import Value
from .base import Engine
from .create import create_engine
from .model_zoo import Model
from .tensors import EngineError

Shapes = Mapping[str, tuple[int, ...]]


class PendingEngine:
    """Makes and warms up an engine in the background.

    `progress` is (what is being done, share 0..1); `ready` says that `result` will not wait.
    """

    def __init__(
        self,
        model: Model | Path | str,
        backend: str = "auto",
        options: Mapping[str, Value] | None = None,
        shapes: Shapes | None = None,
    ) -> None:
        self._model, self._backend, self._options = model, backend, options
        self._shapes = shapes
        self._engine: Engine | None = None
        self._error: Exception | None = None
        self._stop = threading.Event()
        self._taken = False
        self.progress = ("loading the network", 0.0)
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        return not self._thread.is_alive()

    def result(self, timeout_s: float | None = None) -> Engine:
        """The engine, warmed up. Raises what making it raised, and EngineError on a time-out."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            what, share = self.progress
            raise EngineError(f"the engine is not ready yet: {what}, {share:.0%}")
        if self._error is not None:
            raise self._error
        if self._engine is None:
            raise EngineError("the making of the engine was stopped")
        self._taken = True
        return self._engine

    def cancel(self) -> None:
        """Stops a build at its next step, and frees an engine that nobody took."""
        self._stop.set()
        if self.ready and not self._taken and self._engine is not None:
            self._engine.close()

    def _tell(self, what: str, share: float) -> bool:
        self.progress = (what, share)
        return not self._stop.is_set()

    def _work(self) -> None:
        try:
            engine = create_engine(self._model, self._backend, self._options, self._tell)
            if self._stop.is_set():
                engine.close()
                return
            self.progress = ("warming up", 1.0)
            engine.warm_up(self._shapes)
            if self._stop.is_set():
                engine.close()
                return
            self.progress = ("ready", 1.0)
            self._engine = engine
        except Exception as error:  # handed to whoever asks for the result
            self._error = error
