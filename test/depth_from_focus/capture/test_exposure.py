import numpy as np
import pytest
from thin_lens_sweeps import thin_lens_stack

from ddff_perception.depth_from_focus.capture.exposure import (
    Exposures,
    LiveBalance,
    Nothing,
    balanced,
)
from ddff_perception.types import FocusSlice

FLICKER = np.array([1.0, 0.8, 1.15, 0.75, 1.1, 0.85, 1.2, 0.9, 1.0])


def exposed(factors):
    images = thin_lens_stack().images
    factors = np.resize(factors, len(images))
    return [
        np.clip(image * factor, 0, 255).astype(np.uint8)
        for image, factor in zip(images, factors, strict=True)
    ]


def balance_of(images):
    exposures = Exposures()
    for image in images:
        exposures.add(image)
    return exposures.balance()


def test_a_flicker_is_found_through_a_change_of_focus():
    images = exposed(FLICKER)
    found = balance_of(images)
    exposure = found.gains * np.resize(FLICKER, len(images))
    assert np.ptp(exposure) < 0.03
    assert found.hopeless == ()
    assert found.spread == pytest.approx(0.6, abs=0.05)


def test_slices_of_one_exposure_stay_as_they_are():
    found = balance_of(exposed([1.0]))
    assert (found.gains == 1.0).all() and found.spread == 0.0
    item = FocusSlice(np.full((8, 8), 90, np.uint8), 1.0)
    assert balanced(item, 1.0) is item


@pytest.mark.parametrize(("factor", "offset"), [(0.02, 0), (1.0, 200), (0.0, 0)])
def test_a_slice_that_is_black_or_burnt_out_is_hopeless(factor, offset):
    images = exposed([1.0])
    images[2] = np.clip(images[2] * factor + offset, 0, 255).astype(np.uint8)
    found = balance_of(images)
    assert found.hopeless == (2,)
    assert (found.gains == 1.0).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_levels_are_multiplied_and_clipped_at_full_scale(dtype):
    top = np.iinfo(dtype).max
    image = np.array([[0, top // 4, top // 2, top]], dtype)
    made = balanced(FocusSlice(image, 1.0), 1.5).image
    assert made.dtype == dtype
    np.testing.assert_allclose(made[0], np.minimum(image[0] * 1.5, top), atol=1)


def test_nothing_is_where_every_slice_is_black_or_burnt_out():
    nothing = Nothing()
    for image in exposed([1.0]):
        image[:12] = 0
        image[-12:, :20] = 255
        image[40, 40] = 0  # a dark pixel is none
        nothing.add(image)
    expected = np.zeros(image.shape[:2], bool)
    expected[:12], expected[-12:, :20] = True, True
    np.testing.assert_array_equal(nothing.mask() > 0, expected)


def test_what_one_slice_shows_is_something():
    nothing = Nothing()
    for number, image in enumerate(exposed([1.0])):
        if number != 1:
            image[:12] = 0
        nothing.add(image)
    assert nothing.mask() is None
    assert Nothing().mask() is None


def live_gains(balance, factors):
    return [balance.gain(slot, image) for slot, image in enumerate(exposed(factors))]


def test_a_flicker_is_balanced_live_from_the_second_sweep_on():
    balance = LiveBalance()
    live_gains(balance, FLICKER)
    gains = live_gains(balance, FLICKER[::-1])
    exposure = np.array(gains) * FLICKER[::-1]
    assert np.ptp(exposure[3:]) < 0.06


def test_slices_of_one_exposure_stay_as_they_are_live():
    balance = LiveBalance()
    assert set(live_gains(balance, [1.0]) + live_gains(balance, [1.0])) == {1.0}


def test_an_exposure_that_stays_changed_is_followed_within_a_sweep():
    balance = LiveBalance()
    live_gains(balance, [1.0])
    assert None in live_gains(balance, [0.15])
    assert live_gains(balance, [0.15])[-1] == pytest.approx(1.0, abs=0.05)


def test_a_black_slice_is_left_out_live_and_another_size_begins_anew():
    balance = LiveBalance()
    live_gains(balance, [1.0])
    assert balance.gain(2, np.zeros_like(exposed([1.0])[0])) is None
    balance.reset()
    assert balance.gain(0, np.full((40, 30), 90, np.uint8)) == 1.0
