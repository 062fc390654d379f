import math

import pytest

from ddff_perception.capture.reading_track import Match, Nearness
from ddff_perception.reflection.capture.filter_angles import FilterTrack, axis_difference

MS = 1_000_000
RULE = (Nearness(tolerance_ns=100 * MS, jitter_ns=5 * MS), 10.0)


def track(*readings):
    result = FilterTrack()
    for milliseconds, angle in readings:
        result.append(milliseconds * MS, angle)
    return result


def test_a_reading_of_the_same_instant_is_taken_as_it_is():
    assert track((100, 45.0), (150, 90.0)).at(104 * MS, *RULE, False) == (Match.PAIRED, 45.0)


def test_a_slowly_turning_filter_is_interpolated():
    found, angle = track((100, 40.0), (150, 45.0)).at(130 * MS, *RULE, False)
    assert found is Match.PAIRED
    assert angle == pytest.approx(43.0)


def test_the_shorter_way_across_180_degrees_is_taken():
    found, angle = track((100, 178.0), (150, 2.0)).at(125 * MS, *RULE, False)
    assert found is Match.PAIRED
    assert angle % 180.0 == pytest.approx(0.0)


def test_frames_while_the_filter_turns_fast_have_no_angle():
    assert track((100, 0.0), (150, 45.0)).at(125 * MS, *RULE, False)[0] is Match.MOVING


def test_a_later_reading_is_waited_for_and_at_the_end_it_is_not():
    readings = track((50, 30.0), (100, 30.0))
    assert readings.at(130 * MS, *RULE, False)[0] is Match.WAIT
    assert readings.at(130 * MS, *RULE, True) == (Match.PAIRED, 30.0)
    assert readings.at(300 * MS, *RULE, True)[0] is Match.UNPAIRED
    turning = track((50, 0.0), (100, 45.0))
    assert turning.at(130 * MS, *RULE, True)[0] is Match.MOVING


def test_without_readings_there_is_no_angle():
    found, angle = FilterTrack().at(0, *RULE, True)
    assert found is Match.UNPAIRED
    assert math.isnan(angle)


def test_axes_differ_by_at_most_90_degrees():
    assert axis_difference(170.0, 10.0) == pytest.approx(-20.0)
    assert axis_difference(361.0, 1.0) == pytest.approx(0.0)
