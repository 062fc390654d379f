"""Time maps without jumps."""

import numpy as np
import pytest

from ddff_perception.alignment.matching.smoothing import RateFilter, smoothed

TIMES = np.arange(300) / 10


def test_noise_of_matches_is_smoothed_and_time_never_goes_back():
    true = 5.0 + TIMES * 0.8
    measured = true + np.random.default_rng(0).normal(0, 0.3, 300)
    found, rate = smoothed(TIMES, measured)
    assert np.abs(found - true).mean() < 0.5 * np.abs(measured - true).mean()
    assert (np.diff(found) >= 0).all()
    assert np.median(rate) == pytest.approx(0.8, abs=0.1)


def test_a_stop_is_a_rate_of_nothing():
    true = np.concatenate([TIMES[:100], np.full(100, TIMES[100]), TIMES[100:200]])
    found, rate = smoothed(TIMES, true)
    assert np.abs(found - true).max() < 0.3
    assert (rate[120:180] < 0.1).all() and (rate >= 0).all()


def test_the_live_filter_follows_a_change_of_speed_and_is_not_driven_backwards():
    follow = RateFilter()
    for time in TIMES:
        follow.step(0.1, float(time * 2.0))
    assert follow.state[1] == pytest.approx(2.0, abs=0.1)
    follow.step(0.1, float("nan"))
    for _ in range(100):
        follow.step(0.1, 0.0)
    assert follow.state[1] == 0.0
