import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddff_perception.depth_from_focus.capture.pairing import FocusReading
from ddff_perception.depth_from_focus.capture.rolling_stack import RollingStack
from ddff_perception.depth_from_focus.capture.slots import SliceRemoved, SliceUpdated, StackCleared
from ddff_perception.types import InputError

MS = 1_000_000
IMAGE = np.zeros((4, 6, 3), np.uint8)


def feed(stack, distances_m, start_ms=0, step_ms=100):
    """One reading and one image per distance, at the same stamp; all events."""
    events = []
    for index, distance in enumerate(distances_m):
        stamp = (start_ms + index * step_ms) * MS
        events += stack.add_focus(FocusReading(stamp, distance))
        events += stack.add_image(stamp, IMAGE)
    return events


def held(stack):
    """Focus distance by slot."""
    return {slot.slot: slot.focus_distance_m for slot in stack.status().slots}


def balanced(stack):
    counters = stack.counters
    dropped = sum(count for name, count in counters.items() if name.startswith("dropped_"))
    return counters["images_in"] == counters["images_used"] + dropped + stack.pending


@pytest.mark.parametrize(
    "order",
    [
        [0.5, 1.0, 2.0, math.inf],
        [math.inf, 2.0, 1.0, 0.5],
        [0.5, 1.0, 2.0, math.inf, 2.0, 1.0, 0.5],
        [2.0, 0.5, math.inf, 1.0, 0.5, 2.0],
    ],
    ids=["up", "down", "ping-pong", "random"],
)
def test_any_order_of_the_sweep_gives_one_slice_per_distance(order):
    stack = RollingStack()
    feed(stack, order)
    assert sorted(held(stack).values()) == [0.5, 1.0, 2.0, math.inf]
    assert sorted(held(stack)) == [0, 1, 2, 3]
    assert stack.counters["images_used"] == len(order)


def test_a_distance_seen_again_renews_its_slot_without_copying_the_image():
    stack = RollingStack()
    feed(stack, [0.5, 1.0])
    image = IMAGE.copy()
    stack.add_focus(FocusReading(900 * MS, 0.501))
    (event,) = stack.add_image(900 * MS, image)
    assert isinstance(event, SliceUpdated)
    assert (event.slot, event.weight, event.item.stamp_ns) == (0, 1.0, 900 * MS)
    assert event.item.image is image
    assert event.item.focus_distance_m == 0.501


def test_distances_beyond_the_tolerance_are_two_slices():
    stack = RollingStack({"distance_tolerance_dpt": 0.05})
    feed(stack, [1.0, 1 / 1.04, 1 / 1.1])
    assert len(stack) == 2


def test_the_relative_tolerance_grows_with_the_dioptres():
    stack = RollingStack({"distance_tolerance_dpt": 0.0, "distance_tolerance_rel": 0.02})
    feed(stack, [0.1, 0.1015, 1.0, 1.03])
    assert sorted(held(stack).values()) == [0.1015, 1.0, 1.03]


def test_a_slice_between_two_slots_replaces_both():
    stack = RollingStack({"distance_tolerance_dpt": 0.1})
    events = feed(stack, [1.0, 1 / 1.15, 1 / 1.07])
    assert [type(event) for event in events] == [SliceUpdated] * 2 + [SliceRemoved, SliceUpdated]
    assert list(held(stack).values()) == [1 / 1.07]
    assert stack.counters["slices_merged"] == 1


def test_old_slices_age_out_and_their_numbers_are_used_again():
    stack = RollingStack({"max_age_s": 0.25})
    events = feed(stack, [0.5, 1.0, 2.0, 3.0])
    assert events[-1] == SliceRemoved(0)
    assert feed(stack, [4.0], start_ms=400)[0].slot == 0
    assert stack.counters["slices_aged_out"] == 2


def test_no_age_limit_keeps_slices():
    stack = RollingStack({"max_age_s": 0.0})
    feed(stack, [0.5, 0.7, 1.0], step_ms=3_600_000)
    assert sorted(held(stack).values()) == [0.5, 1.0]
    assert stack.counters["dropped_ahead"] == stack.counters["focus_ahead"] == 1


