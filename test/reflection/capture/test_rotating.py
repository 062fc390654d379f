import numpy as np
import pytest
from panes import pane_camera

from ddff_perception.reflection.capture.rotating import RotatingCapture

STEP = 100_000_000
STILL = {"alignment": "none"}


def run(camera, capture, numbers):
    """Frames of these numbers, each with its reading before it."""
    for number in numbers:
        frame = camera.frame(number)
        stamp = (number + 1) * STEP
        capture.add_angle(stamp, float(np.degrees(frame.filter_rad)))
        capture.add_image(stamp, frame.images["image_rect"])
    return capture


def test_each_frame_takes_the_place_of_the_one_at_its_angle():
    camera = pane_camera("rotating")
    capture = run(camera, RotatingCapture(alignment=STILL), range(10))
    images, angles = capture.images()
    assert capture.frames == 4
    assert [angle % 180 for angle in angles] == pytest.approx([90, 135, 0, 45])
    assert capture.newest_stamp_ns == 10 * STEP
    for image, number in zip(images, (6, 7, 8, 9), strict=True):
        assert np.array_equal(image, camera.frame(number).images["image_rect"])


@pytest.mark.parametrize("skipped", [True, False])
def test_frames_from_before_a_pause_longer_than_a_turn_are_forgotten(skipped):
    camera = pane_camera("rotating")
    capture = run(camera, RotatingCapture(alignment=STILL), range(8))
    if skipped:
        for number in range(9, 16):
            capture.skip_image(number * STEP)
    run(camera, capture, [15])
    assert capture.frames == (4 if skipped else 1)
    assert capture.counters["pauses"] == (0 if skipped else 1)


def test_a_frame_waits_for_the_reading_after_it():
    camera = pane_camera("rotating")
    capture = RotatingCapture(alignment=STILL)
    image = camera.frame(0).images["image_rect"]
    assert not capture.add_angle(STEP, 20.0)
    assert not capture.add_image(STEP + STEP // 4, image)
    assert capture.add_angle(STEP + STEP // 2, 24.0)
    assert capture.images()[1] == pytest.approx((22.0,))


def test_a_frame_without_a_reading_is_dropped_and_counted():
    camera = pane_camera("rotating")
    capture = run(camera, RotatingCapture(alignment=STILL), range(2))
    image = camera.frame(0).images["image_rect"]
    for stamp in (20 * STEP, 30 * STEP):
        capture.add_image(stamp, image)
    assert capture.flush() is False
    assert capture.counters["dropped_unpaired"] == 2
    assert capture.frames == 2


def test_frames_of_a_turning_filter_and_old_ones_are_dropped():
    camera = pane_camera("rotating")
    capture = run(camera, RotatingCapture({"max_age_s": 0.25}, alignment=STILL), range(8))
    assert capture.frames == 3
    assert capture.counters["dropped_old"] == 5
    capture.add_angle(20 * STEP, 0.0)
    capture.add_angle(21 * STEP, 80.0)
    capture.add_image(20 * STEP + STEP // 2, camera.frame(0).images["image_rect"])
    assert capture.counters["dropped_turning"] == 1


def test_another_size_begins_anew():
    camera = pane_camera("rotating")
    capture = run(camera, RotatingCapture(alignment=STILL), range(3))
    capture.add_angle(9 * STEP, 135.0)
    capture.add_image(9 * STEP, camera.frame(3).images["image_rect"][:100])
    assert capture.counters["size_changes"] == 1
    assert capture.frames == 1


def test_readings_that_come_twice_or_late_are_counted_and_a_jump_begins_anew():
    capture = run(pane_camera("rotating"), RotatingCapture(alignment=STILL), range(3))
    capture.add_angle(3 * STEP, 0.0)
    capture.add_angle(2 * STEP, 0.0)
    assert capture.counters["angles_repeated"] == capture.counters["angles_out_of_order"] == 1
    capture = run(
        pane_camera("rotating"), RotatingCapture(time_jump_s=0.1, alignment=STILL), range(3)
    )
    capture.add_angle(1, 0.0)
    assert capture.frames == 0


@pytest.mark.parametrize("alignment", ["ecc", "flow", "features"])
def test_frames_of_a_moving_camera_are_laid_over_the_newest(alignment):
    camera = pane_camera("rotating", sway_px=3.0)
    still = pane_camera("rotating")
    errors = {}
    for kind in ("none", alignment):
        capture = run(camera, RotatingCapture(alignment={"alignment": kind}), range(8))
        images, _ = capture.images()
        newest = 7
        # The same angle without motion, moved as the newest frame is.
        errors[kind] = np.mean(
            [
                np.abs(image.astype(float) - seen_by(still, camera, number, newest)).mean()
                for image, number in zip(images[:-1], (4, 5, 6), strict=True)
            ]
        )
    assert errors[alignment] < 0.45 * errors["none"]


def seen_by(still, moving, number, newest):
    """Frame `number` as the moving camera would have seen it at frame `newest`."""
    from ddff_perception.simulation.polarizer_camera.frames import shifted

    image = still.frame(number).images["image_rect"]
    return shifted(image, moving._sway(newest)).astype(float)


def test_frames_that_cannot_be_laid_over_each_other_are_forgotten():
    camera = pane_camera("rotating")
    capture = run(camera, RotatingCapture(), range(4))
    assert capture.frames == 4
    other = np.random.default_rng(3).integers(0, 255, (120, 160), np.uint8)
    capture.add_angle(9 * STEP, 0.0)
    capture.add_image(9 * STEP, other)
    assert capture.counters["alignment_failed"] == 1
    assert capture.frames == 1


def test_a_plain_wall_needs_no_alignment():
    capture = RotatingCapture()
    for number, angle in enumerate((0.0, 45.0, 90.0)):
        capture.add_angle((number + 1) * STEP, angle)
        capture.add_image((number + 1) * STEP, np.full((120, 160), 90 + number, np.uint8))
    assert capture.frames == 3
    assert capture.counters["alignment_failed"] == 0


def test_other_values_are_taken_over_while_it_runs():
    capture = run(pane_camera("rotating"), RotatingCapture(alignment=STILL), range(4))
    capture.configure({"max_frames": 3}, STILL)
    assert capture.frames == 4
    capture.configure({}, {"alignment": "ecc"})
    assert capture.frames == 0
