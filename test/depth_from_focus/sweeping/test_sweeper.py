import math
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.depth_from_focus.sweeping.sweeper import (
    LensDrive,
    MoveTo,
    Phase,
    Settled,
    SweepController,
    SweepSettings,
)
from ddff_perception.optics.lens_table import LensTable
from ddff_perception.types import InputError

MS = 1_000_000


def visits(order, count, distances=(1.0, 2.0, 4.0), seed=0):
    return list(islice(SweepSettings(list(distances), order=order, seed=seed).visits(), count))


def controller(confirm_timeout_s=0.0, drive=None, distances=(0.5, 1.0, math.inf)):
    plan = SweepSettings(list(distances), order="up", dwell_s=0.1, settle_time_s=0.05)
    return SweepController(plan, drive, confirm_timeout_s)


def run(sweep, until_ms, start_ms=0, step_ms=10):
    """(time in ms, command) of every command until a time."""
    found = []
    for now in range(start_ms, until_ms, step_ms):
        found += [(now, command) for command in sweep.step(now * MS)]
    return found


def test_a_range_is_even_in_dioptres_and_reaches_both_ends():
    plan = SweepSettings(near_m=0.25, steps=5)
    np.testing.assert_allclose([1 / d for d in plan.distances()], [4, 3, 2, 1, 0])


def test_orders():
    assert visits("up", 5) == [1, 2, 4, 1, 2]
    assert visits("down", 5) == [4, 2, 1, 4, 2]
    assert visits("ping_pong", 9) == [1, 2, 4, 2, 1, 2, 4, 2, 1]


def test_ping_pong_of_one_and_two_distances():
    assert visits("ping_pong", 3, (2.0,)) == [2, 2, 2]
    assert visits("ping_pong", 4, (2.0, 1.0)) == [1, 2, 1, 2]


@given(st.integers(0, 1000))
def test_random_sweeps_visit_each_distance_once_and_never_twice_in_a_row(seed):
    found = visits("random", 40, (1.0, 2.0, 3.0, 4.0), seed)
    assert all(sorted(found[i : i + 4]) == [1, 2, 3, 4] for i in range(0, 40, 4))
    assert all(a != b for a, b in pairwise(found))
    assert found == visits("random", 40, (1.0, 2.0, 3.0, 4.0), seed)


def test_parameters_make_the_sweep():
    plan = SweepSettings(near_m=0.5, far_m=2.0, steps=4, order="down")
    np.testing.assert_allclose([1 / d for d in plan.distances()], [2, 1.5, 1, 0.5])
    assert plan.order == "down"
    listed = SweepSettings.from_values(SweepSettings.table().parse(["distances_m=2,0.5,inf"]))
    assert listed.distances() == [0.5, 2.0, math.inf]


@pytest.mark.parametrize(
    "values",
    [{"near_m": 2.0, "far_m": 1.0}, {"distances_m": [-1.0]}, {"order": "sideways"}, {"steps": 1}],
)
def test_plans_that_no_lens_can_follow_are_refused(values):
    with pytest.raises(InputError):
        SweepSettings.from_values(values)


def test_a_sweep_moves_settles_and_dwells_at_each_distance():
    sweep = controller()
    assert sweep.start(0) == [MoveTo(2.0, 0.5)]
    assert run(sweep, 360) == [
        (50, Settled(2.0, 0.5, 50 * MS, 150 * MS)),
        (150, MoveTo(1.0, 1.0)),
        (200, Settled(1.0, 1.0, 200 * MS, 300 * MS)),
        (300, MoveTo(0.0, math.inf)),
        (350, Settled(0.0, math.inf, 350 * MS, 450 * MS)),
    ]


def test_due_says_when_something_happens_next():
    sweep = controller()
    assert sweep.due_ns is None
    sweep.start(7 * MS)
    assert sweep.due_ns == 57 * MS
    assert sweep.step(sweep.due_ns - 1) == []
    assert len(sweep.step(57 * MS)) == 1
    assert sweep.due_ns == 157 * MS


