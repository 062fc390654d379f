"""Rows of docs/bad_input.md on the live node: counted, told in /diagnostics, then layers again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from hypothesis import given, settings
from hypothesis import strategies as st
from live_health import ERROR, Reports
from live_pane import LAYERS, MAPS, STEP_NS, LivePane
from live_ros import RosSession
from panes import small_pane
from sensor_msgs.msg import CameraInfo, Image, JointState

from ddff_perception.ros import messages

pytestmark = pytest.mark.ros

Start = Callable[..., LivePane]


@pytest.fixture
def start(ros: RosSession) -> Start:
    return lambda *arguments, **values: LivePane(ros, *arguments, **values).wait()


def message(image: np.ndarray, encoding: str | None = None) -> Image:
    result = messages.image_message(image, messages.header_at(1, ""))
    if encoding is not None:
        result.encoding = encoding
    return result


def raw() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 200, (240, 320), np.uint8)


SPOILT: dict[str, tuple[Callable[[], Image], str]] = {
    "unknown encoding": (lambda: message(raw(), "no such thing"), "cannot be read"),
    "packed": (lambda: message(raw(), "mono12p"), "unpacked"),
    "colour": (lambda: message(np.dstack([raw()] * 3)), "not demosaiced"),
    "colour pattern of a grey layout": (lambda: message(raw(), "bayer_grbg8"), "90_45_135_0_grbg"),
    "no whole cell": (lambda: message(raw()[:1].copy()), "repeats every 2 pixels"),
    "depth": (lambda: message(raw().astype(np.float32)), "32FC1"),
    "step that lies": (lambda: spoilt(step=7), "shorter than a row"),
    "empty": (lambda: spoilt(height=0), "image is empty"),
}


def spoilt(**fields: Any) -> Image:
    result = message(raw())
    for name, value in fields.items():
        setattr(result, name, value)
    return result


@pytest.mark.parametrize("case", SPOILT)
def test_a_mosaic_that_is_none_is_rejected_and_the_next_good_one_works(
    start: Start, case: str
) -> None:
    run = start("mosaic", listen=LAYERS)
    make, words = SPOILT[case]
    run.shoot(instead={"image_raw": make()})
    rejected = {n: c for n, c in run.node.diagnostics.totals.items() if n.startswith("rejected")}
    assert sum(rejected.values()) == 1, rejected
    (counter,) = rejected
    run.reports(counter, 1)
    assert words in run.values()["last error"]
    run.works()


def test_a_saturated_image_is_rejected(start: Start) -> None:
    run = start("mosaic", listen=LAYERS)
    run.shoot(instead={"image_raw": message(np.full((240, 320), 255, np.uint8))})
    run.reports("rejected: images", 1)
    assert "shorten the exposure" in run.values()["last error"]
    run.works()


def test_images_of_different_sizes_are_rejected(start: Start) -> None:
    run = start("angles", listen=LAYERS)
    small = message(small_pane().images[2][:100].copy())
    run.shoot(instead={"image_c": small})
    run.reports("rejected: images", 1)
    assert "image 2 is (100, 160)" in run.values()["last error"]
    run.works()


def test_one_lost_frame_costs_its_set_only(start: Start) -> None:
    run = start("angles", listen=LAYERS)
    before = run.works()
    lost = run.shoot(without=("image_b",))
    after = run.works()
    run.ros.wait_for(
        lambda: run.total("dropped: no images of the other angles") == 3, "the books to be kept"
    )
    stamps = [messages.stamp_ns(m.header.stamp) for m in run.heard[LAYERS[0]]]
    assert before in stamps and after in stamps and lost not in stamps


def test_an_angle_that_never_comes_is_named(start: Start) -> None:
    run = start("angles", listen=LAYERS, sync_queue_size=3)
    for _ in range(4):
        run.shoot(without=("image_c",))
    Reports(run.ros, run.node).wait_for("image_c: nothing has come yet", ERROR)
    assert list(run.heard[LAYERS[0]]) == []
    run.works()


def test_swapped_angles_are_told(start: Start) -> None:
    run = start("angles", listen=LAYERS, angles_deg=[45.0, 0.0, 90.0, 135.0])
    run.shoot()
    run.ros.wait_for(lambda: run.total("rejected: implausible") > 0, "the complaint")
    run.ros.wait_for(
        lambda: "order of the angles" in run.values().get("last error", ""), "the sentence"
    )
    # The layers come all the same: nobody can know which image was meant.
    run.heard[LAYERS[0]].wait()


@pytest.mark.parametrize("kind", ["mosaic", "angles", "rotating"])
def test_repeated_and_late_stamps_are_dropped(start: Start, kind: str) -> None:
    run = start(kind, listen=MAPS)
    newest = run.works()
    for back in (1, 2):
        run.stamp_ns = newest - back * STEP_NS
        if kind == "rotating":
            run.with_state = False
        run.shoot()
    run.with_state = True
    dropped = run.node.diagnostics.totals
    if kind == "angles":
        assert dropped["dropped: stamp repeated"] == 4
        assert run.node._pipeline.counters["dropped_repeated"] == 0
    else:
        assert run.node._pipeline.counters["dropped_repeated"] == 1
    assert run.node._pipeline.counters["dropped_out_of_order"] == 1
    stamps = [messages.stamp_ns(m.header.stamp) for m in run.heard[MAPS[0]]]
    assert stamps.count(newest) == 1 and newest - STEP_NS not in stamps[stamps.index(newest) :]
    run.stamp_ns = newest
    run.works()


@pytest.mark.parametrize("kind", ["mosaic", "angles", "rotating"])
def test_stamps_that_jump_back_begin_anew(start: Start, kind: str) -> None:
    run = start(kind, listen=MAPS)
    run.works()
    reports = Reports(run.ros, run.node)
    run.stamp_ns -= 300 * 10**9
    run.works()
    assert run.node._pipeline.counters["time_jumps"] == 1
    run.ros.wait_for(
        lambda: any("went back" in sentence for sentence in reports.sentences), "the complaint"
    )


def test_a_clock_that_jumps_back_forgets_everything(start: Start) -> None:
    run = start("rotating", listen=MAPS)
    run.works()
    run.node.time_jumped_back()
    run.settle()
    assert run.node._pipeline.angles == 0
    run.stamp_ns -= 300 * 10**9
    run.works()


def test_frames_without_a_filter_state_are_complained_of(start: Start) -> None:
    run = start("rotating", listen=MAPS)
    run.works()
    run.with_state = False
    for number in range(12):
        run.shoot(number)
    Reports(run.ros, run.node).wait_for("filter_state: nothing has come for", ERROR)
    run.with_state = True
    run.works()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JointState(name=["polarizer"]), "has no position of the joint"),
        (JointState(name=["wheel"], position=[1.0]), "it has: wheel"),
        (JointState(name=["polarizer"], position=[float("nan")]), "must be finite"),
        (JointState(), "it has: no names"),
    ],
)
def test_filter_states_that_say_no_angle_are_rejected(
    start: Start, state: JointState, words: str
) -> None:
    run = start("rotating", listen=MAPS, filter_joint="polarizer")
    state.header = messages.header_at(run.stamp_ns, "")
    run._sent(run.states, state, "filter_state in")
    run.settle()
    run.reports("rejected: filter_state", 1)
    assert words in run.values()["last error"]
    run.works()


def test_a_camera_info_of_another_size_costs_the_calibration_only(
    ros: RosSession, start: Start
) -> None:
    infos = ros.listen(CameraInfo, "transmission/camera_info")
    run = start("mosaic", listen=LAYERS)
    run.with_info = False
    run.infos.publish(
        messages.camera_info_message(run.camera.camera, messages.header_at(1, ""), (64, 48))
    )
    ros.wait_for(lambda: run.node.camera.info is not None, "the camera_info")
    run.at(LAYERS[0], run.shoot())
    run.reports("rejected: camera_info", 1)
    assert list(infos) == []
    run.with_info = True
    run.works()
    infos.wait()


def test_a_size_that_changes_under_a_rotating_filter_begins_anew(start: Start) -> None:
    run = start("rotating", listen=MAPS)
    run.works()
    small = message(small_pane().images[0][:100].copy())
    run.shoot(4, instead={"image_rect": small})
    assert run.node._pipeline.counters["size_changes"] == 1
    run.works()


@settings(max_examples=25)
@given(
    encoding=st.sampled_from(["mono8", "mono16", "bayer_rggb8", "rgb8", "32FC1", "", "yuv422"]),
    height=st.integers(0, 9),
    width=st.integers(0, 9),
    step=st.integers(0, 40),
    data=st.binary(max_size=100),
    stamp_ns=st.integers(-(2**40), 2**60),
)
def test_any_bytes_in_any_field_give_layers_or_one_sentence(
    encoding: str, height: int, width: int, step: int, data: bytes, stamp_ns: int
) -> None:
    from ddff_perception.reflection.pipeline import SeparationPipeline
    from ddff_perception.types import InputError

    image = Image(encoding=encoding, height=height, width=width, step=step)
    image.data.frombytes(data)
    pipeline = SeparationPipeline()
    try:
        pipeline.add_mosaic(stamp_ns, messages.mosaic_image(image))
        found = pipeline.separate()
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert np.isfinite(found.layers.transmission).all()
