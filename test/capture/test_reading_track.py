import pytest

from ddff_perception.capture.reading_track import HISTORY, Around, Match, Nearness, ReadingTrack

NEAR = Nearness(tolerance_ns=100, jitter_ns=5)


def track(*stamps):
    result = ReadingTrack()
    for stamp in stamps:
        result.append(stamp, f"at {stamp}")
    return result


@pytest.mark.parametrize(
    ("stamp", "final", "found"),
    [
        (1004, False, Around(Match.PAIRED, 0, same=True)),
        (1040, False, Around(Match.PAIRED, 0, False, 0, 1)),
        (1090, False, Around(Match.PAIRED, 1, False, 0, 1)),
        (1160, False, Around(Match.WAIT)),
        (1160, True, Around(Match.PAIRED, 1, False, 1, None)),
        (1300, True, Around(Match.UNPAIRED)),
        (950, False, Around(Match.PAIRED, 0, False, None, 0)),
        (800, False, Around(Match.UNPAIRED)),
    ],
)
def test_readings_lie_about_a_stamp(stamp, final, found):
    assert track(1000, 1120).around(stamp, NEAR, final) == found


def test_without_readings_one_is_waited_for_unless_none_will_come():
    assert track().around(0, NEAR, False).match is Match.WAIT
    assert track().around(0, NEAR, True).match is Match.UNPAIRED


def test_old_readings_are_forgotten_and_the_newest_stay():
    readings = track(*range(5 * HISTORY))
    assert HISTORY <= len(readings) <= 2 * HISTORY
    assert readings.newest == f"at {5 * HISTORY - 1}"
    readings.clear()
    assert readings.newest is None
