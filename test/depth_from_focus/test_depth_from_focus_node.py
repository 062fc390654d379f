"""The node over live DDS: what comes out, what it carries, and what bad input does to it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from folders import names

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from ddff_perception.msg import FocalStack as FocalStackMessage
from ddff_perception.msg import FocusState
from hypothesis import given, settings
from hypothesis import strategies as st
from lifecycle_msgs.srv import GetState
from live_camera import FRAME, STACK, STEP_NS, Camera, busy, settle
from live_health import ERROR, WARN, Reports
from live_ros import RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from sweeps import wall_depth, wall_stack

from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.files.images import read_array
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.ros import messages
from ddff_perception.types import FocalStack, FocusSlice

pytestmark = pytest.mark.ros

Start = Callable[..., DepthFromFocusNode]


@pytest.fixture
def start(ros: RosSession) -> Start:
    def run(**parameters: Any) -> DepthFromFocusNode:
        overrides = [Parameter(k.replace("__", "."), value=v) for k, v in parameters.items()]
        node = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
        assert node.start()
        return node  # type: ignore[no-any-return]

    return run


def test_depth_carries_the_stamp_the_frame_and_the_truth(ros: RosSession, start: Start) -> None:
    node = start()
    heard = {
        topic: ros.listen(kind, topic)
        for topic, kind in (
            ("depth/image_rect", Image),
            ("depth/camera_info", CameraInfo),
            ("depth/confidence", Image),
            ("image_all_in_focus", Image),
            ("points", PointCloud2),
        )
    }
    camera = Camera(ros, node)
    camera.wait()
    stamps = []
    for item in STACK.slices:
        stamps.append(camera.shoot(item))
        settle(node)
    for topic, received in heard.items():
        received.wait(len(stamps) - 2)
        carried = [messages.stamp_ns(m.header.stamp) for m in received]
        assert carried == stamps[2:], topic
        assert {m.header.frame_id for m in received} == {FRAME}, topic
    depth = messages.image_array(heard["depth/image_rect"][-1])
    assert heard["depth/image_rect"][-1].encoding == "32FC1"
    error = np.abs(1.0 / depth - 1.0 / wall_depth())
    assert np.nanmedian(error) < 0.1
    assert np.isnan(depth).mean() < 0.1
    confidence = messages.image_array(heard["depth/confidence"][-1])
    assert confidence.min() >= 0.0 and confidence.max() <= 1.0
    info = heard["depth/camera_info"][-1]
    assert messages.camera_model(info, 96, 64) == STACK.camera
    sharp = messages.image_array(heard["image_all_in_focus"][-1])
    assert sharp.shape == (64, 96, 3)
    cloud = heard["points"][-1]
    points = np.frombuffer(cloud.data, np.float32).reshape(64, 96, 4)
    np.testing.assert_array_equal(points[..., 2], np.where(np.isfinite(depth), depth, np.nan))
    assert points[..., 3].copy().view(np.uint8).reshape(64, 96, 4)[10, 10, :3].tolist() == (
        sharp[10, 10].tolist()
    )


def test_a_listener_to_one_output_gets_only_that(ros: RosSession, start: Start) -> None:
    node = start()
    heard = ros.listen(Image, "depth/confidence")
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    heard.wait()
    settle(node)
    stages = node.diagnostics.report(0).values
    assert "solve median [ms]" in stages
    assert "all_in_focus median [ms]" not in stages
    assert "points median [ms]" not in stages


def test_inputs_are_subscribed_only_while_somebody_listens(ros: RosSession, start: Start) -> None:
    node = start()
    camera = Camera(ros, node)
    publisher = camera.images
    assert publisher.get_subscription_count() == 0
    listener = ros.node.create_subscription(Image, "depth/image_rect", lambda _: None, 10)
    camera.wait()
    ros.stop_listening(listener)
    ros.wait_for(lambda: publisher.get_subscription_count() == 0, "the node to let go")


def test_without_lazy_the_stack_is_kept_up_to_date_for_nobody(
    ros: RosSession, start: Start
) -> None:
    node = start(lazy=False)
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    settle(node)
    assert node._pipeline.slices == len(STACK.slices)
    assert node.diagnostics.total("outputs") == 0


def test_where_no_matched_event_exists_subscribers_are_polled(
    ros: RosSession, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ROS 2 Humble."""
    from ddff_perception.ros import lifecycle, qos

    def events(topic: str, report: Any, matched: Any = None) -> Any:
        if matched is not None:
            raise TypeError("unexpected keyword argument 'matched'")
        return qos.publisher_events(topic, report)

    monkeypatch.setattr(lifecycle, "publisher_events", events)
    node = start()
    camera = Camera(ros, node)
    ros.listen(Image, "depth/image_rect")
    camera.wait()