def test_the_slice_renewed_longest_ago_makes_room():
    stack = RollingStack({"max_slices": 2})
    feed(stack, [0.5, 1.0, 0.5, 2.0])
    assert sorted(held(stack).values()) == [0.5, 2.0]
    assert stack.counters["slices_evicted"] == 1


def test_images_wait_for_a_reading_that_comes_after_them():
    stack = RollingStack()
    assert stack.add_image(10 * MS, IMAGE) == []
    assert stack.pending == 1
    (event,) = stack.add_focus(FocusReading(12 * MS, 0.7))
    assert event.item.focus_distance_m == 0.7
    assert event.item.stamp_ns == 10 * MS


def test_images_without_any_focus_state_are_counted_and_bounded():
    stack = RollingStack({"queue_size": 5, "pairing_wait_s": 60.0})
    for index in range(50):
        assert stack.add_image(index * MS, IMAGE) == []
    assert stack.pending == 5
    assert stack.counters["dropped_waiting_for_focus"] == 45
    assert stack.flush() == []
    assert stack.counters["dropped_waiting_for_focus"] == 50


def test_an_image_far_from_every_reading_is_unpaired():
    stack = RollingStack({"pairing_tolerance_s": 0.02})
    stack.add_focus(FocusReading(0, 0.5))
    stack.add_image(30 * MS, IMAGE)
    stack.add_focus(FocusReading(70 * MS, 0.5))
    assert stack.counters["dropped_unpaired"] == 1


def test_nearest_takes_the_nearer_reading():
    stack = RollingStack({"distance_tolerance_dpt": 0.01, "stamp_jitter_s": 0.0})
    stack.add_focus(FocusReading(0, 1.0))
    stack.add_image(10 * MS, IMAGE)
    (event,) = stack.add_focus(FocusReading(40 * MS, 2.0))
    assert event.item.focus_distance_m == 1.0


def test_an_image_just_before_the_lens_is_seen_elsewhere_was_taken_while_it_moved():
    stack = RollingStack()
    stack.add_focus(FocusReading(0, 1.0))
    stack.add_image(30 * MS, IMAGE)
    assert stack.add_focus(FocusReading(40 * MS, 2.0)) == []
    assert stack.counters["dropped_moving"] == 1


def test_unsettled_frames_are_dropped():
    stack = RollingStack()
    stack.add_focus(FocusReading(0, 1.0, settled=False))
    stack.add_image(0, IMAGE)
    stack.add_focus(FocusReading(100 * MS, math.nan, settled=False))
    stack.add_image(100 * MS, IMAGE)
    assert stack.counters["dropped_moving"] == 2
    assert stack.counters["focus_invalid"] == 0


@pytest.mark.parametrize("by", ["distance", "position"])
def test_frames_within_the_settle_time_after_a_move_are_dropped(by):
    stack = RollingStack({"settle_time_s": 0.1})
    used = []
    for index in range(12):
        second = index >= 6
        distance = 2.0 if second and by == "distance" else 1.0
        position = 20.0 if second and by == "position" else 10.0
        stamp = index * 33 * MS
        stack.add_focus(FocusReading(stamp, distance, position))
        if any(isinstance(event, SliceUpdated) for event in stack.add_image(stamp, IMAGE)):
            used.append(index)
    assert used == [4, 5, 10, 11]
    assert stack.counters["dropped_moving"] == 8


def test_interpolation_is_linear_in_dioptres_and_waits_for_both_sides():
    stack = RollingStack({"pairing": "interpolated", "keep_moving": True})
    stack.add_focus(FocusReading(0, math.inf, 100.0))
    assert stack.add_image(30 * MS, IMAGE) == []
    (event,) = stack.add_focus(FocusReading(40 * MS, 0.5, 140.0))
    assert event.item.focus_distance_m == pytest.approx(1 / 1.5)
    assert stack.status().slots[0].lens_position == pytest.approx(130.0)


