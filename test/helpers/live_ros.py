"""Nodes that spin in the background of a test, and ears on their topics."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

# Generous: the machine may be busy with everything else; a passing test never waits for it.
PATIENCE_S = 60.0
SETTLED_S = 2.0


class Heard(list[Any]):
    """The messages of one topic, in the order in which they came."""

    def __init__(self, session: RosSession, topic: str) -> None:
        super().__init__()
        self._session = session
        self.topic = topic

    def wait(self, count: int = 1, timeout_s: float = PATIENCE_S) -> Heard:
        """Waits until `count` messages are there."""
        self._session.wait_for(
            lambda: len(self) >= count, f"{count} messages on {self.topic}", timeout_s
        )
        return self

    def wait_new(self, count: int = 1) -> Heard:
        """Waits for `count` messages more than there are."""
        return self.wait(len(self) + count)


class RosSession:
    """Nodes that spin in the background of one test, and a plain node to talk to them."""

    def __init__(self) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor

        self._rclpy = rclpy
        if not rclpy.ok():
            rclpy.init()
        self._executor = SingleThreadedExecutor()
        self._nodes: list[Any] = []
        self._failure: BaseException | None = None
        self._closing = threading.Event()
        # What is there before is not looked at when the session's own nodes are collected: of a
        # process that has run a thousand tests that takes longer than most tests. It stays out of
        # sight: what others left behind goes now.
        gc.collect()
        gc.freeze()
        self.node = self.add(rclpy.create_node("tester"))
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def add(self, node: Any) -> Any:
        """Spins `node` from now on; it is destroyed at the end of the test."""
        self._nodes.append(node)
        self._executor.add_node(node)
        return node

    def remove(self, node: Any) -> None:
        """Destroys `node` now."""
        self._executor.remove_node(node)
        self._nodes.remove(node)
        node.destroy_node()

    def listen(self, kind: Any, topic: str, qos: Any = 100) -> Heard:
        heard = Heard(self, topic)
        self.node.create_subscription(kind, topic, heard.append, qos)
        return heard

    def stop_listening(self, subscription: Any) -> None:
        """Destroys the tester's `subscription` between two turns of the executor.

        Destroyed from the test's thread it may vanish while the executor gathers what to wait for.
        """
        self._executor.create_task(self.node.destroy_subscription, subscription)

    def talk(self, kind: Any, topic: str, qos: Any = 100) -> Any:
        return self.node.create_publisher(kind, topic, qos)

    def wait_met(self, publisher: Any) -> None:
        """Waits until the publisher and the subscriptions of the session know of each other.

        One side may know earlier: what is published before the other does is lost. What a test
        before left may be known still, and is not who is meant: the numbers must be right, or have
        had time to become so (listeners of other processes, of other QoS).
        """
        topic, begun = publisher.topic_name, time.monotonic()

        def met() -> bool:
            nodes = {self.node, *self._nodes}
            ears = [s for node in nodes for s in node.subscriptions if s.topic_name == topic]
            talkers = [p for node in nodes for p in node.publishers if p.topic_name == topic]
            try:
                known = [ear.get_publisher_count() for ear in ears]
                heard = publisher.get_subscription_count()
            except RuntimeError:  # its handle is invalid: a node let go of it meanwhile
                return False
            if heard == len(ears) and set(known) == {len(talkers)}:
                return True
            settled = not ears or time.monotonic() - begun > SETTLED_S
            return settled and heard > 0 and all(known)

        self.wait_for(met, f"a subscriber of {topic}")

    def call(self, kind: Any, name: str, request: Any) -> Any:
        """The response of a service."""
        client = self.node.create_client(kind, name)
        self.wait_for(client.service_is_ready, f"the service {name}")
        future = client.call_async(request)
        self.wait_for(future.done, f"the answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def wait_for(
        self, condition: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S
    ) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self._failure is not None:
                raise AssertionError(f"a callback failed: {self._failure!r}") from self._failure
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout_s:g} s for {what}")
            time.sleep(0.005)

    def wait_for_words(self, capture: Any, words: str) -> str:
        """Waits until `words` are logged; `capture`: pytest's capfd. Returns all that was said.

        Nodes count first and log then: what is counted may not be logged yet.
        """
        said = ""

        def there() -> bool:
            nonlocal said
            said += capture.readouterr().err
            return words in said

        self.wait_for(there, f"the words {words!r}")
        return said

    def close(self) -> None:
        self._closing.set()
        self._thread.join(PATIENCE_S)
        self._executor.shutdown()
        for node in self._nodes:
            node.destroy_node()
        self._nodes.clear()
        # A lifecycle node stays in the graph until its state machine is collected.
        gc.collect()

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException

        try:
            while not self._closing.is_set():
                self._executor.spin_once(timeout_sec=0.05)
        except ExternalShutdownException:
            pass
        except BaseException as error:
            self._failure = error
