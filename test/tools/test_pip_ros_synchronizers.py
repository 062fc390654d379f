"""Behaviour of message_filters' time synchronisers that the package relies on.

The same tests hold for the ROS package and for the stand-in of the pip environment.
"""

import itertools
import random
import time
from pathlib import Path

import message_filters
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_filters import ApproximateTimeSynchronizer, SimpleFilter, TimeSynchronizer
from stamped_messages import at

IS_STAND_IN = "pip_ros" in Path(message_filters.__file__).parts


def inputs_and_sets(number, make):
    """`number` inputs, and the list that collects the sets of `make(inputs)`."""
    inputs = [SimpleFilter() for _ in range(number)]
    found = []
    synchronizer = make(inputs)
    synchronizer.registerCallback(lambda *messages: found.append(messages))
    return inputs, found


def exact(number, queue_size=10):
    return inputs_and_sets(number, lambda inputs: TimeSynchronizer(inputs, queue_size))


def approximate(number, queue_size=10, slop=0.1):
    return inputs_and_sets(
        number,
        lambda inputs: ApproximateTimeSynchronizer(inputs, queue_size, slop),
    )


def stamps_of(sets):
    return [tuple(m.ms for m in messages) for messages in sets]


def test_callbacks_get_the_messages_then_their_own_arguments_in_order_of_registration():
    source, calls = SimpleFilter(), []
    first = source.registerCallback(lambda *args: calls.append(args), "first", 1)
    second = source.registerCallback(lambda *args: calls.append(args))
    source.signalMessage("a", "b")
    assert calls == [("a", "b", "first", 1), ("a", "b")]
    assert first != second


# --- TimeSynchronizer -----------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_equal_stamps_make_one_set_in_the_order_of_the_inputs(order):
    inputs, sets = exact(3)
    messages = [at(5, f"input {i}") for i in range(3)]
    for index in order[:-1]:
        inputs[index].signalMessage(messages[index])
    assert sets == []
    inputs[order[-1]].signalMessage(messages[order[-1]])
    assert sets == [tuple(messages)]


def test_stamps_one_nanosecond_apart_are_not_equal():
    inputs, sets = exact(2)
    late = at(5)
    late.header.stamp.nanosec += 1
    inputs[0].signalMessage(at(5))
    inputs[1].signalMessage(late)
    assert sets == []


def test_a_message_is_handed_on_once():
    inputs, sets = exact(2)
    for index in (0, 1, 1):
        inputs[index].signalMessage(at(5))
    assert stamps_of(sets) == [(5, 5)]


def test_the_last_message_of_one_stamp_counts():
    inputs, sets = exact(2)
    inputs[0].signalMessage(at(5, "first"))
    inputs[0].signalMessage(at(5, "second"))
    inputs[1].signalMessage(at(5))
    assert [messages[0].label for messages in sets] == ["second"]


def test_a_full_queue_forgets_its_oldest_stamp():
    inputs, sets = exact(2, queue_size=3)
    for stamp in (0, 10, 20, 30):
        inputs[0].signalMessage(at(stamp))
    for stamp in (0, 10, 20, 30):
        inputs[1].signalMessage(at(stamp))
    assert stamps_of(sets) == [(10, 10), (20, 20), (30, 30)]


def test_a_stamp_older_than_all_of_a_full_queue_is_the_one_forgotten():
    inputs, sets = exact(2, queue_size=2)
    for stamp in (10, 20, 0):
        inputs[0].signalMessage(at(stamp))
    for stamp in (0, 10):
        inputs[1].signalMessage(at(stamp))
    assert stamps_of(sets) == [(10, 10)]


def test_registered_arguments_follow_the_set():
    inputs = [SimpleFilter(), SimpleFilter()]
    synchronizer, calls = TimeSynchronizer(inputs, queue_size=2), []
    synchronizer.registerCallback(lambda *args: calls.append(args), "extra")
    left, right = at(5), at(5)
    inputs[0].signalMessage(left)
    inputs[1].signalMessage(right)
    assert calls == [(left, right, "extra")]


def test_a_set_ends_older_incomplete_ones():
    inputs, sets = exact(2)
    inputs[0].signalMessage(at(0))
    inputs[1].signalMessage(at(10))
    inputs[0].signalMessage(at(10))
    inputs[1].signalMessage(at(0))
    if not IS_STAND_IN and stamps_of(sets) == [(10, 10), (0, 0)]:
        pytest.skip("message_filters before 4.11.10 still completes older sets")
    assert stamps_of(sets) == [(10, 10)]


def test_stamps_that_go_back_after_a_set_still_match():
    inputs, sets = exact(2)
    for stamp in (1000, 0):
        for source in inputs:
            source.signalMessage(at(stamp))
    assert stamps_of(sets) == [(1000, 1000), (0, 0)]


def test_a_callback_that_raises_does_not_block_the_next_set():
    if not IS_STAND_IN:
        pytest.skip("the ROS package keeps its lock when a callback raises")
    inputs, calls = [SimpleFilter(), SimpleFilter()], []
    synchronizer = TimeSynchronizer(inputs, 5)

    def fail_once(left, _right):
        calls.append(left.ms)
        if len(calls) == 1:
            raise RuntimeError("first set")

    synchronizer.registerCallback(fail_once)
    inputs[0].signalMessage(at(0))
    with pytest.raises(RuntimeError, match="first set"):
        inputs[1].signalMessage(at(0))
    for source in inputs:
        source.signalMessage(at(10))
    assert calls == [0, 10]