def test_interpolation_between_two_positions_drops_the_frame_of_a_stepping_lens():
    stack = RollingStack({"pairing": "interpolated"})
    stack.add_focus(FocusReading(0, 1.0))
    stack.add_image(20 * MS, IMAGE)
    stack.add_focus(FocusReading(40 * MS, 0.5))
    assert stack.counters["dropped_moving"] == 1


def test_a_lens_that_stops_moving_keeps_its_slots_until_they_age_out():
    stack = RollingStack({"max_age_s": 1.0})
    feed(stack, [0.5, 1.0, 2.0])
    feed(stack, [2.0] * 7, start_ms=300)
    status = stack.status()
    assert len(status.slots) == 3
    assert status.lens_still_s == pytest.approx(0.7)
    feed(stack, [2.0] * 5, start_ms=1000)
    assert list(held(stack).values()) == [2.0]


@pytest.mark.parametrize("image", [IMAGE[:, :5], IMAGE[..., 0], IMAGE.astype(np.uint16)])
def test_another_size_or_type_starts_a_new_stack(image):
    stack = RollingStack()
    feed(stack, [0.5, 1.0])
    stack.add_focus(FocusReading(200 * MS, 2.0))
    cleared, updated = stack.add_image(200 * MS, image)
    assert cleared == StackCleared("size_change")
    assert (updated.slot, updated.item.focus_distance_m) == (0, 2.0)
    assert stack.counters["size_changes"] == 1


def test_repeated_stamps_are_ignored():
    stack = RollingStack()
    feed(stack, [0.5])
    assert stack.add_image(0, IMAGE) == []
    assert stack.add_focus(FocusReading(0, 3.0)) == []
    assert stack.counters["dropped_repeated"] == 1
    assert stack.counters["focus_repeated"] == 1
    assert list(held(stack).values()) == [0.5]


def test_images_out_of_order_are_sorted_while_they_wait_and_dropped_after():
    stack = RollingStack()
    stack.add_image(20 * MS, IMAGE)
    stack.add_image(10 * MS, IMAGE)
    stack.add_image(20 * MS, IMAGE)
    events = stack.add_focus(FocusReading(20 * MS, 1.0))
    assert [event.item.stamp_ns for event in events] == [10 * MS, 20 * MS]
    stack.add_image(15 * MS, IMAGE)
    assert stack.counters["dropped_out_of_order"] == 1
    assert stack.counters["dropped_repeated"] == 1
    assert balanced(stack)


@pytest.mark.parametrize("first", ["image", "focus"])
def test_stamps_that_jump_back_start_a_new_stack_once(first):
    stack = RollingStack()
    feed(stack, [0.5, 1.0, 2.0], start_ms=60_000)
    stack.add_image(60_300 * MS, IMAGE)
    reading = FocusReading(0, 4.0)
    if first == "focus":
        events = stack.add_focus(reading) + stack.add_image(0, IMAGE)
    else:
        events = stack.add_image(0, IMAGE) + stack.add_focus(reading)
    assert events[0] == StackCleared("time_jump")
    assert list(held(stack).values()) == [4.0]
    assert stack.counters["time_jumps"] == 1
    assert stack.counters["dropped_cleared"] == 1
    assert balanced(stack)


def test_one_stamp_from_the_far_future_leaves_the_stack_alone_and_is_counted():
    stack = RollingStack()
    feed(stack, [0.5, 1.0, 2.0])
    future = 10**15 * MS
    assert stack.add_focus(FocusReading(future, 4.0)) == []
    assert stack.add_image(future, IMAGE) == []
    feed(stack, [0.5], start_ms=300)
    assert sorted(held(stack).values()) == [0.5, 1.0, 2.0]
    assert stack.counters["stamps_from_future"] == 2
    assert stack.counters["time_jumps"] == stack.counters["slices_aged_out"] == 0
    assert balanced(stack)


