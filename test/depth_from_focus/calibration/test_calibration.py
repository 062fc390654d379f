import math

import numpy as np
import pytest
from board_sweeps import (
    DISTANCES_M,
    POSITIONS,
    SPEC,
    board_image,
    board_sweep,
    true_dioptres,
    true_magnification,
)

from ddff_perception.depth_from_focus.calibration.charuco import (
    BoardDetector,
    BoardSpec,
    Corners,
    aruco_module,
    draw_board,
)
from ddff_perception.depth_from_focus.calibration.lens import (
    FocusSweep,
    SweepResult,
    analyse_sweep,
    fit_lens,
    relative_size,
    sharpest_position,
)
from ddff_perception.depth_from_focus.calibration.plot import plot_calibration
from ddff_perception.types import InputError


@pytest.fixture(scope="module")
def detector():
    return BoardDetector(SPEC)


@pytest.fixture(scope="module")
def results(detector):
    return [
        analyse_sweep(board_sweep(distance, 100 * number), detector)
        for number, distance in enumerate(DISTANCES_M)
    ]


def found(distance_m, sharpest, problem=""):
    """A sweep that was analysed, without its images."""
    return SweepResult(
        f"{distance_m:g}m",
        distance_m,
        np.array(POSITIONS),
        np.exp(-(((np.array(POSITIONS) - sharpest) / 15) ** 2)),
        math.nan if problem else sharpest,
        problem=problem,
    )


def test_dioptres_and_magnification_of_a_known_lens_are_recovered(results):
    calibration = fit_lens(results, "steps", "test lens")
    x = np.linspace(35, 85, 11)
    np.testing.assert_allclose(calibration.table.dioptres_at(x), true_dioptres(x), atol=0.03)
    growth = calibration.table.magnification(85.0) / calibration.table.magnification(35.0)
    expected = true_magnification(85.0) / true_magnification(35.0)
    assert growth == pytest.approx(expected, abs=0.001)
    assert calibration.rms_dpt < 0.01
    assert calibration.magnification_rms < 0.001
    assert all(sweep.used for sweep in calibration.sweeps)
    assert (calibration.table.unit, calibration.table.name) == ("steps", "test lens")
    assert calibration.table.magnifications[0] == 1.0


def test_the_sharpest_position_lies_between_the_positions_of_the_sweep(results):
    for result in results:
        assert true_dioptres(result.sharpest) == pytest.approx(1 / result.distance_m, abs=0.06)
        assert result.sharpest not in POSITIONS


def test_the_table_goes_on_in_a_line_for_a_quarter_of_the_measured_range(results):
    calibration = fit_lens(results, "steps")
    first, last = calibration.measured_positions
    table = calibration.table
    assert table.positions[0] == pytest.approx(first - 0.25 * (last - first))
    assert table.positions[-1] <= POSITIONS[-1]
    assert float(table.dioptres_at(table.positions[0])) == pytest.approx(
        float(true_dioptres(table.positions[0])), abs=0.1
    )


def test_a_distance_that_was_noted_wrongly_is_left_out(results, detector):
    wrong = analyse_sweep(board_sweep(0.45, 900, claimed_m=0.36), detector)
    calibration = fit_lens([*results, wrong], "steps")
    assert [sweep.used for sweep in calibration.sweeps] == [True] * 6 + [False]
    assert "left out" in calibration.sweeps[-1].problem
    assert calibration.sweeps[-1].residual_dpt == pytest.approx(1 / 0.36 - 1 / 0.45, abs=0.05)
    x = np.linspace(35, 85, 11)
    np.testing.assert_allclose(calibration.table.dioptres_at(x), true_dioptres(x), atol=0.03)


def test_positions_that_fall_with_the_dioptres_give_a_falling_table():
    sweeps = [found(distance, 100 - 20 / distance) for distance in (0.25, 0.5, 1.0, 2.0)]
    table = fit_lens(sweeps, "steps").table
    assert (np.diff(table.dioptres) < 0).all()
    assert table.focus_distance_m(60.0) == pytest.approx(0.5, rel=0.01)


def test_a_lens_that_reaches_infinity_gets_it_as_the_last_row():
    sweeps = [found(distance, 10 + 20 / distance) for distance in (0.25, 0.5, 2.0, 5.0)]
    calibration = fit_lens(sweeps, "steps")
    assert calibration.table.far_m == math.inf
    assert calibration.table.position(math.inf) == pytest.approx(10.0, abs=0.5)


def test_without_corners_at_several_positions_the_magnification_is_one():
    calibration = fit_lens([found(d, 20 / d) for d in (0.25, 0.5, 1.0)], "steps")
    assert (calibration.table.magnifications == 1.0).all()
    assert math.isnan(calibration.magnification_rms)


@pytest.mark.parametrize(
    ("sweeps", "message"),
    [
        ([], "at least 3 board distances, and 0"),
        ([found(0.3, 60), found(0.5, 40)], "and 2 can be used"),
        ([found(0.5, 40), found(0.5, 40.2), found(0.5, 39.9)], "at least 3 board distances"),
        (
            [found(0.3, 60), found(0.5, 40), found(1.0, 0, "the board was not found")],
            "1m: the board was not found",
        ),
        ([found(d, p) for d, p in ((0.25, 20), (0.3, 70), (0.5, 15), (1.0, 72))], "check the"),
    ],
)
def test_sweeps_that_make_no_table_are_refused_in_one_sentence(sweeps, message):
    with pytest.raises(InputError, match=message) as caught:
        fit_lens(sweeps, "steps")
    assert "\n" not in str(caught.value)


