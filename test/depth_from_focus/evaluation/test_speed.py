"""How speed is measured, and what holds on any machine; the numbers themselves: `ddff bench`."""

import numpy as np
import pytest

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.evaluation.speed import measure_speed, synthetic_sweep

SIZE = (160, 120)


def test_each_number_of_slices_is_a_row_and_progress_is_told():
    told = []
    rows = measure_speed("yardstick", (2, 4), SIZE, 3, lambda: told.append(1))
    assert [row.slices for row in rows] == [2, 4]
    assert len(told) == 2
    for row in rows:
        assert (row.method, row.width, row.height) == ("yardstick", *SIZE)
        times = (row.yardstick_slice_ms, row.yardstick_measure_ms, row.slice_ms, row.depth_ms)
        assert min(times) > 0
        assert row.ratio == pytest.approx((row.slice_ms + row.depth_ms) / row.yardstick_slice_ms)
        share = (row.slice_ms + row.depth_ms) / row.yardstick_measure_ms
        assert row.ratio_measure == pytest.approx(share)
        assert row.to_dict()["ratio"] == row.ratio


def test_what_is_kept_per_slice_is_measured():
    (volume,) = measure_speed("yardstick", (4,), SIZE, 3)
    assert volume.kept_bytes_per_slice == pytest.approx(SIZE[0] * SIZE[1] * 4, rel=0.1)
    (ours,) = measure_speed("multiscale", (4,), SIZE, 3)
    # Three bands as float32, and 4 x 4 finer pixels of grey, in each cell.
    cells = (SIZE[0] // 8) * (SIZE[1] // 8) * (3 * 4 + 16)
    assert ours.kept_bytes_per_slice == pytest.approx(cells, rel=0.2)


def test_the_sweep_to_time_is_one_that_depth_can_be_found_in():
    sweep = synthetic_sweep(8, SIZE)
    assert all(item.image.shape == (120, 160, 3) for item in sweep)
    estimator = DepthFromFocus()
    for item in sweep:
        estimator.update(item)
    truth = np.linspace(0.2, 2.0, SIZE[0])[None]
    assert np.median(np.abs(1 / estimator.estimate().depth - truth)) < 0.3


@pytest.mark.alone
def test_many_slices_cost_hardly_more_than_some():
    """The step over the slices: the reason why depth comes at camera rate."""
    some, many = (filled(count) for count in (14, 56))
    # By turns: what else the machine does meets both.
    spent = np.array([(solve_ms(some), solve_ms(many)) for _ in range(40)])
    few_ms, many_ms = spent.min(axis=0)
    assert many_ms < 2.5 * few_ms


def filled(count):
    estimator = DepthFromFocus()
    for item in synthetic_sweep(count, (320, 240)):
        estimator.update(item)
    return estimator


def solve_ms(estimator):
    return estimator.estimate(all_in_focus=False).timings_ms["solve"]