SWEEP = [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize("pause_ms", [500, 900, 8000])
def test_what_is_older_than_a_sweep_is_forgotten_when_input_begins_again(pause_ms):
    stack = RollingStack()
    feed(stack, SWEEP * 2)
    stack.add_image(750 * MS, IMAGE)
    start = 700 + pause_ms
    events = feed(stack, SWEEP[:3], start_ms=start)
    assert StackCleared("pause") in events
    assert all(slot.stamp_ns >= start * MS for slot in stack.status().slots)
    assert stack.counters["pauses"] == 1
    assert balanced(stack)


def test_what_came_of_a_first_sweep_is_forgotten_after_a_pause_unless_slices_are_kept():
    for max_age_s, slices in ((20.0, [2.0]), (0.0, [0.5, 1.0, 2.0])):
        stack = RollingStack({"max_age_s": max_age_s})
        feed(stack, [0.5, 1.0])
        feed(stack, [4.0, 2.0], start_ms=5000)
        assert sorted(held(stack).values()) == slices


def test_a_gap_shorter_than_the_sweep_keeps_the_slices():
    stack = RollingStack()
    feed(stack, SWEEP * 2)
    feed(stack, SWEEP[:1], start_ms=1050)
    assert len(stack) == 4 and stack.counters["pauses"] == 0


def test_images_that_nobody_had_time_for_are_no_pause():
    stack = RollingStack()
    feed(stack, SWEEP * 2)
    for stamp in range(800, 2000, 100):
        assert stack.skip_image(stamp * MS) == []
    feed(stack, SWEEP[:1], start_ms=2000)
    assert len(stack) == 4 and stack.counters["pauses"] == 0


@pytest.mark.parametrize("distance", [math.nan, 0.0, -1.0, -math.inf, 1e-320])
def test_impossible_focus_distances_are_rejected(distance):
    stack = RollingStack()
    assert feed(stack, [distance]) == []
    assert stack.counters["focus_invalid"] == 1
    assert feed(stack, [1.0], start_ms=500)


def test_unknown_distances_are_told_apart_by_lens_position():
    stack = RollingStack({"allow_unknown": True})
    for index, position in enumerate([10.0, 20.0, 10.0]):
        stack.add_focus(FocusReading(index * 100 * MS, math.nan, position))
        stack.add_image(index * 100 * MS, IMAGE)
    status = stack.status()
    assert [slot.lens_position for slot in status.slots] == [10.0, 20.0]
    assert all(math.isnan(slot.focus_distance_m) for slot in status.slots)


def test_without_distance_and_position_the_newest_images_are_the_stack():
    stack = RollingStack({"allow_unknown": True, "max_slices": 3})
    feed(stack, [math.nan] * 5)
    assert [slot.stamp_ns // MS for slot in stack.status().slots] == [200, 300, 400]


def test_a_known_distance_ends_a_stack_of_unknown_ones_and_is_not_mixed_again():
    stack = RollingStack({"allow_unknown": True})
    events = feed(stack, [math.nan, math.nan, 1.0, math.nan])
    assert StackCleared("focus_kind") in events
    assert list(held(stack).values()) == [1.0]
    assert stack.counters["dropped_unpaired"] == 1


@pytest.mark.parametrize(
    "image",
    [IMAGE.astype(np.float32), IMAGE[0, 0], np.zeros((0, 5), np.uint8), np.zeros((4, 4, 4), "u1")],
)
def test_arrays_that_are_no_image_are_dropped(image):
    stack = RollingStack()
    assert stack.add_image(0, image) == []
    assert stack.counters["dropped_bad_image"] == 1


def test_reset_forgets_slices_and_goes_on():
    stack = RollingStack()
    feed(stack, [0.5, 1.0], start_ms=5000)
    assert stack.reset() == [StackCleared("reset")]
    feed(stack, [2.0])
    assert list(held(stack).values()) == [2.0]
    assert stack.counters["images_used"] == 3


def test_status_reports_ages_and_the_share_of_the_sweep_that_is_held():
    stack = RollingStack({"max_age_s": 0.0})
    for index, distance in enumerate([0.5, 1.0, 2.0, 4.0]):
        stack.add_focus(FocusReading(index * 100 * MS, distance))
        if distance != 2.0:
            stack.add_image(index * 100 * MS, IMAGE)
    status = stack.status()
    assert status.coverage == pytest.approx(0.75)
    assert [slot.focus_distance_m for slot in status.slots] == [4.0, 1.0, 0.5]
    assert [slot.age_s for slot in status.slots] == pytest.approx([0.0, 0.2, 0.3])
    assert status.focus_age_s == 0.0


def test_configure_changes_the_limits_of_a_stack_that_runs():
    stack = RollingStack()
    feed(stack, [0.5, 1.0, 2.0, 4.0])
    stack.configure({"max_slices": 2})
    feed(stack, [0.5], start_ms=400)
    assert sorted(held(stack).values()) == [0.5, 4.0]
    with pytest.raises(InputError, match="max_slices"):
        stack.configure({"max_slices": 0})


def test_an_hour_of_readings_stays_in_bounded_memory():
    stack = RollingStack({"max_age_s": 0.0})
    feed(stack, [1.0, 2.0] * 5000, step_ms=10)
    assert len(stack._track) <= 2048
    assert stack.counters["images_used"] == 10_000


distances = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.2, 0.25, 0.5, 1.0, math.inf])
)
stamps = st.one_of(st.integers(0, 3000), st.integers(0, 40)).map(lambda ms: ms * MS)
readings = st.builds(FocusReading, stamps, distances, st.floats(allow_nan=True), st.booleans())
shapes = st.sampled_from([(4, 6, 3), (4, 6, 3), (4, 6, 3), (4, 6), (5, 6, 3), (0, 3), (4,)])
images = st.tuples(stamps, shapes.map(lambda shape: np.zeros(shape, np.uint8)))
configurations = st.fixed_dictionaries(
    {
        "pairing": st.sampled_from(["nearest", "interpolated"]),
        "keep_moving": st.booleans(),
        "allow_unknown": st.booleans(),
        "max_slices": st.integers(1, 5),
        "queue_size": st.integers(1, 6),
        "settle_time_s": st.sampled_from([0.0, 0.05]),
        "max_age_s": st.sampled_from([0.0, 0.5]),
        "distance_tolerance_rel": st.sampled_from([0.0, 0.3]),
    }
)


