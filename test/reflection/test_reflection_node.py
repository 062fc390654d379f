"""The node over live DDS: three kinds of camera in, layers and polarization out."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from live_camera import busy
from live_pane import LAYERS, MAPS, LivePane
from live_ros import RosSession
from panes import pane, plain, psnr, small_pane, unit
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from ddff_perception.commands.play import ros_arguments
from ddff_perception.reflection.node import ReflectionSeparationNode
from ddff_perception.ros import messages
from ddff_perception.simulation.focus_camera.bag import START_NS
from ddff_perception.simulation.polarizer_camera.bag import (
    PolarizerBagSettings,
    write_polarizer_bag,
)
from ddff_perception.simulation.polarizer_camera.frames import PolarizerSettings
from ddff_perception.simulation.polarizer_camera.node import SimPolarizerCamera

pytestmark = pytest.mark.ros

Start = Callable[..., LivePane]


@pytest.fixture
def start(ros: RosSession) -> Start:
    return lambda *arguments, **values: LivePane(ros, *arguments, **values)


@pytest.mark.parametrize("kind", ["mosaic", "angles", "rotating"])
def test_every_kind_of_camera_gives_layers_with_its_stamp_and_frame(
    start: Start, kind: str
) -> None:
    outputs = (*LAYERS, *MAPS, "transmission/confidence")
    run = start(kind, listen=outputs, method="schechner").wait()
    stamp = run.works()
    truth = small_pane()
    transmission = run.array("transmission/image", stamp)
    assert (transmission.dtype, transmission.shape) == (np.uint8, (120, 160))
    assert run.at("transmission/image", stamp).encoding == "mono8"
    gained = psnr(unit(transmission), unit(truth.transmission))
    assert gained > psnr(plain(truth.images), unit(truth.transmission)) + 15
    assert psnr(unit(run.array("reflection/image", stamp)), unit(truth.reflection)) > 40
    degree, angle = (run.array(name, stamp) for name in MAPS)
    assert run.at(MAPS[1], stamp).encoding == "32FC1"
    assert degree.min() >= 0.0 and degree.max() <= 1.0
    confidence = run.array("transmission/confidence", stamp)
    assert (confidence.dtype, confidence.shape) == (np.float32, (120, 160))
    assert confidence.min() >= 0 and 0.5 < confidence.mean() <= 1
    # Radians: what an upright pane mirrors is polarized vertically.
    assert np.median(angle[degree > 0.3]) == pytest.approx(math.pi / 2, abs=0.05)


@pytest.mark.parametrize(("kind", "half"), [("mosaic", True), ("angles", False)])
def test_camera_info_is_that_of_the_layers(
    ros: RosSession, start: Start, kind: str, half: bool
) -> None:
    infos = ros.listen(CameraInfo, "transmission/camera_info")
    run = start(kind).wait()
    stamp = run.works()
    infos.wait()
    found = messages.camera_model(infos[-1], 160, 120)
    assert messages.stamp_ns(infos[-1].header.stamp) == stamp
    assert (infos[-1].width, infos[-1].height) == (160, 120)
    assert found is not None and small_pane().camera is not None
    assert found.fx == pytest.approx(small_pane().camera.fx)
    assert found.cx == pytest.approx(small_pane().camera.cx)
    assert run.camera.size == ((320, 240) if half else (160, 120))


def test_a_full_mosaic_keeps_size_and_calibration(ros: RosSession, start: Start) -> None:
    infos = ros.listen(CameraInfo, "transmission/camera_info")
    run = start("mosaic", resolution="full").wait()
    stamp = run.works()
    infos.wait()
    assert run.array("transmission/image", stamp).shape == (240, 320)
    assert messages.camera_model(infos[-1], 320, 240) == run.camera.camera


def test_nothing_is_computed_that_nobody_listens_to(start: Start) -> None:
    run = start("mosaic", listen=("polarization/degree",), method="schechner").wait()
    run.works()
    stages = run.node.diagnostics.report(0).values
    assert "polarization median [ms]" in stages
    assert "schechner median [ms]" not in stages
    separation = run.node._result
    assert separation is not None
    assert separation.layers is None and separation.angle_rad is None


def test_camera_info_alone_needs_no_separation(ros: RosSession, start: Start) -> None:
    infos = ros.listen(CameraInfo, "transmission/camera_info")
    run = start("mosaic", listen=()).wait()
    run.shoot()
    infos.wait()
    assert infos[-1].width == 160
    assert run.node._result is None


def test_inputs_are_subscribed_only_while_somebody_listens(ros: RosSession, start: Start) -> None:
    run = start("mosaic", listen=())
    publisher = run.images["image_raw"]
    assert publisher.get_subscription_count() == 0
    listener = ros.node.create_subscription(Image, "reflection/image", lambda _: None, 10)
    run.wait()
    ros.stop_listening(listener)
    ros.wait_for(lambda: publisher.get_subscription_count() == 0, "the node to let go")


def test_the_newest_image_wins_and_the_others_are_counted(start: Start) -> None:
    run = start("mosaic", listen=("polarization/degree",)).wait()
    run.works()
    settle, run.settle = run.settle, lambda: None
    with busy(run.node):
        for number in range(4):
            last = run.shoot(number)
    settle()
    run.at("polarization/degree", last)
    assert run.total("dropped: superseded by a newer image") == 3


def test_sixteen_bits_stay_sixteen_and_eight_can_be_chosen(start: Start) -> None:
    run = start("mosaic", listen=LAYERS).wait()
    raw = run.camera.frame(0).images["image_raw"].astype(np.uint16) * 257
    header = messages.header_at(1, "")
    deep = {"image_raw": messages.image_message(raw, header)}
    found = run.at(LAYERS[0], run.shoot(instead=deep))
    assert found.encoding == "mono16"
    assert run.node.set_parameters([Parameter("pixel_type", value="uint8")])[0].successful
    shallow = run.at(LAYERS[0], run.shoot(instead=deep))
    assert shallow.encoding == "mono8"
    difference = messages.image_array(found) / 257.0 - messages.image_array(shallow)
    assert np.abs(difference).max() <= 0.51


def test_a_colour_mosaic_gives_colour_layers(start: Start) -> None:
    run = start("mosaic", listen=LAYERS, layout="90_45_135_0_rggb").wait()
    raw = run.camera.frame(0).images["image_raw"]
    message = messages.image_message(raw, messages.header_at(1, ""))
    message.encoding = "bayer_rggb8"
    found = run.at(LAYERS[0], run.shoot(instead={"image_raw": message}))
    assert (found.encoding, found.width, found.height) == ("bgr8", 160, 120)


def test_parameters_change_while_the_node_runs(start: Start) -> None:
    run = start("mosaic", listen=LAYERS, method="most_attenuated").wait()
    before = run.array(LAYERS[0], run.works())
    good = [Parameter("method", value="schechner"), Parameter("schechner.plane", value="upright")]
    assert all(result.successful for result in run.node.set_parameters(good))
    after = run.array(LAYERS[0], run.works())
    truth = unit(small_pane().transmission)
    assert psnr(unit(after), truth) > psnr(unit(before), truth) + 5
    refused = run.node.set_parameters([Parameter("method", value="nonsense")])[0]
    assert not refused.successful and "method must be one of" in refused.reason
    run.works()


def test_angles_that_are_one_are_refused_at_start(ros: RosSession) -> None:
    from ddff_perception.types import InputError

    for angles, words in (([0.0, 90.0, 180.0], "are one"), ([0.0, 45.0], "three or four")):
        overrides = [Parameter("input", value="angles"), Parameter("angles_deg", value=angles)]
        with pytest.raises(InputError, match=words):
            ReflectionSeparationNode(parameter_overrides=overrides)


@pytest.mark.parametrize("kind", ["mosaic", "angles", "rotating"])
def test_the_node_separates_what_the_simulated_camera_shows(ros: RosSession, kind: str) -> None:
    parameters: dict[str, Any] = {"input": kind, "method": "schechner"}
    if kind == "angles":
        parameters["angles_deg"] = [0.0, 45.0, 90.0, 135.0]
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = ros.add(ReflectionSeparationNode(parameter_overrides=overrides))
    assert node.start()
    layer = ros.listen(Image, "transmission/image")
    truth = ros.listen(Image, "truth/transmission")
    wanted = {"camera": kind, "rate_hz": 20.0, "wait_for_subscribers": 1}
    given = [Parameter(name, value=value) for name, value in wanted.items()]
    camera = ros.add(SimPolarizerCamera(parameter_overrides=given))
    assert camera.start()
    layer.wait(2)
    truth.wait(1)
    found = unit(messages.image_array(layer[-1]))
    assert psnr(found, unit(messages.image_array(truth[-1]))) > 38
    assert layer[-1].header.frame_id == "camera_optical_frame"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Plays what a polarization camera sees of the package's pane from a bag, for ever."""
    running: list[subprocess.Popen[bytes]] = []

    def run(kind: str) -> None:
        settings = PolarizerBagSettings(PolarizerSettings(kind), 40, 20.0, namespace="")
        write_polarizer_bag(None, tmp_path / "bag", settings)
        values = {"bag": str(tmp_path / "bag"), "wait_for_subscribers": 60.0, "loop": True}
        module = "ddff_perception.ros.bags.player_node"
        command = [sys.executable, "-m", module, *ros_arguments(values)]
        running.append(subprocess.Popen(command))

    yield run
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.parametrize("kind", ["mosaic", "rotating"])
def test_the_node_separates_what_a_bag_plays(
    ros: RosSession, play: Callable[..., None], kind: str
) -> None:
    overrides = [Parameter("input", value=kind), Parameter("method", value="schechner")]
    node = ros.add(ReflectionSeparationNode(parameter_overrides=overrides))
    assert node.start()
    layer = ros.listen(Image, "transmission/image")
    play(kind)
    layer.wait(3)
    found = unit(messages.image_array(layer[-1]))
    assert psnr(found, unit(pane().transmission)) > 38
    # From the recording, not from now.
    assert START_NS <= messages.stamp_ns(layer[-1].header.stamp) < START_NS + 2 * 10**9
