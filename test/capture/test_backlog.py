from __future__ import annotations

from ddff_perception.capture.backlog import SHARE, Backlog


class Clock:
    """A clock that work moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cycle(backlog: Backlog[int, int], clock: Clock, cost_s: float, result_s: float) -> list[int]:
    """What is worked on for one result, each at `cost_s`; the result takes `result_s`."""
    done = []
    for item in backlog.due():
        clock.now += cost_s
        done.append(item)
    clock.now += result_s
    backlog.earn(result_s)
    return done


def test_without_load_everything_is_worked_on_as_it_comes() -> None:
    clock = Clock()
    backlog: Backlog[int, int] = Backlog(clock)
    for number in range(5):
        backlog.put(number % 3, number)
        assert cycle(backlog, clock, 1.0, 1.0) == [number]
    assert len(backlog) == 0


def test_cheap_items_all_enter_before_a_slow_result() -> None:
    clock = Clock()
    backlog: Backlog[int, int] = Backlog(clock)
    number = 0
    for _ in range(4):
        for _ in range(8):
            backlog.put(number % 8, number)
            number += 1
        done = cycle(backlog, clock, 0.004, 1.0)
    assert done == list(range(number - 8, number))


def test_costly_items_take_no_more_than_their_share_of_the_time() -> None:
    clock = Clock()
    backlog: Backlog[int, int] = Backlog(clock)
    cycles, extra = 200, 0
    for turn in range(cycles):
        for number in range(4 * turn, 4 * turn + 4):
            backlog.put(number % 8, number)
        done = cycle(backlog, clock, 1.0, 1.0)
        # The newest always, and last: the result is its.
        assert done[-1] == 4 * turn + 3
        extra += len(done) - 1
    # Each cycle takes 2 s, to which the items that are not the newest may add their share.
    assert abs(extra - SHARE * 2.0 * cycles) <= 3


def test_each_key_gets_its_turn_where_the_newest_is_always_of_the_same_two() -> None:
    clock = Clock()
    backlog: Backlog[int, int] = Backlog(clock)
    last_done = dict.fromkeys(range(8), 0)
    for turn in range(800):
        for number in range(4 * turn, 4 * turn + 4):
            backlog.put(number % 8, number)
        for item in cycle(backlog, clock, 1.0, 1.0):
            last_done[item % 8] = turn
    # Six others, of which about every 17th result takes one in.
    assert min(last_done.values()) >= 800 - 110


def test_what_is_left_can_be_done_in_idle_time() -> None:
    backlog: Backlog[str, int] = Backlog(Clock())
    for number, key in enumerate("abca"):
        backlog.put(key, number)
    backlog.discard("b")
    assert [backlog.longest_waiting(), backlog.longest_waiting()] == [3, 2]
    assert backlog.longest_waiting() is None
    backlog.put("d", 4)
    backlog.clear()
    assert list(backlog.due()) == []