@settings(max_examples=250, deadline=None)
@given(configurations, st.lists(st.one_of(readings, images), max_size=60))
def test_any_sequence_keeps_the_books_and_the_bounds(configuration, inputs):
    stack = RollingStack(configuration)
    mirror = {}
    for entry in inputs:
        events = (
            stack.add_focus(entry) if isinstance(entry, FocusReading) else stack.add_image(*entry)
        )
        apply(mirror, events)
        check(stack, mirror, configuration)
    apply(mirror, stack.flush())
    check(stack, mirror, configuration)
    assert stack.pending == 0


def apply(mirror, events):
    """What an estimator that follows the events would hold."""
    for event in events:
        if isinstance(event, StackCleared):
            mirror.clear()
        elif isinstance(event, SliceRemoved):
            del mirror[event.slot]
        else:
            mirror[event.slot] = event.item


def check(stack, mirror, configuration):
    slots = stack.status().slots
    assert balanced(stack)
    assert stack.pending <= configuration["queue_size"]
    assert len(slots) <= configuration["max_slices"]
    assert {slot.slot: slot.stamp_ns for slot in slots} == {
        number: item.stamp_ns for number, item in mirror.items()
    }
    assert all(0 <= number < 3 * configuration["max_slices"] for number in mirror)
    assert len({item.image.shape for item in mirror.values()}) <= 1
    known = sorted(1 / slot.focus_distance_m for slot in slots)
    if known and not any(math.isnan(value) for value in known):
        relative = configuration["distance_tolerance_rel"]
        gaps = [b - a - max(0.01, relative * b) for a, b in pairwise(known)]
        assert all(gap > 0 for gap in gaps)