def test_depth_comes_in_millimetres_by_parameter(ros: RosSession, start: Start) -> None:
    node = start(lazy=False)
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    heard.wait()
    assert node.set_parameters([Parameter("depth_encoding", value="16UC1")])[0].successful
    camera.shoot(STACK.slices[0])
    ros.wait_for(lambda: heard[-1].encoding == "16UC1", "16UC1")
    millimetres = messages.image_array(heard[-1])
    assert millimetres.dtype == np.uint16
    assert 400 < np.median(millimetres) < 2500


def test_every_image_counts_and_depth_is_skipped_for_newer_ones(
    ros: RosSession, start: Start
) -> None:
    node = start(work_queue_size=4)
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    settle(node)
    before = len(heard.wait(1))
    # The worker is busy meanwhile; four images fit into its queue.
    with busy(node):
        for count in range(1, 9):
            camera.shoot(STACK.slices[count % 6])
    assert node._worker.wait_idle(60.0)
    totals = node.diagnostics.totals
    assert totals["dropped: no room in the work queue"] == 4
    assert totals["dropped: superseded by a newer image"] >= 3
    counters = node._pipeline.counters
    taken = totals["image_rect in"] - totals["dropped: no room in the work queue"]
    assert counters["images_in"] == taken
    heard.wait(before + 1)
    ros.wait_for(
        lambda: messages.stamp_ns(heard[-1].header.stamp) == camera.stamp_ns,
        "depth of the newest image",
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: setattr(m, "encoding", "no such thing"),
        lambda m: setattr(m, "step", 1),
        lambda m: m.data.pop(),
        lambda m: setattr(m, "height", 0),
    ],
    ids=["unknown", "step", "short", "empty"],
)
def test_a_bad_image_is_counted_and_the_next_good_one_works(
    ros: RosSession, start: Start, spoil: Callable[[Image], object]
) -> None:
    node = start()
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    bad = messages.image_message(STACK.slices[0].image, messages.header_at(0, FRAME))
    spoil(bad)
    camera.shoot(STACK.slices[0], bad)
    ros.wait_for(lambda: node.diagnostics.total("rejected: image_rect") == 1, "the rejection")
    camera.sweep()
    heard.wait()


def test_a_camera_info_of_another_size_costs_the_cloud_only(ros: RosSession, start: Start) -> None:
    node = start()
    depth = ros.listen(Image, "depth/image_rect")
    points = ros.listen(PointCloud2, "points")
    camera = Camera(ros, node)
    camera.with_info = False
    camera.wait()
    header = messages.header_at(1, FRAME)
    camera.infos.publish(messages.camera_info_message(STACK.camera, header, (640, 480)))
    camera.sweep()
    depth.wait()
    ros.wait_for(lambda: node.diagnostics.total("rejected: camera_info") > 0, "the rejection")
    assert not points
    camera.with_info = True
    camera.sweep()
    points.wait()


def test_an_uncalibrated_camera_gives_depth_but_no_cloud(ros: RosSession, start: Start) -> None:
    node = start()
    depth = ros.listen(Image, "depth/image_rect")
    points = ros.listen(PointCloud2, "points")
    camera = Camera(ros, node, FocalStack(STACK.slices))
    camera.wait()
    camera.sweep()
    depth.wait()
    settle(node)
    assert not points
    assert "rejected: camera_info" not in node.diagnostics.totals


