"""How far a node's engines are: in its diagnostics and its log while they are being built."""

from __future__ import annotations

import logging
from typing import Any

from ..pipeline import Engines

KEY = "engine"
# What the engines write to.
LOG = logging.getLogger("ddff_perception.engines")


class EngineReport:
    """Follows the engines of a node's method; `node` is a `PerceptionNode`.

    The engines' own log (what is built and how far, every few seconds, and what took the place of
    what) goes to the node's log from the first `tell` on until `close`.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._handler = _ToNode(node)
        self._waited = False
        self._told: str | None = None
        self._failure: str | None = None

    def tell(self, engines: Engines | None) -> bool:
        """Brings the diagnostics up to date; True while there is nothing to run: not yet, or not
        any more, after a failure.
        """
        if self._handler not in LOG.handlers:
            LOG.addHandler(self._handler)
            LOG.setLevel(logging.INFO)
        progress = None if engines is None else engines.progress
        failure = None if engines is None else engines.failure
        self._waited = self._waited or progress is not None
        if failure != self._failure:
            self._failure = failure
            self._node.diagnostics.set_condition(KEY, failure or "")
        if progress is not None:
            what, share = progress
            self._node.diagnostics.set(KEY, f"{what}, {share:.0%}")
            self._say(what)
        elif failure is not None:
            self._node.diagnostics.set(KEY, failure)
        elif self._waited:
            self._waited = False
            self._node.diagnostics.set(KEY, "ready")
            self._say("the engine is ready")
        return progress is not None or failure is not None

    def close(self) -> None:
        LOG.removeHandler(self._handler)

    def _say(self, text: str) -> None:
        if text != self._told:
            self._node.get_logger().info(text)
        self._told = text


class _ToNode(logging.Handler):
    def __init__(self, node: Any) -> None:
        super().__init__(logging.INFO)
        self._node = node

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        logger = self._node.get_logger()
        # rclpy holds one severity to one line of the program.
        if record.levelno >= logging.ERROR:
            logger.error(text)
        elif record.levelno >= logging.WARNING:
            logger.warning(text)
        else:
            logger.info(text)
