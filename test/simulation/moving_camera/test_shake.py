"""A camera that turns while its shutter is open, live and in bags."""

from __future__ import annotations

import numpy as np
import pytest
from bursts import psnr, shaken, wide_picture

from ddff_perception.files.frame_folder import read_frames, write_frames
from ddff_perception.optics.srgb import srgb_decode
from ddff_perception.simulation.moving_camera.folder import MotionSettings, shaken_frames
from ddff_perception.simulation.moving_camera.frames import MovingCamera, MovingCameraSettings
from ddff_perception.simulation.moving_camera.shake import (
    ShakeSettings,
    exposed,
    exposure_path,
    seen,
    shaken_angles,
    turn_matrix,
)
from ddff_perception.types import CameraModel, InputError

VIEW = CameraModel.centred(256, 256, 300.0)
CAMERA = CameraModel.centred(200, 200, 300.0)


def test_turning_to_the_right_moves_the_image_to_the_left() -> None:
    spot = np.zeros((256, 256), np.float32)
    spot[128, 128] = 1.0
    before = np.unravel_index(seen(spot, VIEW, CAMERA, np.zeros(3)).argmax(), (200, 200))
    after = np.unravel_index(
        seen(spot, VIEW, CAMERA, np.array([np.radians(5), 0, 0])).argmax(), (200, 200)
    )
    assert before[1] - after[1] == pytest.approx(300 * np.tan(np.radians(5)), abs=1)
    assert before[0] == after[0]
    np.testing.assert_allclose(turn_matrix(np.zeros(3)), np.eye(3), atol=1e-12)


def test_angles_are_smooth_and_of_the_size_that_was_asked_for() -> None:
    settings = ShakeSettings(frames=600, rate_hz=30.0, angle_deg=2.0, roll_deg=1.0, period_s=0.2)
    times = np.linspace(0, 20, 4001)
    angles = np.degrees(shaken_angles(settings, times))
    assert angles.shape == (4001, 3)
    np.testing.assert_allclose(angles.std(axis=0), [2.0, 2.0, 1.0], rtol=0.4)
    assert np.abs(np.diff(angles, axis=0)).max() < 0.5


def test_light_is_averaged_and_nothing_is_lost() -> None:
    wide = np.full((256, 256, 3), 0.3, np.float32)
    path = exposure_path(ShakeSettings(angle_deg=3.0, period_s=0.2), 2, 300.0)
    assert len(path) > 5
    np.testing.assert_allclose(exposed(wide, VIEW, CAMERA, path), 0.3, atol=1e-5)


def test_blurred_light_of_a_lamp_is_brighter_than_white_before_the_curve() -> None:
    wide = np.full((256, 256, 3), 0.05, np.float32)
    wide[120:136, 120:136] = 20.0
    shake = ShakeSettings(2, angle_deg=4.0, period_s=0.2, seed=3)
    frames, _ = shaken_frames(wide, MotionSettings(shake, noise=0.0))
    blurred, sharp = frames[1]
    # What the lamp swept over is white, not grey: it was averaged as light.
    assert (blurred == 255).sum() > 1.2 * (sharp == 255).sum()


def test_the_truth_is_the_middle_of_the_exposure_and_stillness_is_sharp() -> None:
    frames, camera = shaken(2, 0.0, noise=0.0)
    for image, sharp in frames:
        assert psnr(image, sharp) > 55
    assert camera.fx == pytest.approx(128 / np.tan(np.radians(35)))


def test_noise_grows_with_the_light() -> None:
    wide = np.full((256, 256, 3), 0.02, np.float32)
    wide[:, 128:] = 0.6
    still = ShakeSettings(1, angle_deg=0.0, roll_deg=0.0)
    image = shaken_frames(wide, MotionSettings(still, noise=3.0))[0][0][0]
    light = srgb_decode(image / 255.0)
    assert light[:, :90].std() < light[:, 115:].std()


def test_the_camera_goes_forth_and_back_and_leaves_frames_out(tmp_path) -> None:
    images = [(np.full((32, 32), n, np.uint8), None) for n in range(4)]
    write_frames(tmp_path / "f", images, 15.0)
    camera = MovingCamera(read_frames(tmp_path / "f"))
    assert [int(camera.frame(n)[0][0, 0]) for n in range(8)] == [0, 1, 2, 3, 2, 1, 0, 1]
    noisy = MovingCamera(camera.folder, MovingCameraSettings(noise=5.0, drop=3))
    assert noisy.frame(2) is None
    np.testing.assert_array_equal(noisy.frame(1)[0], noisy.frame(1)[0])
    assert noisy.frame(1)[0].std() > 0


@pytest.mark.parametrize(
    "wrong", [{"frames": 0}, {"exposure_share": 1.5}, {"angle_deg": 30.0}, {"period_s": 0.0}]
)
def test_what_no_camera_does_is_refused(wrong: dict) -> None:
    with pytest.raises(InputError):
        ShakeSettings(**wrong)
    with pytest.raises(InputError):
        MotionSettings(share=2.0)
    assert wide_picture().shape == (256, 256, 3)