# --- ApproximateTimeSynchronizer ------------------------------------------------------------


@pytest.mark.parametrize(("offset_ms", "matches"), [(0, True), (99, True), (101, False)])
@pytest.mark.parametrize("first", [0, 1])
def test_stamps_match_within_the_slop(offset_ms, matches, first):
    inputs, sets = approximate(2, slop=0.1)
    stamps = (1000, 1000 + offset_ms)
    for index in (first, 1 - first):
        inputs[index].signalMessage(at(stamps[index]))
    assert stamps_of(sets) == ([stamps] if matches else [])


def test_the_nearest_of_several_messages_is_taken():
    inputs, sets = approximate(2, slop=0.1)
    for stamp in (960, 1010, 1050):
        inputs[0].signalMessage(at(stamp))
    inputs[1].signalMessage(at(1000))
    assert stamps_of(sets) == [(1010, 1000)]


def test_a_matched_message_is_not_used_again_but_the_others_are():
    inputs, sets = approximate(2, slop=0.1)
    for stamp in (1000, 1010):
        inputs[0].signalMessage(at(stamp))
    for stamp in (1001, 1002, 1003):
        inputs[1].signalMessage(at(stamp))
    assert stamps_of(sets) == [(1000, 1001), (1010, 1002)]


def test_all_stamps_of_a_set_lie_within_the_slop_of_each_other():
    inputs, sets = approximate(3, slop=0.1)
    inputs[0].signalMessage(at(1060))
    inputs[1].signalMessage(at(940))
    inputs[2].signalMessage(at(1000))
    assert sets == []
    inputs[1].signalMessage(at(980))
    assert stamps_of(sets) == [(1060, 980, 1000)]


def test_an_input_takes_a_farther_message_when_the_nearest_fits_no_set():
    inputs, sets = approximate(3, slop=0.1)
    for stamp in (1040, 950):
        inputs[0].signalMessage(at(stamp))
    inputs[1].signalMessage(at(930))
    inputs[2].signalMessage(at(1000))
    assert stamps_of(sets) == [(950, 930, 1000)]


def test_a_full_approximate_queue_forgets_its_oldest_stamp():
    inputs, sets = approximate(2, queue_size=2, slop=0.1)
    for stamp in (0, 1000, 2000):
        inputs[0].signalMessage(at(stamp))
    for stamp in (0, 1000, 2000):
        inputs[1].signalMessage(at(stamp))
    assert stamps_of(sets) == [(1000, 1000), (2000, 2000)]


def test_a_message_older_than_a_full_queue_makes_no_set():
    inputs, sets = approximate(2, queue_size=1, slop=0.1)
    inputs[0].signalMessage(at(1000))
    inputs[1].signalMessage(at(2000))
    inputs[1].signalMessage(at(1000))
    assert sets == []


def test_two_streams_with_offset_and_jitter_pair_up_completely():
    noise = random.Random(0)
    inputs, sets = approximate(2, queue_size=5, slop=0.015)
    arrivals = []
    for k in range(50):
        arrivals.append((33 * k + noise.randint(0, 5), 0, 33 * k))
        arrivals.append((33 * k + 10 + noise.randint(0, 20), 1, 33 * k + noise.randint(-6, 6) + 7))
    for _, index, stamp in sorted(arrivals):
        inputs[index].signalMessage(at(stamp))
    assert len(sets) == 50
    assert all(abs(a.ms - b.ms) < 15 for a, b in sets)


def test_full_queues_that_cannot_match_cost_little():
    if not IS_STAND_IN:
        pytest.skip("the ROS package tries all 100^5 combinations here")
    inputs, sets = approximate(6, queue_size=100, slop=1.0)
    for k in range(100):  # two groups over a second apart, both within a second of the newcomer
        for index in range(5):
            inputs[index].signalMessage(at(1000 + k if index % 2 else 2400 + k, index))
    start = time.thread_time()
    inputs[5].signalMessage(at(1750))
    assert sets == []
    assert time.thread_time() - start < 0.5


@settings(deadline=None, max_examples=150)
@given(
    arrivals=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400)), max_size=40),
    queue_size=st.integers(1, 4),
    slop_ms=st.integers(1, 120),
)
def test_every_possible_set_is_found_and_none_spans_the_slop(arrivals, queue_size, slop_ms):
    inputs, sets = approximate(3, queue_size=queue_size, slop=slop_ms / 1000)
    queues = [set(), set(), set()]
    for index, stamp in arrivals:
        queues[index] = set(sorted({*queues[index], stamp})[-queue_size:])
        candidates = [[stamp] if i == index else sorted(q) for i, q in enumerate(queues)]
        possible = [
            chosen
            for chosen in itertools.product(*candidates)
            if max(chosen) - min(chosen) < slop_ms and stamp in queues[index]
        ]
        before = len(sets)
        inputs[index].signalMessage(at(stamp))
        if not possible:
            assert len(sets) == before
            continue
        assert len(sets) == before + 1
        (chosen,) = stamps_of(sets[before:])
        assert chosen in possible
        distances = [tuple(abs(t - stamp) for t in other) for other in possible]
        assert tuple(abs(t - stamp) for t in chosen) == min(distances)
        for queue, used in zip(queues, chosen, strict=True):
            queue.remove(used)
