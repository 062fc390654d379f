"""The node over live DDS: images in, restored images, camera_info and confidence out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from bursts import psnr
from degraded_images import STEP_NS, clean, noisy
from live_health import Reports, values
from live_images import LiveImages
from live_ros import RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from ddff_perception.ros import messages

pytestmark = pytest.mark.ros

CLEAN = clean(96)
OUTPUTS = {
    "image_restored": Image,
    "restoration/camera_info": CameraInfo,
    "restoration/confidence": Image,
}


class Live(LiveImages):
    """A camera before the node."""

    def __init__(self, ros: RosSession, listen: tuple[str, ...], **given: Any) -> None:
        outputs = {name: OUTPUTS[name] for name in listen}
        super().__init__(ros, "image_restoration", outputs, STEP_NS, **given)


def test_every_image_gets_its_result_with_its_stamp_frame_and_calibration(ros: RosSession) -> None:
    run = Live(ros, tuple(OUTPUTS))
    reports = Reports(ros, run.node)
    image = noisy(CLEAN, 15)
    sure = messages.image_array(run.shoot(0, image, "restoration/confidence"))
    assert sure.dtype == np.float32 and 0 <= sure.min() < sure.max() <= 1
    made = messages.image_array(run.heard["image_restored"][-1])
    assert psnr(made, CLEAN) > psnr(image, CLEAN) + 4
    info = run.heard["restoration/camera_info"][-1]
    assert (info.width, info.k[0]) == (96, 100.0)
    ros.wait_for(
        lambda: any("noise of" in values(one).get("seen", "") for one in reports.all), "diagnostics"
    )


def test_an_enlarged_image_brings_a_scaled_camera_info(ros: RosSession) -> None:
    run = Live(ros, tuple(OUTPUTS), **{"enlarge.scale": 3})
    sure = messages.image_array(run.shoot(0, CLEAN[:40, :60].copy(), "restoration/confidence"))
    made = messages.image_array(run.heard["image_restored"][-1])
    assert made.shape == (120, 180, 3) and sure.shape == (120, 180)
    info = run.heard["restoration/camera_info"][-1]
    assert (info.width, info.height) == (180, 120)
    assert info.k[0] == pytest.approx(300.0)
    # Pixel centres lie at integers.
    assert info.k[2] == pytest.approx(3 * (29.5 + 0.5) - 0.5)


def test_grey_deep_odd_black_and_saturated_images_and_another_size_go_on(ros: RosSession) -> None:
    run = Live(ros, ("image_restored",))
    images = [
        noisy(CLEAN, 15),
        noisy(CLEAN[:61, :75, 0].copy(), 15),
        noisy(CLEAN[:61, :75].astype(np.uint16) * 257, 15),
        np.zeros((40, 40), np.uint8),
        np.full((40, 40, 3), 255, np.uint8),
        CLEAN[:1, :1].copy(),
    ]
    reports = Reports(ros, run.node)
    for number, image in enumerate(images):
        made = messages.image_array(run.shoot(number, image, "image_restored"))
        assert made.shape == image.shape and made.dtype == image.dtype
        if number > 2:
            np.testing.assert_array_equal(made, image)
    run.ros.wait_for(
        lambda: any(values(one).get("capture: size_changes") == "5" for one in reports.all),
        "diagnostics",
    )


def test_method_and_strength_change_while_it_runs(ros: RosSession) -> None:
    run = Live(ros, ("image_restored",))
    image = noisy(CLEAN, 15)
    run.shoot(0, image, "image_restored")
    for name, value in {"method": "total_variation", "strength": 0.0}.items():
        (answer,) = run.node.set_parameters([Parameter(name, value=value)])
        assert answer.successful
    made = messages.image_array(run.shoot(1, image, "image_restored"))
    np.testing.assert_array_equal(made, image)
    assert run.node._result.method == "total_variation"
    (answer,) = run.node.set_parameters([Parameter("enlarge.scale", value=9)])
    assert not answer.successful and "out of range" in answer.reason