def test_images_without_focus_state_are_complained_of(ros: RosSession, start: Start) -> None:
    node = start(capture__queue_size=1, diagnostics_period_s=0.1)
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.with_state = False
    camera.wait()
    for _ in range(3):
        camera.sweep()
    Reports(ros, node).wait_for("start focus_sweeper", ERROR)
    assert not heard
    camera.with_state = True
    camera.sweep()
    camera.sweep()
    heard.wait()


def test_a_lens_that_stops_moving_is_complained_of(ros: RosSession, start: Start) -> None:
    node = start(still_warning_s=0.5, diagnostics_period_s=0.1)
    ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    for _ in range(8):
        camera.shoot(STACK.slices[0])
    Reports(ros, node).wait_for("the lens has not moved for 1 s", WARN, ERROR)


def test_images_taken_while_the_lens_moves_are_dropped_and_counted(
    ros: RosSession, start: Start
) -> None:
    node = start()
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    for item in STACK.slices:
        camera.shoot(item, settled=False)
    settle(node)
    camera.sweep()
    heard.wait()
    assert node._pipeline.counters["dropped_moving"] == len(STACK.slices)


def test_stamps_that_jump_back_start_a_new_stack(ros: RosSession, start: Start) -> None:
    node = start(minimum_slices=6)
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    heard.wait()
    camera.stamp_ns = 10 * 10**9
    late = camera.shoot(STACK.slices[0])
    settle(node)
    assert node._pipeline.slices == 1
    for item in STACK.slices[1:]:
        late = camera.shoot(item)
    ros.wait_for(
        lambda: messages.stamp_ns(heard[-1].header.stamp) == late, "depth of the new stack"
    )


def test_a_clock_that_jumps_back_starts_a_new_stack(ros: RosSession, start: Start) -> None:
    from rosgraph_msgs.msg import Clock

    node = start(use_sim_time=True, lazy=False)
    clock = ros.talk(Clock, "/clock")
    ros.wait_met(clock)
    camera = Camera(ros, node)
    camera.wait()
    clock.publish(Clock(clock=messages.stamp_message(camera.stamp_ns)))
    ros.wait_for(lambda: node.get_clock().now().nanoseconds == camera.stamp_ns, "the time")
    camera.sweep()
    ros.wait_for(lambda: node._pipeline.slices == len(STACK.slices), "the slices")
    clock.publish(Clock(clock=messages.stamp_message(5 * 10**9)))
    ros.wait_for(lambda: node._pipeline.slices == 0, "an empty stack")
    assert node.diagnostics.total("time jumps of the clock") == 1


def test_another_image_size_starts_a_new_stack(ros: RosSession, start: Start) -> None:
    node = start()
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    heard.wait()
    camera.stack = wall_stack(64, 48)
    camera.sweep()
    ros.wait_for(lambda: (heard[-1].width, heard[-1].height) == (64, 48), "the other size")
    assert node._pipeline.counters["size_changes"] == 1


def test_the_lens_table_knows_the_distance_that_the_driver_does_not(
    ros: RosSession, start: Start, tmp_path: Path
) -> None:
    rows = "".join(
        f"  - {{position: {n}, focus_distance_m: {item.focus_distance_m}}}\n"
        for n, item in enumerate(STACK.slices)
    )
    table = tmp_path / "lens.yaml"
    table.write_text(f"unit: steps\nrows:\n{rows}")
    node = start(lens_table=str(table))
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    for number, item in enumerate(STACK.slices):
        unknown = FocusSlice(item.image, math.nan)
        camera.shoot(unknown, lens_position=float(number), unit=FocusState.UNIT_STEPS)
    stamp = camera.stamp_ns
    ros.wait_for(lambda: heard and messages.stamp_ns(heard[-1].header.stamp) == stamp, "depth")
    depth = messages.image_array(heard[-1])
    assert np.nanmedian(np.abs(1.0 / depth - 1.0 / wall_depth())) < 0.1


def test_a_missing_lens_table_stops_the_start(ros: RosSession, tmp_path: Path) -> None:
    table = Parameter("lens_table", value=str(tmp_path / "none.yaml"))
    node = ros.add(DepthFromFocusNode(parameter_overrides=[table]))
    assert not node.start()
    assert state_of(ros) == "unconfigured"


