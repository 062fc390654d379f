import threading

import pytest

pytest.importorskip("rclpy")

from ddff_perception.ros.worker import Worker

PATIENCE_S = 30.0


class Gate:
    """Work that waits until it is let through, and notes what it got."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = threading.Event()
        self.entered = threading.Event()

    def work(self, items: list[int]) -> None:
        self.entered.set()
        assert self.open.wait(PATIENCE_S)
        self.batches.append(items)


def fail(error: Exception) -> None:
    raise AssertionError from error


def test_only_the_newest_waits_in_one_slot_and_the_others_are_counted() -> None:
    gate, dropped = Gate(), []
    worker = Worker("w", gate.work, failed=fail, dropped=dropped.append)
    worker.put(1)
    assert gate.entered.wait(PATIENCE_S)
    for number in (2, 3, 4):
        worker.put(number)
    gate.open.set()
    assert worker.wait_idle(PATIENCE_S)
    assert gate.batches == [[1], [4]]
    assert dropped == [2, 3]
    assert worker.stop()


def test_a_larger_queue_hands_over_all_that_waits_oldest_first() -> None:
    gate, dropped = Gate(), []
    worker = Worker("w", gate.work, capacity=3, failed=fail, dropped=dropped.append)
    worker.put(0)
    assert gate.entered.wait(PATIENCE_S)
    for number in range(1, 6):
        worker.put(number)
    gate.open.set()
    assert worker.wait_idle(PATIENCE_S)
    assert gate.batches == [[0], [3, 4, 5]]
    assert dropped == [1, 2]
    worker.stop()


def test_an_exception_is_reported_and_the_thread_goes_on() -> None:
    errors: list[Exception] = []
    results: list[int] = []

    def work(items: list[int]) -> None:
        if items == [1]:
            raise ValueError("one")
        results.extend(items)

    worker = Worker("w", work, failed=errors.append)
    worker.put(1)
    assert worker.wait_idle(PATIENCE_S)
    worker.put(2)
    assert worker.wait_idle(PATIENCE_S)
    assert [str(error) for error in errors] == ["one"]
    assert results == [2]
    worker.stop()


def test_waking_works_on_nothing() -> None:
    gate = Gate()
    gate.open.set()
    worker = Worker("w", gate.work, failed=fail)
    worker.wake()
    assert worker.wait_idle(PATIENCE_S)
    assert gate.batches == [[]]
    worker.stop()


def test_stopping_lets_the_work_at_hand_end_and_forgets_the_rest() -> None:
    gate = Gate()
    worker = Worker("w", gate.work, failed=fail)
    worker.put(1)
    assert gate.entered.wait(PATIENCE_S)
    worker.put(2)
    assert not worker.stop(timeout_s=0.01)
    gate.open.set()
    assert worker.stop(PATIENCE_S)
    assert gate.batches == [[1]]
    assert worker.stop()


def test_clearing_forgets_what_waits() -> None:
    gate = Gate()
    worker = Worker("w", gate.work, capacity=5, failed=fail)
    worker.put(1)
    assert gate.entered.wait(PATIENCE_S)
    worker.put(2)
    worker.put(3)
    assert worker.clear() == 2
    gate.open.set()
    assert worker.wait_idle(PATIENCE_S)
    assert gate.batches == [[1]]
    worker.stop()
