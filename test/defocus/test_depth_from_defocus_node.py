"""The node over live DDS: images and readings of the lens in, depth and defocus out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from ddff_perception.msg import FocusState
from defocus_scenes import scene
from live_health import Reports, values
from live_images import LiveImages
from live_ros import RosSession
from node_battery import ListeningNodeBattery
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from ddff_perception.optics.blur_kernels import blurred, motion_kernel
from ddff_perception.ros import messages
from ddff_perception.types import CameraModel

pytestmark = pytest.mark.ros

SHOWN = scene()
CAMERA = CameraModel.centred(192, 144, 200.0)
OUTPUTS = {
    "depth/image_rect": Image,
    "depth/camera_info": CameraInfo,
    "depth/confidence": Image,
    "defocus/image": Image,
    "image_deblurred": Image,
    "points": PointCloud2,
}


class TestNode(ListeningNodeBattery):
    name = "depth_from_defocus"


class Live(LiveImages):
    """A camera and its lens before the node."""

    def __init__(self, ros: RosSession, listen: tuple[str, ...], **given: Any) -> None:
        given = {"side": "far", "lens.aperture_m": 0.05, **given}
        outputs = {name: OUTPUTS[name] for name in listen}
        super().__init__(ros, "depth_from_defocus", outputs, 10**8, **given)
        if not given.get("lens.focus_distance_m"):
            self.focus_state = ros.talk(FocusState, "focus_state")
            ros.wait_met(self.focus_state)

    def focus(self, stamp: int, distance_m: float, settled: bool = True) -> None:
        header = messages.header_at(stamp * 10**8, "camera_optical_frame")
        state = messages.focus_state_message(
            header, distance_m, lens_position=0.0, unit=FocusState.UNIT_STEPS, settled=settled
        )
        self.focus_state.publish(state)

    def shoot(self, stamp: int, image: np.ndarray, wait_for: str, camera: Any = CAMERA) -> Any:
        return super().shoot(stamp - 1, image, wait_for, camera)


def test_an_image_and_where_the_lens_is_focused_give_every_output(ros: RosSession) -> None:
    run = Live(ros, tuple(OUTPUTS))
    for stamp in range(1, 30):
        run.focus(stamp, SHOWN.focus_m)
        run.shoot(stamp, SHOWN.image, "defocus/image")
        if run.heard["points"]:
            break
    # The last output of an image that came after a reading.
    ros.wait_for(lambda: run.heard["points"], "points")
    cloud = run.heard["points"][-1]
    assert (cloud.height, cloud.width) == SHOWN.depth.shape
    depth = messages.image_array(run.heard["depth/image_rect"][-1])
    assert depth.dtype == np.float32 and cloud.header.frame_id == "camera_optical_frame"
    assert np.nanmedian(depth[:, :60]) == pytest.approx(0.8, rel=0.15)
    assert np.nanmedian(depth[:, -60:]) > 1.4
    assert run.heard["depth/camera_info"][-1].width == 192
    assert messages.image_array(run.heard["image_deblurred"][-1]).shape == SHOWN.image.shape
    sure = messages.image_array(run.heard["depth/confidence"][-1])
    assert sure.min() >= 0 and sure.max() <= 1


def test_without_a_lens_defocus_comes_alone_and_the_diagnostics_say_what_is_missing(
    ros: RosSession,
) -> None:
    listen = ("defocus/image", "depth/image_rect")
    run = Live(ros, listen, **{"lens.aperture_m": 0.0, "lens.focus_distance_m": 0.8})
    reports = Reports(ros, run.node)
    defocus = messages.image_array(run.shoot(1, SHOWN.image, "defocus/image"))
    assert np.isfinite(defocus).all() and not run.heard["depth/image_rect"]
    ros.wait_for(
        lambda: any("there is a defocus map but no depth" in r.message for r in reports.all), "why"
    )


def test_motion_is_noticed_and_counted(ros: RosSession) -> None:
    run = Live(ros, ("depth/confidence",), **{"lens.focus_distance_m": 0.8})
    reports = Reports(ros, run.node)
    moved = blurred(scene(near_m=0.8, far_m=0.8).image, motion_kernel(9.0, 20.0))
    found = run.shoot(1, moved, "depth/confidence")
    assert messages.image_array(found).max() == 0.0
    told = {"capture: motion_blurred": "1"}
    ros.wait_for(lambda: any(told.items() <= values(r).items() for r in reports.all), "counter")


def test_sharpening_costs_nothing_where_nobody_listens(ros: RosSession) -> None:
    run = Live(ros, ("defocus/image",), **{"lens.focus_distance_m": 0.8})
    run.shoot(1, SHOWN.image, "defocus/image")
    assert run.node._result.found.sharp is None