def test_readings_say_where_the_lens_goes_and_whether_it_rests():
    sweep = controller()
    before = sweep.reading(0)
    assert math.isnan(before.focus_distance_m)
    assert not before.settled
    sweep.start(0)
    moving = sweep.reading(10 * MS)
    assert (moving.focus_distance_m, moving.lens_position, moving.settled) == (0.5, 2.0, False)
    run(sweep, 60)
    assert sweep.reading(60 * MS).settled
    assert sweep.reading(60 * MS).stamp_ns == 60 * MS


def test_one_distance_ends_the_sweep_and_holds():
    sweep = controller()
    sweep.start(0)
    assert sweep.set_distance(0.8, 20 * MS) == [MoveTo(1.25, 0.8)]
    assert run(sweep, 5000, 20) == [(70, Settled(1.25, 0.8, 70 * MS, None))]
    assert not sweep.sweeping


def test_a_bad_distance_changes_nothing():
    sweep = controller()
    sweep.start(0)
    for distance in (0.0, -1.0, math.nan):
        with pytest.raises(InputError, match="positive"):
            sweep.set_distance(distance, 10 * MS)
    assert sweep.sweeping
    assert run(sweep, 60)[0][1].focus_distance_m == 0.5


def test_stop_rests_and_start_goes_on_with_the_next_distance():
    sweep = controller()
    sweep.start(0)
    run(sweep, 60)
    sweep.stop()
    assert run(sweep, 2000, 60) == []
    assert sweep.start(2000 * MS) == [MoveTo(1.0, 1.0)]
    assert sweep.start(2010 * MS) == []


def test_stop_while_the_lens_moves_still_says_when_it_rests():
    sweep = controller()
    sweep.start(0)
    sweep.stop()
    assert run(sweep, 1000) == [(50, Settled(2.0, 0.5, 50 * MS, None))]


def test_the_settle_time_starts_when_the_driver_confirms():
    sweep = controller(confirm_timeout_s=1.0)
    sweep.start(0)
    assert run(sweep, 300) == []
    sweep.confirm(300 * MS)
    sweep.confirm(320 * MS)
    assert run(sweep, 400, 300)[0][0] == 350


def test_a_driver_that_never_confirms_is_counted_and_the_sweep_goes_on():
    sweep = controller(confirm_timeout_s=1.0)
    sweep.start(0)
    assert run(sweep, 1160) == [(1150, MoveTo(1.0, 1.0))]
    assert sweep.failures == 1


def test_a_refused_move_is_followed_by_the_next_after_a_pause():
    sweep = controller()
    sweep.start(0)
    sweep.fail(10 * MS)
    assert math.isnan(sweep.reading(20 * MS).focus_distance_m)
    assert run(sweep, 170, 10) == [(160, MoveTo(1.0, 1.0))]
    sweep.set_distance(3.0, 200 * MS)
    sweep.fail(210 * MS)
    assert sweep.phase is Phase.IDLE
    assert run(sweep, 1000, 220) == []


def test_a_clock_that_jumps_back_does_not_stall_the_sweep():
    sweep = controller()
    sweep.start(3_600_000 * MS)
    assert [now for now, _ in run(sweep, 260)] == [150, 250]


def test_a_lens_table_converts_and_steps_are_rounded():
    table = LensTable(np.array([0.0, 100.0]), np.array([0.0, 4.0]), np.ones(2), "steps")
    drive = LensDrive(table, "steps", position_step=1.0)
    sweep = controller(drive=drive, distances=(0.3, math.inf))
    (move,) = sweep.start(0)
    assert move.position == 83.0
    assert move.focus_distance_m == pytest.approx(1 / 3.32)


def test_drives_without_a_table():
    assert LensDrive(unit="metres").position(2.0) == 2.0
    assert LensDrive().position(math.inf) == 0.0
    assert LensDrive().focus_distance_m(0.0) == math.inf
    with pytest.raises(InputError, match="ddff calibrate focus"):
        LensDrive(unit="steps")


def test_a_plan_that_the_drive_cannot_follow_is_refused_and_the_old_one_stays():
    sweep = controller(drive=LensDrive(unit="metres"), distances=(1.0, 2.0))
    with pytest.raises(InputError, match="infinity"):
        sweep.set_plan(SweepSettings([1.0, math.inf]))
    assert sweep.plan.distances() == [1.0, 2.0]
