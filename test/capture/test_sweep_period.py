from ddff_perception.capture.sweep_period import SweepPeriod


def swept(*places, step=10):
    sweep = SweepPeriod()
    for number, place in enumerate(places):
        sweep.visit(place, number * step)
    return sweep


def test_a_sweep_lasts_until_its_places_come_again():
    assert swept(0, 1, 2).period_ns is None
    assert swept(0, 1, 2, 0, 1, 2).period_ns == 30


def test_images_in_a_row_at_one_place_are_one_visit():
    assert swept(0, 0, 0, 1, 1, 1, 0, 0).period_ns == 60
    assert swept(0, 0, 0, 0).period_ns is None


def test_there_and_back_the_ends_are_away_longest():
    assert swept(0, 1, 2, 3, 2, 1, 0).period_ns == 60


def test_only_what_lasts_longer_than_the_sweep_is_a_pause():
    sweep = swept(0, 1, 2, 0, 1)
    assert not sweep.is_pause(30, True) and sweep.is_pause(31, False)
    sweep.interrupt()
    assert sweep.is_pause(31, False)
    sweep.reset()
    assert not sweep.is_pause(10**12, False)


def test_in_the_first_sweep_stamps_that_resume_are_a_pause():
    sweep = swept(0, 1)
    assert sweep.is_pause(10, True) and not sweep.is_pause(10**12, False)
