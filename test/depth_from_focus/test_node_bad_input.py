"""Rows of docs/bad_input.md on a live node: counted, told in /diagnostics, then depth again."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from live_camera import FRAME, STACK, STEP_NS, Camera, settle
from live_ros import Heard, RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from sweeps import wall_depth, wall_stack

from ddff_perception import image_payload
from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.ros import messages
from ddff_perception.types import FocusSlice

pytestmark = pytest.mark.ros

# Half the distance between two slices, 1/m.
LARGEST_ERROR_DPT = 0.15
NAME = "/depth_from_focus: stream"
BLACK = FocusSlice(np.zeros_like(STACK.slices[0].image), STACK.slices[0].focus_distance_m)


def error_dpt(depth: np.ndarray) -> float:
    """Median error of the wall's inverse depth, 1/m."""
    truth = wall_depth(depth.shape[1], depth.shape[0])
    return float(np.nanmedian(np.abs(1.0 / depth - 1.0 / truth)))


class Live:
    """A node that runs, a camera to feed it, and what the node says and sends."""

    def __init__(self, ros: RosSession, **parameters: Any) -> None:
        self.ros = ros
        values = {"diagnostics_period_s": 0.1, **parameters}
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        self.node: DepthFromFocusNode = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
        assert self.node.start()
        self.depth = ros.listen(Image, "depth/image_rect")
        self.points = ros.listen(PointCloud2, "points")
        self.said: Heard = ros.listen(DiagnosticArray, "/diagnostics")
        self.camera = Camera(ros, self.node)
        self.camera.wait()

    @property
    def sentences(self) -> list[str]:
        """What the node has said of itself."""
        return [s.message for message in self.said for s in message.status if s.name == NAME]

    def values(self) -> dict[str, str]:
        """What /diagnostics said last."""
        for message in reversed(self.said):
            for status in message.status:
                if status.name == NAME:
                    return {item.key: item.value for item in status.values}
        return {}

    def reports(self, counter: str, count: int) -> None:
        """Waits until /diagnostics names `counter`, which must then stand at `count`."""
        settle(self.node)
        before = len(self.said)

        def told() -> bool:
            return len(self.said) > before and int(self.values().get(counter, 0)) >= count

        self.ros.wait_for(told, f"{counter} in /diagnostics, now: {self.values()}")
        assert int(self.values()[counter]) == count

    def depth_at(self, stamp_ns: int) -> np.ndarray:
        """The depth image that carries `stamp_ns`."""
        stamps: list[int] = []

        def there() -> bool:
            stamps[:] = [messages.stamp_ns(m.header.stamp) for m in self.depth]
            return stamp_ns in stamps

        self.ros.wait_for(there, f"depth at {stamp_ns}")
        message = self.depth[stamps.index(stamp_ns)]
        assert message.header.frame_id == FRAME
        return messages.image_array(message)

    def shoot(self, item: FocusSlice) -> int:
        """One frame, worked on before this returns its stamp."""
        before = self.node._pipeline.counters
        stamp = self.camera.shoot(item)

        def taken() -> bool:
            now = self.node._pipeline.counters
            return all(now[name] > before[name] for name in ("images_in", "focus_in"))

        self.ros.wait_for(taken, "image and reading to be worked on")
        settle(self.node)
        return stamp

    def works(self) -> None:
        """A whole sweep of good input gives the wall's depth, with the stamp of its last image."""
        stamps = [self.shoot(item) for item in self.camera.stack.slices]
        depth = self.depth_at(stamps[-1])
        assert error_dpt(depth) < LARGEST_ERROR_DPT
        assert np.isnan(depth).mean() < 0.1
        assert "rejected: internal error" not in self.node.diagnostics.totals


@pytest.fixture
def live(ros: RosSession) -> Iterator[Callable[..., Live]]:
    yield lambda **parameters: Live(ros, **parameters)


def test_a_live_node_waits_for_the_second_and_third_distance(live: Callable[..., Live]) -> None:
    run = live()
    for _ in range(3):
        run.shoot(STACK.slices[0])
    run.reports("dropped: too few slices yet", 3)
    run.shoot(STACK.slices[5])
    run.reports("dropped: too few slices yet", 4)
    assert run.depth == []
    run.works()


def test_a_live_node_takes_two_slices_where_it_may(live: Callable[..., Live]) -> None:
    run = live(minimum_slices=2)
    run.shoot(STACK.slices[0])
    depth = run.depth_at(run.shoot(STACK.slices[5]))
    assert np.nanmedian(depth[:, :20]) < np.nanmedian(depth[:, -20:])
    run.reports("dropped: too few slices yet", 1)
    run.works()


