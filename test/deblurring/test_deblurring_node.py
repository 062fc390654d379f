"""The node over live DDS: images in, deblurred images, confidence and blur scores out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from bursts import STEP_NS, psnr, shaken, wide_picture
from ddff_perception.msg import BlurScore
from live_health import Reports, values
from live_images import LiveImages
from live_ros import RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, Imu
from stream_network import write_stream_network

from ddff_perception.optics.srgb import srgb_bytes
from ddff_perception.ros import messages

pytestmark = pytest.mark.ros

FRAMES, CAMERA = shaken()
IMAGES = [image for image, _ in FRAMES]
SHARP = FRAMES[-1][1]
OUTPUTS = {
    "deblurred/image": Image,
    "deblurred/camera_info": CameraInfo,
    "deblurred/confidence": Image,
    "blur_score": BlurScore,
}


class Live(LiveImages):
    """A moving camera before the node."""

    def __init__(self, ros: RosSession, listen: tuple[str, ...], **given: Any) -> None:
        given = {"capture.sharp_below": 0.0, "capture.frames": 5, **given}
        outputs = {name: OUTPUTS[name] for name in listen}
        super().__init__(ros, "burst_deblurring", outputs, STEP_NS, **given)

    def shoot(self, number: int, image: np.ndarray, wait_for: str, camera: Any = CAMERA) -> Any:
        return super().shoot(number, image, wait_for, camera)


def test_every_image_gets_its_result_with_its_stamp_frame_and_calibration(ros: RosSession) -> None:
    run = Live(ros, tuple(OUTPUTS))
    for number, image in enumerate(IMAGES):
        found = run.shoot(number, image, "deblurred/confidence")
    made = messages.image_array(run.heard["deblurred/image"][-1])
    assert psnr(made, SHARP) > psnr(IMAGES[-1], SHARP) + 1
    sure = messages.image_array(found)
    assert sure.dtype == np.float32 and sure.min() >= 0 and sure.max() <= 1
    info = run.heard["deblurred/camera_info"][-1]
    assert info.header == found.header and info.width == SHARP.shape[1]
    assert info.k[0] == pytest.approx(CAMERA.fx)
    scores = run.heard["blur_score"]
    run.ros.wait_for(lambda: len(scores) == len(IMAGES), "scores")
    assert all(0 < score.blur < 1 and math.isnan(score.motion) for score in scores)


def test_a_score_alone_costs_no_deblurring_and_says_what_is_sharp(ros: RosSession) -> None:
    run = Live(ros, ("blur_score",), **{"capture.sharp_below": 0.9})
    score = run.shoot(0, SHARP, "blur_score")
    assert score.sharp and score.header.frame_id == "camera_optical_frame"
    assert run.node._result is None


def test_a_gyroscope_and_the_exposure_tell_the_motion(ros: RosSession) -> None:
    run = Live(ros, ("blur_score",), exposure_s=0.02)
    imu = ros.talk(Imu, "imu")
    ros.wait_met(imu)
    header = messages.header_at(STEP_NS, "camera_optical_frame")
    reading = Imu(header=header)
    reading.angular_velocity.x, reading.angular_velocity.y = 0.3, 0.4
    imu.publish(reading)
    for number in range(50):
        score = run.shoot(number, IMAGES[0], "blur_score")
        if not math.isnan(score.motion):
            break
        imu.publish(Imu(header=score.header, angular_velocity=reading.angular_velocity))
    assert score.motion == pytest.approx(0.5 * 0.02 * CAMERA.fx, rel=1e-3)


def test_gaps_cuts_jumps_and_another_size_go_on_and_are_told(ros: RosSession) -> None:
    run = Live(ros, ("deblurred/image",))
    reports = Reports(ros, run.node)
    other = srgb_bytes(wide_picture(9)[: SHARP.shape[0], : SHARP.shape[1]])
    dark = (other * 0.3).astype(np.uint8)
    small = other[:100, :120].copy()
    for number, image in enumerate((*IMAGES[:2], other, dark, small)):
        found = run.shoot(number, image, "deblurred/image")
        assert messages.image_array(found).shape == image.shape
    told = {"capture: cuts": "1", "capture: exposure_jumps": "1", "capture: size_changes": "1"}
    run.ros.wait_for(
        lambda: any(told.items() <= values(one).items() for one in reports.all), "diagnostics"
    )


def test_the_method_changes_while_it_runs(ros: RosSession) -> None:
    run = Live(ros, ("deblurred/image",))
    run.shoot(0, IMAGES[0], "deblurred/image")
    (answer,) = run.node.set_parameters([Parameter("method", value="average")])
    assert answer.successful
    run.shoot(1, IMAGES[1], "deblurred/image")
    assert run.node._result.method == "average"
    (answer,) = run.node.set_parameters([Parameter("capture.frames", value=0)])
    assert not answer.successful and "out of range" in answer.reason


def test_a_network_of_ones_own_runs_live_and_gives_its_confidence(
    ros: RosSession, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    model = write_stream_network(tmp_path)
    given = {"method": "burst_stream", "burst_stream.model": model}
    run = Live(ros, ("deblurred/image", "deblurred/confidence"), **given)
    for number, image in enumerate((*IMAGES[:2], IMAGES[2][:100, :120].copy())):
        sure = messages.image_array(run.shoot(number, image, "deblurred/confidence"))
        assert sure.shape == image.shape[:2] and sure.min() >= 0 and sure.max() <= 1
        # One frame alone is handed on as it came.
        assert (sure.min() < sure.max()) == (number == 1)
        assert len(run.node._result.image.blur) == (1, 2, 1)[number]
    assert run.node._result.method == "burst_stream"
