"""Recorded images become the same sets as live ones; what has no set is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.capture.set_synchronizer import INCOMPLETE, SetSynchronizer, StampJoiner

MS = 1_000_000


def synchronizer(inputs=3, queue_size=4, slop_s=0.005):
    lost = {}

    def drop(reason, count):
        lost[reason] = lost.get(reason, 0) + count

    names = [str(number) for number in range(inputs)]
    sets = SetSynchronizer(names, drop, queue_size=queue_size, slop_s=slop_s, time_jump_s=1.0)
    return sets, lost


def add(sets, *images):
    """The sets of images (input, milliseconds), as milliseconds."""
    found = []
    for number, stamp in images:
        found += [one for _, one in sets.add(str(number), stamp * MS, stamp)]
    return found


def test_a_set_carries_its_newest_stamp():
    sets, _ = synchronizer()
    add(sets, (2, 102), (0, 100))
    assert list(sets.add("1", 103 * MS, "b")) == [(103 * MS, (100, "b", 102))]


def test_images_that_a_set_leaves_behind_and_those_at_the_end_are_lost():
    sets, lost = synchronizer(slop_s=0.0)
    assert add(sets, (0, 1), (1, 1), (0, 2), (1, 2), (2, 2)) == [(2, 2, 2)]
    assert lost == {INCOMPLETE: 2}
    add(sets, (0, 3))
    sets.flush()
    assert lost == {INCOMPLETE: 3}


def test_what_waits_too_long_is_lost():
    sets, lost = synchronizer()
    for stamp in range(100, 600, 100):
        add(sets, (0, stamp), (2, stamp))
    assert lost == {INCOMPLETE: 2}


def test_one_stamp_from_the_future_costs_one_image():
    sets, lost = synchronizer()
    images = [(number, stamp) for stamp in (100, 200) for number in range(3)]
    images += [(1, 900_000)] + [(number, 300) for number in range(3)]
    assert add(sets, *images) == [(100,) * 3, (200,) * 3, (300,) * 3]
    assert lost == {"stamp far ahead": 1}
    assert sets.from_future == 1


@pytest.mark.parametrize("slop_ns", [0, 7])
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=60),
    st.integers(1, 6),
)
def test_recorded_images_are_joined_as_message_filters_joins_live_ones(slop_ns, images, queue_size):
    message_filters = pytest.importorskip("message_filters")
    from stamped_messages import at

    filters = [message_filters.SimpleFilter() for _ in range(3)]
    live = []
    join = (
        message_filters.ApproximateTimeSynchronizer(filters, queue_size, slop_ns / 1e3)
        if slop_ns
        else message_filters.TimeSynchronizer(filters, queue_size)
    )
    join.registerCallback(lambda *found: live.append(tuple(m.ms for m in found)))
    joiner = StampJoiner(3, queue_size, slop_ns * MS)
    recorded = []
    for number, stamp in images:
        filters[number].signalMessage(at(stamp))
        for joined in joiner.add(number, stamp * MS, stamp):
            recorded.append(tuple(item for _, item in joined))
    assert recorded == live
