"""Services that take long, in a thread of their own: the node goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rclpy.node import Node
from rclpy.task import Future


class SlowServices:
    """The thread of the slow services of `node`; there is one from `open` to `close`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._thread: ThreadPoolExecutor | None = None

    def open(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="service")

    def close(self) -> None:
        """Waits for what is being done."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None

    def callback(self, job: Callable[[Any], object]) -> Any:
        """The callback of a service whose answer has `success` and `message`, as a Trigger's: it
        says what `job` makes of the request, or raises.
        """

        async def answer(request: Any, response: Any) -> Any:
            if self._thread is None:
                response.success, response.message = False, "configure the node first"
                return response
            done = Future(executor=self._node.executor)
            self._thread.submit(job, request).add_done_callback(
                lambda promise: done.set_result(promise.exception() or promise.result())
            )
            outcome = await done
            response.success = not isinstance(outcome, BaseException)
            response.message = str(outcome)
            if not response.success:
                self._node.get_logger().error(response.message)
            return response

        return answer