def test_whole_stacks_are_taken_as_they_come(ros: RosSession, start: Start) -> None:
    start(input="focal_stack")
    heard = ros.listen(Image, "depth/image_rect")
    points = ros.listen(PointCloud2, "points")
    talker = ros.talk(FocalStackMessage, "focal_stack")
    ros.wait_met(talker)
    stamped = FocalStack(
        tuple(
            FocusSlice(item.image, item.focus_distance_m, 10**9 * (7 + number))
            for number, item in enumerate(STACK.slices)
        ),
        STACK.camera,
    )
    bad = messages.focal_stack_message(stamped, FRAME)
    bad.focus_distances = [1.0]
    talker.publish(bad)
    talker.publish(messages.focal_stack_message(stamped, FRAME))
    heard.wait()
    points.wait()
    assert messages.stamp_ns(heard[0].header.stamp) == 12 * 10**9
    depth = messages.image_array(heard[0])
    assert np.nanmedian(np.abs(1.0 / depth - 1.0 / wall_depth())) < 0.1


def test_the_stack_is_published_for_recording(ros: RosSession, start: Start) -> None:
    node = start(focal_stack_period_s=0.0)
    heard = ros.listen(FocalStackMessage, "focal_stack")
    camera = Camera(ros, node)
    camera.wait()
    stamps = camera.sweep()
    ros.wait_for(lambda: heard and len(heard[-1].images) == 6, "the whole stack")
    stack = messages.focal_stack(heard[-1])
    assert [item.stamp_ns for item in stack.slices] == stamps
    assert stack.camera == STACK.camera
    np.testing.assert_array_equal(stack.slices[2].image, STACK.slices[2].image)


def test_save_writes_stack_depth_and_cloud(ros: RosSession, start: Start, tmp_path: Path) -> None:
    node = start(lazy=False, save_folder=str(tmp_path / "saved"))
    empty = ros.call(Trigger, "depth_from_focus/save", Trigger.Request())
    assert not empty.success and "no slice" in empty.message
    camera = Camera(ros, node)
    camera.wait()
    stamps = camera.sweep()
    settle(node)
    for _ in range(2):
        answer = ros.call(Trigger, "depth_from_focus/save", Trigger.Request())
        assert answer.success, answer.message
    folders = sorted((tmp_path / "saved").iterdir())
    assert len(folders) == 2 and answer.message == str(folders[1])
    folder = folders[0]
    saved = read_stack(folder / "stack")
    assert [item.stamp_ns for item in saved.stack.slices] == stamps
    assert saved.stack.camera == STACK.camera
    depth = read_array(folder / "depth.npy")
    assert np.nanmedian(np.abs(1.0 / depth - 1.0 / wall_depth())) < 0.1
    assert set(names(folder)) == {
        "stack",
        "depth.npy",
        "depth.png",
        "confidence.npy",
        "all_in_focus.png",
        "cloud.ply",
    }


