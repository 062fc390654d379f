"""How far an engine is, in a node's diagnostics and log; the engine is a stand-in that waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("onnxruntime")

from live_camera import Camera, settle
from live_ros import RosSession
from panes import small_pane
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.engines import create, loading
from ddff_perception.engines.loading import EngineSet
from ddff_perception.engines.settings import LOG
from ddff_perception.engines.tensors import EngineError
from ddff_perception.reflection.learned import network as reflection_learned
from ddff_perception.reflection.node import ReflectionSeparationNode
from ddff_perception.ros import engine_report, messages
from ddff_perception.ros.engine_report import EngineReport

pytestmark = pytest.mark.ros


class SlowBuild:
    """What `auto` means is TensorRT, whose builds wait to be let go and then run elsewhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self.failing: str | None = None
        self.asked: list[str] = []
        monkeypatch.setattr(loading, "choose_backend", lambda wanted: "tensorrt")
        monkeypatch.setattr(loading, "create_engine", self._build)

    def _build(
        self, model: Any, backend: str, options: Any, progress: Callable[[str, float], Any]
    ) -> Any:
        self.asked.append(model.card.name if hasattr(model, "card") else str(model))
        LOG.info("building %s for a stand-in", self.asked[-1])
        progress(f"building {self.asked[-1]}", 0.4)
        self.go.wait(30)
        if self.failing is not None:
            raise EngineError(self.failing)
        return create.create_engine(model, "onnxruntime", {"threads": 1})


class LogOf:
    """What a node logs, by severity."""

    def __init__(self, node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: list[str] = []
        monkeypatch.setattr(node, "get_logger", lambda: self)

    def info(self, text: str) -> None:
        self.lines.append(text)

    warning = error = info


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowBuild]:
    reflection_learned._engines.cache_clear()
    build = SlowBuild(monkeypatch)
    yield build
    build.go.set()
    reflection_learned._engines.cache_clear()


def reported(node: Any) -> dict[str, str]:
    """The values that the node's next diagnostics have."""
    node._report()
    return dict(node.diagnostics.report(0).values)


def test_a_depth_node_lives_while_its_engines_build_and_works_when_they_are_there(
    ros: RosSession, slow: SlowBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = [Parameter("method", value="focus_stream"), Parameter("lazy", value=False)]
    node = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
    log = LogOf(node, monkeypatch)
    assert node.start()
    depth = ros.listen(Image, "depth/image_rect")
    ros.wait_for(lambda: bool(slow.asked), "the build to begin")
    assert reported(node)["engine"] == "building focus_stream_encoder, 20%"
    assert any("building focus_stream_encoder" in line for line in log.lines)
    camera = Camera(ros, node)
    camera.wait()
    camera.shoot(camera.stack.slices[0])
    settle(node)
    assert node.diagnostics.total("dropped: engine not ready") >= 1
    # Parameters are still taken over at once.
    assert node.set_parameters([Parameter("minimum_slices", value=4)])[0].successful
    slow.go.set()
    ros.wait_for(lambda: node._pipeline.estimator.engines.progress is None, "the engines")
    assert slow.asked == ["focus_stream_encoder", "focus_stream_head"]
    assert reported(node)["engine"] == "ready"
    camera.sweep()
    depth.wait(1)
    assert np.isfinite(messages.image_array(depth[-1])).any()
    assert "the engine is ready" in log.lines


def test_a_build_that_fails_is_told_once_and_the_node_goes_on(
    ros: RosSession, slow: SlowBuild
) -> None:
    overrides = [Parameter("method", value="focus_stream"), Parameter("lazy", value=False)]
    node = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
    assert node.start()
    slow.failing = "TensorRT has no room"
    slow.go.set()
    engines = node._pipeline.estimator.engines
    ros.wait_for(lambda: engines.failure is not None, "the failure")
    assert reported(node)["engine"] == "TensorRT has no room"
    reported(node)
    assert node.diagnostics.total("rejected: engine") == 1
    # Another method goes on without the engine.
    assert node.set_parameters([Parameter("method", value="multiscale")])[0].successful
    camera = Camera(ros, node)
    depth = ros.listen(Image, "depth/image_rect")
    camera.wait()
    camera.sweep()
    depth.wait(1)


def test_the_reflection_node_builds_only_when_somebody_wants_layers(
    ros: RosSession, slow: SlowBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = ros.add(
        ReflectionSeparationNode(parameter_overrides=[Parameter("method", value="network")])
    )
    log = LogOf(node, monkeypatch)
    assert node.start()
    assert "engine" not in reported(node)
    assert slow.asked == []
    layers = ros.listen(Image, "transmission/image")
    ros.wait_for(lambda: node.wanted("transmission/image"), "the listener")
    pane = small_pane()

    def shoot(stamp: int) -> None:
        with node._lock:
            node._pipeline.add_set(stamp, pane.images, pane.angles_deg)
            node._separate_and_send()

    shoot(10**9)
    assert node.diagnostics.total("dropped: engine not ready") == 1
    ros.wait_for(lambda: bool(slow.asked), "the build to begin")
    ros.wait_for(lambda: "40%" in reported(node)["engine"], "progress in the diagnostics")
    slow.go.set()
    ros.wait_for(lambda: node._engines.progress is None, "the engine")
    assert reported(node)["engine"] == "ready"
    shoot(2 * 10**9)
    layers.wait(1)
    assert any("building reflection_surface" in line for line in log.lines)


def test_the_engines_write_to_the_log_that_is_handed_on() -> None:
    assert engine_report.LOG is LOG


def test_the_log_of_the_engines_is_handed_on_until_the_report_is_closed() -> None:
    class Node:
        lines: tuple[str, ...] = ()

        def get_logger(self) -> Any:
            return self

        def info(self, text: str) -> None:
            self.lines += (text,)

        warning = error = info

    node = Node()
    report = EngineReport(node)
    assert report.tell(None) is False
    LOG.warning("using %s instead", "onnxruntime")
    report.close()
    LOG.warning("nobody hears this")
    assert node.lines == ("using onnxruntime instead",)


def test_engines_that_take_no_time_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "choose_backend", lambda wanted: "onnxruntime")
    made = EngineSet(["focus_stream_encoder"], "onnxruntime", {"threads": 1})
    assert made.progress is None and made.failure is None
    assert made.get().backend == "onnxruntime"
    made.cancel()
    assert made.get().run({"image": np.zeros((1, 64, 64, 3), np.uint8)})
