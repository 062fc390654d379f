"""The node over live DDS: images and readings of the lens in, depth and defocus out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from ddff_perception.msg import FocusState
from defocus_scenes import scene
from live_health import Reports, values
from live_ros import RosSession
from node_battery import ListeningNodeBattery, node_class
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from ddff_perception.optics.blur_kernels import blurred, motion_kernel
from ddff_perception.ros import messages
from ddff_perception.ros.nodes import node_interface
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


class Live:
    """A camera and its lens before the node; `heard` by topic."""

    def __init__(self, ros: RosSession, listen: tuple[str, ...], **given: Any) -> None:
        wanted = {"diagnostics_period_s": 0.1, "side": "far", "lens.aperture_m": 0.05, **given}
        self.ros = ros
        self.node = ros.add(
            node_class(node_interface("depth_from_defocus"))(
                parameter_overrides=[Parameter(n, value=v) for n, v in wanted.items()]
            )
        )
        assert self.node.start()
        self.heard = {name: ros.listen(OUTPUTS[name], name) for name in listen}
        self.talkers = {"image_rect": ros.talk(Image, "image_rect")}
        self.talkers["camera_info"] = ros.talk(CameraInfo, "camera_info")
        if not given.get("lens.focus_distance_m"):
            self.talkers["focus_state"] = ros.talk(FocusState, "focus_state")
        for name, talker in self.talkers.items():
            ros.wait_for(talker.get_subscription_count, name)

    def focus(self, stamp: int, distance_m: float, settled: bool = True) -> None:
        header = messages.header_at(stamp * 10**8, "camera_optical_frame")
        state = messages.focus_state_message(
            header, distance_m, lens_position=0.0, unit=FocusState.UNIT_STEPS, settled=settled
        )
        self.talkers["focus_state"].publish(state)

    def shoot(self, stamp: int, image: np.ndarray, wait_for: str) -> Any:
        header = messages.header_at(stamp * 10**8, "camera_optical_frame")
        info = messages.camera_info_message(CAMERA, header, (192, 144))
        self.talkers["camera_info"].publish(info)
        camera = self.node.camera
        self.ros.wait_for(lambda: getattr(camera.info, "header", 0) == header, "camera_info")
        self.talkers["image_rect"].publish(messages.image_message(image, header))
        heard = self.heard[wait_for]
        self.ros.wait_for(lambda: heard and heard[-1].header == header, wait_for)
        return heard[-1]


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