def test_a_live_node_drops_repeated_and_late_stamps(live: Callable[..., Live]) -> None:
    run = live()
    run.works()
    newest = run.camera.stamp_ns
    run.camera.stamp_ns = newest - STEP_NS
    run.shoot(BLACK)
    run.reports("capture: dropped_repeated", 1)
    run.reports("capture: focus_repeated", 1)
    run.camera.stamp_ns = newest - 5 * STEP_NS // 2
    run.shoot(BLACK)
    run.reports("capture: dropped_out_of_order", 1)
    run.reports("capture: focus_out_of_order", 1)
    assert messages.stamp_ns(run.depth[-1].header.stamp) == newest
    # The black images would have spoilt the first slice, which is not renewed here.
    run.camera.stamp_ns = newest
    depth = run.depth_at(run.shoot(STACK.slices[5]))
    assert error_dpt(depth) < LARGEST_ERROR_DPT
    run.works()


def test_a_live_node_counts_impossible_focus_distances(live: Callable[..., Live]) -> None:
    run = live()
    for item in STACK.slices[:2]:
        run.shoot(item)
    impossible = (-0.5, 0.0, -0.0, math.nan, -math.inf, 1e-9, 5e-324)
    for distance in impossible:
        run.shoot(FocusSlice(BLACK.image, distance))
    run.shoot(STACK.slices[2])
    run.reports("capture: focus_invalid", len(impossible))
    assert run.node._pipeline.counters["dropped_unpaired"] == len(impossible)
    run.ros.wait_for(lambda: any("no usable distance" in s for s in run.sentences), "the complaint")
    # Only the three good ones made a slice.
    assert run.values()["slices"] == "3"
    run.works()


def test_a_live_node_without_cv_bridge_says_so_and_takes_plain_images(
    live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    image_payload._cv_bridge.cache_clear()
    run = live()
    packed = Image(height=64, width=96, encoding="yuv422", step=192)
    packed.data.frombytes(bytes(192 * 64))
    run.camera.shoot(STACK.slices[0], packed)
    run.reports("rejected: image_rect", 1)
    assert "need cv_bridge, which cannot be imported" in run.values()["last error"]
    run.works()
    image_payload._cv_bridge.cache_clear()


@pytest.mark.parametrize("alignment", ["none", "ecc"])
def test_a_live_node_starts_anew_where_the_width_changes_mid_sweep(
    live: Callable[..., Live], alignment: str
) -> None:
    run = live(alignment=alignment)
    for item in STACK.slices[:4]:
        stamp = run.shoot(item)
    assert run.depth_at(stamp).shape == (64, 96)
    narrow = wall_stack(80, 64)
    for item in narrow.slices[4:]:
        run.shoot(item)
    run.reports("capture: size_changes", 1)
    assert run.values()["slices"] == "2"
    run.camera.stack = narrow
    run.works()
    assert (run.depth[-1].width, run.depth[-1].height) == (80, 64)
    run.camera.stack = STACK
    run.works()
    run.reports("capture: size_changes", 2)


def test_a_live_node_starts_anew_where_stamps_jump_back(live: Callable[..., Live]) -> None:
    run = live(minimum_slices=6)
    run.works()
    for seconds in (30, 300):
        shown = len(run.depth)
        run.camera.stamp_ns -= seconds * 10**9
        run.works()
        # Until the new stack is whole, nothing of the old one is shown under a new stamp.
        stamps = [messages.stamp_ns(m.header.stamp) for m in run.depth[shown:]]
        assert stamps == [run.camera.stamp_ns]
    run.reports("capture: time_jumps", 2)


def spoilt_infos() -> dict[str, tuple[CameraInfo, bool]]:
    """What does not fit, and whether it is rejected (or taken as not calibrated)."""

    def info(size: tuple[int, int] = (96, 64)) -> CameraInfo:
        return messages.camera_info_message(STACK.camera, messages.header_at(1, FRAME), size)

    def spoilt(**fields: Any) -> CameraInfo:
        message = info()
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    return {
        "K zero": (spoilt(k=[0.0] * 9, p=[0.0] * 12), False),
        "another size": (info((640, 480)), True),
        "no size": (info((0, 0)), True),
        "P not a number": (spoilt(p=[math.nan] * 12), True),
        "negative focal length": (spoilt(p=[-1.0, *[0.0] * 11]), True),
        "binned to nothing": (spoilt(binning_x=1000, binning_y=1000), True),
        "distorted": (spoilt(p=[0.0] * 12, d=[0.1, 0.0, 0.0, 0.0, 0.0]), True),
    }


def test_a_live_node_goes_on_without_a_cloud_where_camera_info_does_not_fit(
    live: Callable[..., Live],
) -> None:
    run = live()
    run.works()
    run.points.wait()
    run.camera.with_info = False
    for number, (name, (info, rejected)) in enumerate(spoilt_infos().items()):
        before = run.node.diagnostics.total("rejected: camera_info")
        info.header = messages.header_at(number, FRAME)
        run.camera.infos.publish(info)
        run.ros.wait_for(lambda info=info: run.node.camera.info.header == info.header, name)
        clouds = len(run.points)
        run.depth_at(run.shoot(STACK.slices[0]))
        told = run.node.diagnostics.total("rejected: camera_info") - before
        assert told == int(rejected), name
        assert len(run.points) == clouds, name
    run.reports("rejected: camera_info", sum(bad for _, bad in spoilt_infos().values()))
    run.camera.with_info = True
    clouds = len(run.points)
    run.works()
    run.points.wait(clouds + 1)