def test_a_board_that_is_not_there_is_a_problem_of_its_sweep(detector):
    grey = np.full((120, 160), 128, np.uint8)
    result = analyse_sweep(FocusSweep("1m", 1.0, (1.0, 2.0, 3.0), lambda _: grey), detector)
    assert result.problem == "the board was not found in any image"
    assert math.isnan(result.sharpest)


def test_images_of_two_sizes_in_a_sweep_are_refused(detector):
    sweep = FocusSweep("1m", 1.0, (1.0, 2.0, 3.0), lambda i: np.zeros((50 + i, 60), np.uint8))
    with pytest.raises(InputError, match="one size"):
        analyse_sweep(sweep, detector)


def test_16_bit_colour_images_give_the_same_position(detector):
    positions = (25.0, 35.0, 45.0, 55.0, 65.0)

    def load(index):
        grey = board_image(0.5, positions[index]).astype(np.uint16)
        return np.repeat(grey[..., None] * 16, 3, axis=2)

    result = analyse_sweep(FocusSweep("0.5m", 0.5, positions, load), detector)
    assert true_dioptres(result.sharpest) == pytest.approx(2.0, abs=0.08)


def test_progress_is_called_once_per_image(detector):
    calls = []
    grey = np.full((40, 50), 128, np.uint8)
    sweep = FocusSweep("1m", 1.0, (1.0, 2.0, 3.0, 4.0), lambda _: grey)
    analyse_sweep(sweep, detector, lambda: calls.append(1))
    assert len(calls) == 4


@pytest.mark.parametrize("true", [3.1, 4.0, 4.49, 5.8])
def test_the_peak_of_a_sampled_focus_curve_is_found_within_a_twentieth_of_a_step(true):
    x = np.arange(10.0)
    measures = (1 + 0.6 * (x - true) ** 2) ** -1.5
    assert sharpest_position(x, measures) == pytest.approx(true, abs=0.05)


@pytest.mark.parametrize(
    ("measures", "message"),
    [
        ([3.0, 2.0, 1.0, 0.5], "end of the sweep"),
        ([0.5, 1.0, 2.0, 3.0], "end of the sweep"),
        ([1.0, 1.01, 1.0, 1.005], "no peak"),
        ([1.0, 2.0], "three lens positions"),
    ],
)
def test_curves_without_a_peak_inside_are_refused(measures, message):
    with pytest.raises(InputError, match=message):
        sharpest_position(np.arange(float(len(measures))), np.array(measures))


def test_relative_size_uses_the_corners_seen_in_both():
    points = np.random.default_rng(0).uniform(0, 100, (12, 2))
    one = Corners(points, np.arange(12))
    other = Corners(points[3:] * 1.03 + 7, np.arange(3, 12))
    assert relative_size(one, other) == pytest.approx(1.03)
    assert math.isnan(relative_size(one, Corners(points[:5], np.arange(5))))


def test_the_drawn_board_is_found_where_it_was_drawn(detector):
    image = np.pad(draw_board(SPEC, 1500), 20, constant_values=255)
    corners = detector.detect(image)
    assert len(corners) == 6 * 4
    side = 0.03 * 1500
    first = corners.points[np.argmin(corners.ids)]
    np.testing.assert_allclose(first, [20 + side - 0.5, 20 + side - 0.5], atol=0.6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BoardSpec.parse("7by5", 0.03, 0.02, "DICT_5X5_100"), "7x5"),
        (lambda: BoardSpec(2, 5), "3 x 3"),
        (lambda: BoardSpec(7, 5, 0.02, 0.03), "smaller"),
        (lambda: BoardDetector(BoardSpec(dictionary="DICT_9X9_3")), "no ArUco dictionary"),
        (lambda: BoardDetector(BoardSpec(dictionary="__doc__")), "no ArUco dictionary"),
        (lambda: draw_board(SPEC, 10), "cannot be drawn"),
    ],
)
def test_boards_that_cannot_be_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_an_opencv_without_aruco_is_named(monkeypatch):
    import cv2

    monkeypatch.delattr(cv2, "aruco")
    with pytest.raises(InputError, match="opencv-contrib"):
        aruco_module()


def test_the_opencv_before_4_7_finds_the_board_by_steps(monkeypatch, detector):
    """Its two functions, played by today's detector."""
    image = board_image(0.4, 55.0)
    expected = detector.detect(image)
    old = BoardDetector(SPEC)

    class OldAruco:
        @staticmethod
        def detectMarkers(grey, dictionary):  # noqa: N802
            return [np.zeros((1, 4, 2))], np.array([[0]]), []

        @staticmethod
        def interpolateCornersCharuco(corners, ids, grey, board):  # noqa: N802
            points = expected.points.astype(np.float32)[:, None]
            return len(points), points, expected.ids[:, None]

    monkeypatch.setattr(old, "_detector", None)
    monkeypatch.setattr(old, "_aruco", OldAruco)
    again = old.detect(image)
    np.testing.assert_allclose(again.points, expected.points, atol=1e-3)
    assert again.ids.tolist() == expected.ids.tolist()


def test_the_plot_is_a_png_of_some_size(results):
    picture = plot_calibration(fit_lens(results, "steps"))
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(picture) > 20_000