def test_a_folder_that_cannot_be_written_is_named(
    ros: RosSession, start: Start, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    node = start(lazy=False, save_folder=str(blocked / "saved"))
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    settle(node)
    answer = ros.call(Trigger, "depth_from_focus/save", Trigger.Request())
    assert not answer.success and str(blocked) in answer.message


def test_reset_forgets_the_stack(ros: RosSession, start: Start) -> None:
    node = start(lazy=False)
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    settle(node)
    assert ros.call(Trigger, "depth_from_focus/reset", Trigger.Request()).success
    ros.wait_for(lambda: node._pipeline.slices == 0, "an empty stack")


def test_parameters_of_the_method_apply_while_it_runs(ros: RosSession, start: Start) -> None:
    node = start(lazy=False)
    heard = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    heard.wait()
    refused = node.set_parameters([Parameter("method", value="magic")])[0]
    assert not refused.successful and "yardstick" in refused.reason
    assert node.set_parameters([Parameter("method", value="yardstick")])[0].successful
    settle(node)
    stamp = camera.shoot(STACK.slices[0])
    assert node._pipeline.estimator.method == "yardstick"
    assert node._pipeline.slices == len(STACK.slices)
    ros.wait_for(lambda: messages.stamp_ns(heard[-1].header.stamp) == stamp, "the new depth")
    # The yardstick names one slice per pixel, nothing between.
    last = messages.image_array(heard[-1])
    assert len(np.unique(last[np.isfinite(last)])) <= len(STACK.slices)
    crossed = [
        Parameter("points.minimum_m", value=3.0),
        Parameter("points.maximum_m", value=2.0),
    ]
    result = node.set_parameters_atomically(crossed)
    assert not result.successful and "points.minimum_m" in result.reason


BYTES = st.binary(max_size=400)
SMALL = st.integers(0, 40)
ENCODING = st.sampled_from(["mono8", "bgr8", "rgb8", "mono16", "32FC1", "16UC1", "bayer_rggb8", ""])
FLOATS = st.floats(allow_nan=True, allow_infinity=True)
STAMP = st.builds(Time, sec=st.integers(-(2**31), 2**31 - 1), nanosec=st.integers(0, 2**32 - 1))
HEADER = st.builds(Header, stamp=STAMP, frame_id=st.text(max_size=5))
IMAGES = st.builds(
    lambda header, encoding, height, width, step, data: Image(
        header=header,
        encoding=encoding,
        height=height,
        width=width,
        step=step,
        data=array("B", data),
    ),
    *(HEADER, ENCODING, SMALL, SMALL, SMALL, BYTES),
)
SOUND_IMAGES = st.builds(
    lambda header, encoding, height, width: messages.image_message(
        STACK.slices[0].image[:height, :width, 0 if encoding == "mono8" else slice(None)],
        header,
        encoding,
    ),
    *(HEADER, st.sampled_from(["mono8", "bgr8", "rgb8"]), st.sampled_from([5, 9, 16])),
    st.sampled_from([7, 8, 20]),
)
STATES = st.builds(
    FocusState,
    header=HEADER,
    focus_distance=FLOATS,
    lens_position=FLOATS,
    lens_position_unit=st.integers(0, 255),
    settled=st.booleans(),
)
STACKS = st.builds(
    FocalStackMessage,
    header=HEADER,
    images=st.lists(st.one_of(IMAGES, SOUND_IMAGES), max_size=3),
    focus_distances=st.lists(FLOATS, max_size=3),
)
INFOS = st.builds(
    lambda k, p, width, height: CameraInfo(k=k, p=p, width=width, height=height),
    st.lists(FLOATS, min_size=9, max_size=9),
    st.lists(FLOATS, min_size=12, max_size=12),
    *(SMALL, SMALL),
)


@pytest.mark.usefixtures("ros_context")
def test_random_messages_never_stop_the_node_from_taking_good_ones() -> None:
    node = DepthFromFocusNode(parameter_overrides=[Parameter("minimum_slices", value=2)])
    assert node.start()
    failures: list[Exception] = []
    node._worker._failed = failures.append
    # What is wanted decides what is computed: here, everything.
    node.wanted = lambda _: True  # type: ignore[method-assign]

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.one_of(IMAGES, SOUND_IMAGES, STATES, STACKS, INFOS), max_size=8))
    def throw(random: list[Any]) -> None:
        for message in random:
            if isinstance(message, CameraInfo):
                node.camera.take(message)
            elif isinstance(message, FocusState):
                node._intake.reading("focus_state", message)
            else:
                kind = "image_rect" if isinstance(message, Image) else "focal_stack"
                node._worker.put((kind, message))
        settle(node)

    try:
        throw()
        node._reset(Trigger.Request(), Trigger.Response())
        node.camera.info = None
        for number, item in enumerate(STACK.slices):
            header = messages.header_at(10**18 + number * STEP_NS, FRAME)
            reading = messages.focus_state_message(header, item.focus_distance_m)
            node._intake.reading("focus_state", reading)
            node._worker.put(("image_rect", messages.image_message(item.image, header)))
            settle(node)
        assert node._pipeline.slices == len(STACK.slices)
        assert node._result is not None
        assert failures == []
    finally:
        node.destroy_node()


def state_of(ros: RosSession) -> str:
    answer = ros.call(GetState, "depth_from_focus/get_state", GetState.Request())
    return str(answer.current_state.label)
