import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.depth_from_focus.learned.sweep_slices import choose_slices
from ddff_perception.types import InputError


def test_a_fitting_sweep_is_put_nearest_first():
    positions = np.linspace(0.2, 2.0, 10)
    assert choose_slices(positions, 10).tolist() == list(range(9, -1, -1))
    assert choose_slices(positions[::-1], 10).tolist() == list(range(10))


def test_a_long_sweep_is_thinned_and_keeps_its_ends():
    positions = np.linspace(0.0, 1.0, 31)
    chosen = choose_slices(positions, 11)
    np.testing.assert_allclose(positions[chosen], np.linspace(1.0, 0.0, 11), atol=1e-9)


def test_a_short_sweep_repeats_its_slices_where_they_are_nearest():
    assert choose_slices([1.0, 0.5, 0.0], 5).tolist() == [0, 0, 1, 1, 2]


def test_stacks_of_a_batch_are_chosen_apart():
    positions = np.array([[0.0, 0.5, 1.0], [1.0, 0.1, 0.0]])
    assert choose_slices(positions, 3).tolist() == [[2, 1, 0], [0, 1, 2]]


@given(st.lists(st.floats(0, 10), min_size=2, max_size=40), st.integers(2, 20))
def test_positions_fall_from_end_to_end(positions, count):
    chosen = np.array(positions)[choose_slices(positions, count)]
    assert chosen.shape == (count,)
    # Positions closer than rounding may come in either order.
    assert (np.diff(chosen) <= 1e-9).all()
    assert chosen[0] == max(positions)
    assert chosen[-1] == min(positions)


def test_what_cannot_be_chosen_from_is_told():
    with pytest.raises(InputError, match="at least two slices"):
        choose_slices([0.0, 1.0], 1)
    for positions in ([1.0], [0.0, np.nan], 3.0):
        with pytest.raises(InputError, match="two or more with finite"):
            choose_slices(positions, 3)
