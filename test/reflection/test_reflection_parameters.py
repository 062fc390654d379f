"""Parameters of the live node: refused where they would stop it, and nothing is made in vain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("onnxruntime")

from live_pane import LAYERS, LivePane
from live_ros import RosSession
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from ddff_perception.engines import loading
from ddff_perception.engines.tensors import EngineError

pytestmark = pytest.mark.ros


def set_values(ros: RosSession, **values: Any) -> str:
    """Sets parameters as `ros2 param set` does; the reason where one is refused."""
    changes = [Parameter(k.replace("__", "."), value=v) for k, v in values.items()]
    request = SetParameters.Request(parameters=[change.to_parameter_msg() for change in changes])
    answer = ros.call(SetParameters, "reflection_separation/set_parameters", request)
    assert all(result.successful == (not result.reason) for result in answer.results)
    return "; ".join(result.reason for result in answer.results if result.reason)


@pytest.mark.parametrize("method", ["schechner", "most_attenuated"])
def test_an_incidence_that_leaves_nothing_is_refused(ros: RosSession, method: str) -> None:
    run = LivePane(ros, method=method, listen=LAYERS).wait()
    before = run.array(LAYERS[0], run.works())
    low, high = "schechner__min_incidence", "schechner__max_incidence"
    assert set_values(ros, **{high: 50.0}) == ""
    assert "min_incidence 60 must not exceed max_incidence 50" in set_values(ros, **{low: 60.0})
    assert run.node.settings["schechner.min_incidence"] < 50.0
    after = run.array(LAYERS[0], run.works())
    assert after.shape == before.shape


def test_a_model_that_is_not_there_is_refused(ros: RosSession) -> None:
    run = LivePane(ros, listen=LAYERS).wait()
    before = run.array(LAYERS[0], run.works())
    assert "/nowhere/net.onnx" in set_values(ros, network__model="/nowhere/net.onnx")
    np.testing.assert_array_equal(run.array(LAYERS[0], run.works()), before)


def test_an_engine_that_is_missing_is_refused(
    ros: RosSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_arguments: Any, **_named: Any) -> Any:
        raise EngineError("onnxruntime is not installed: pip install onnxruntime")

    run = LivePane(ros, listen=LAYERS, engine__backend="onnxruntime").wait()
    before = run.array(LAYERS[0], run.works())
    with monkeypatch.context() as patch:
        patch.setattr(loading, "create_engine", missing)
        assert "onnxruntime is not installed" in set_values(ros, method="network")
    np.testing.assert_array_equal(run.array(LAYERS[0], run.works()), before)
    assert run.node.settings["method"] != "network"
    assert set_values(ros, method="network") == ""
    # Its layers may be those of physics: what comes is what was chosen.
    assert run.node.settings["method"] == "network" and run.works()


def test_parameters_that_do_not_concern_the_network_keep_it(ros: RosSession) -> None:
    run = LivePane(ros, method="network", listen=LAYERS, engine__backend="onnxruntime").wait()
    separator = run.node._pipeline._separator.now
    engine = separator.engines.get()
    assert set_values(ros, pixel_type="uint16", rotating__max_age_s=3.0) == ""
    assert run.at(LAYERS[0], run.works()).encoding == "mono16"
    assert run.node._pipeline._separator.now is separator
    assert set_values(ros, network__match_histogram=True) == ""
    run.works()
    assert run.node._pipeline._separator.now is not separator
    assert run.node._pipeline.engines.get() is engine


def test_reset_forgets_every_image(ros: RosSession) -> None:
    run = LivePane(ros, "rotating", listen=LAYERS).wait()
    run.works()
    assert ros.call(Trigger, "reflection_separation/reset", Trigger.Request()).success
    run.settle()
    assert run.node._pipeline.angles == 0
    run.works()
