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
from live_pane import LivePane
from live_ros import RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.engines import create, loading
from ddff_perception.engines.loading import EngineSet
from ddff_perception.engines.settings import LOG
from ddff_perception.engines.tensors import EngineError
from ddff_perception.reflection.pipeline import SeparationPipeline
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
    build = SlowBuild(monkeypatch)
    yield build
    build.go.set()


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
    # Capture goes on meanwhile.
    assert len(node._pipeline.stack) == 1
    # Parameters are still taken over at once.
    assert node.set_parameters([Parameter("minimum_slices", value=4)])[0].successful
    slow.go.set()
    ros.wait_for(lambda: node._pipeline.engines.progress is None, "the engines")
    assert slow.asked == ["focus_stream_encoder", "focus_stream_head"]
    assert reported(node)["engine"] == "ready"
    camera.sweep()
    depth.wait(1)
    assert np.isfinite(messages.image_array(depth[-1])).any()
    assert "the engine is ready" in log.lines


def test_a_build_that_fails_is_told_and_the_node_goes_on(ros: RosSession, slow: SlowBuild) -> None:
    overrides = [Parameter("method", value="focus_stream"), Parameter("lazy", value=False)]
    node = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
    assert node.start()
    slow.failing = "TensorRT has no room"
    slow.go.set()
    engines = node._pipeline.engines
    ros.wait_for(lambda: engines.failure is not None, "the failure")
    for _ in range(3):
        assert reported(node)["engine"] == "TensorRT has no room"
        # It stays a warning until there is another engine.
        assert node.diagnostics.report(0).verdict.sentence.startswith("TensorRT has no room")
    # Another method goes on without the engine.
    assert node.set_parameters([Parameter("method", value="multiscale")])[0].successful
    camera = Camera(ros, node)
    depth = ros.listen(Image, "depth/image_rect")
    camera.wait()
    camera.sweep()
    depth.wait(1)


def test_a_build_that_failed_is_tried_again_when_a_parameter_is_set(
    ros: RosSession, slow: SlowBuild
) -> None:
    overrides = [Parameter("method", value="focus_stream"), Parameter("lazy", value=False)]
    node = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
    assert node.start()
    slow.failing = "TensorRT has no room"
    slow.go.set()
    ros.wait_for(lambda: node._pipeline.engines.failure is not None, "the failure")
    slow.failing = None
    assert node.set_parameters([Parameter("minimum_slices", value=4)])[0].successful
    depth = ros.listen(Image, "depth/image_rect")
    ros.wait_for(lambda: len(slow.asked) == 4, "the builds")
    ros.wait_for(lambda: node._pipeline.engines.progress is None, "the engines")
    camera = Camera(ros, node)
    camera.wait()
    camera.sweep()
    depth.wait(1)


def test_the_reflection_node_lives_while_its_engine_builds(
    ros: RosSession, slow: SlowBuild
) -> None:
    run = LivePane(ros, "angles", listen=("transmission/image",), method="network")
    ros.wait_for(lambda: bool(slow.asked), "the build to begin")
    run.wait().shoot()
    assert run.total("dropped: engine not ready") == 1
    ros.wait_for(lambda: "40%" in run.values().get("engine", ""), "progress in the diagnostics")
    # Polarization needs no network, and capture goes on.
    degree = ros.listen(Image, "polarization/degree")
    ros.wait_for(lambda: run.node.wanted("polarization/degree"), "the listener")
    assert run.node._pipeline.angles == 4
    slow.go.set()
    ros.wait_for(lambda: run.node._pipeline.engines.progress is None, "the engine")
    assert reported(run.node)["engine"] == "ready"
    run.works()
    degree.wait(1)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_cleaning_up_frees_the_engine_and_the_next_configuration_makes_another(
    ros: RosSession, backend: str
) -> None:
    pytest.importorskip(backend)
    run = LivePane(ros, "angles", method="network", engine__backend=backend)
    return_to = run.node._pipeline.engines.get()
    run.wait().works()
    assert run.node.trigger_deactivate() == run.node.trigger_cleanup()
    with pytest.raises(EngineError, match="is closed"):
        return_to.warm_up()
    assert run.node.start()
    assert run.node._pipeline.engines.get() is not return_to
    run.wait().works()


def test_two_pipelines_have_an_engine_each() -> None:
    parameters = {"engine.backend": "onnxruntime", "engine.threads": 1}
    first, second = (SeparationPipeline("network", parameters) for _ in range(2))
    assert first.engines.get() is not second.engines.get()
    first.close()
    second.engines.get().warm_up()
    second.close()


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
    made.load()
    assert made.progress is None and made.failure is None
    first = made.get()
    assert first.backend == "onnxruntime" and made.get() is first
    made.close()
    # Who asks again gets another one.
    assert made.get().run({"image": np.zeros((1, 64, 64, 3), np.uint8)})
