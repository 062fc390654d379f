"""Parameters that cannot be used are refused with the reason, and the node works on as before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("onnxruntime")

from live_camera import STACK, Camera, settle
from live_ros import RosSession
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from ddff_perception.commands.play import ros_arguments
from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.engines import loading
from ddff_perception.engines.tensors import EngineError
from ddff_perception.ros import messages
from ddff_perception.types import InputError

pytestmark = pytest.mark.ros


class Live:
    """A node with a whole stack, and depth that comes."""

    def __init__(self, ros: RosSession, **parameters: Any) -> None:
        self.ros = ros
        overrides = [Parameter(k.replace("__", "."), value=v) for k, v in parameters.items()]
        self.node: DepthFromFocusNode = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
        assert self.node.start()
        self.depth = ros.listen(Image, "depth/image_rect")
        self.camera = Camera(ros, self.node)
        self.camera.wait()
        self.camera.sweep()
        settle(self.node)

    def set(self, **values: Any) -> str:
        """Sets parameters as `ros2 param set` does; the reason where they are refused."""
        changes = [Parameter(k.replace("__", "."), value=v) for k, v in values.items()]
        request = SetParameters.Request(parameters=[c.to_parameter_msg() for c in changes])
        (result,) = self.ros.call(SetParameters, "depth_from_focus/set_parameters", request).results
        assert result.successful == (not result.reason)
        return str(result.reason)

    def shown(self) -> np.ndarray:
        """The depth after one more image of the first slice."""
        stamp = self.camera.shoot(STACK.slices[0])

        def there() -> bool:
            return bool(self.depth) and messages.stamp_ns(self.depth[-1].header.stamp) == stamp

        self.ros.wait_for(there, "depth")
        return messages.image_array(self.depth[-1])


@pytest.mark.parametrize(
    ("method", "values", "words"),
    [
        ("focus_measure", {"focus_measure__window": 4}, "window must be odd, not 4"),
        ("multiscale", {"focus_measure__window": 4}, "window must be odd, not 4"),
        ("multiscale", {"tv__window": 6}, "window must be odd, not 6"),
        ("multiscale", {"capture__max_slices": 2}, "must not be below minimum_slices 3"),
        ("multiscale", {"minimum_slices": 65}, "capture.max_slices 64 must not be below"),
        ("multiscale", {"alignment": "breathing"}, "needs the parameter lens_table"),
    ],
)
def test_values_that_would_stop_the_work_are_refused(
    ros: RosSession, method: str, values: dict[str, Any], words: str
) -> None:
    run = Live(ros, method=method)
    before = run.shown()
    pipeline, estimator = run.node._pipeline, run.node._pipeline.estimator
    assert words in run.set(**values)
    np.testing.assert_array_equal(run.shown(), before)
    assert (run.node._pipeline, run.node._pipeline.estimator) == (pipeline, estimator)
    assert run.node._pipeline.slices == len(STACK.slices)


def test_a_method_whose_engine_is_missing_is_refused(
    ros: RosSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_arguments: Any, **_named: Any) -> Any:
        raise EngineError("onnxruntime is not installed: pip install onnxruntime")

    run = Live(ros, engine__backend="onnxruntime")
    before = run.shown()
    with monkeypatch.context() as patch:
        patch.setattr(loading, "create_engine", missing)
        assert "onnxruntime is not installed" in run.set(method="focus_stream")
    np.testing.assert_array_equal(run.shown(), before)
    assert run.node.settings["method"] == "multiscale"
    # When it is there, it is taken.
    assert run.set(method="focus_stream") == ""
    assert not np.array_equal(run.shown(), before)


def test_what_does_not_concern_the_method_does_not_make_it_anew(ros: RosSession) -> None:
    run = Live(ros)
    estimator = run.node._pipeline.estimator
    for values in ({"minimum_confidence": 0.999}, {"capture__max_age_s": 3.0}, {"tv__window": 7}):
        assert run.set(**values) == ""
    assert np.isnan(run.shown()).any()
    assert run.node._pipeline.estimator is estimator
    assert run.set(multiscale__candidates=40) == ""
    run.shown()
    assert run.node._pipeline.estimator is not estimator


def test_other_parameters_of_a_network_keep_its_engine(ros: RosSession) -> None:
    run = Live(ros, method="focus_stream", engine__backend="onnxruntime")
    engine = run.node._pipeline.engines.get()
    before = run.shown()
    assert run.set(focus_stream__blur_scale=20.0) == ""
    assert not np.array_equal(run.shown(), before)
    assert run.node._pipeline.engines.get() is engine
    assert run.set(method="multiscale") == ""
    run.shown()
    with pytest.raises(EngineError, match="is closed"):
        engine.warm_up()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"method": "focus_stream", "focus_stream.model": "/nowhere/net"}, "/nowhere/net_encoder"),
        ({"method": "focus_measure", "focus_measure.window": 4}, "window must be odd"),
        ({"tv.window": 6}, "window must be odd"),
        ({"capture.max_slices": 2}, "must not be below minimum_slices"),
        ({"lens_table": "/nowhere/lens.yaml"}, "/nowhere/lens.yaml"),
    ],
)
def test_initial_values_that_cannot_be_used_end_with_one_sentence_and_status_2(
    values: dict[str, Any], words: str
) -> None:
    command = [sys.executable, "-m", "ddff_perception.depth_from_focus.node"]
    done = subprocess.run(
        [*command, *ros_arguments(values)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parent,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (said,) = [line for line in done.stderr.splitlines() if "cannot" in line]
    assert words in said


def test_the_folder_of_save_is_absolute_and_stays(ros: RosSession, tmp_path: Path) -> None:
    relative = Parameter("save_folder", value="here/../../there")
    with pytest.raises(InputError, match="must be an absolute path or begin with ~/"):
        DepthFromFocusNode(parameter_overrides=[relative])
    run = Live(ros, save_folder=str(tmp_path / "a" / ".." / "saved"))
    assert run.set(save_folder="/somewhere/else") != ""
    answer = ros.call(Trigger, "depth_from_focus/save", Trigger.Request())
    assert answer.success, answer.message
    (folder,) = (tmp_path / "saved").iterdir()
    assert answer.message == str(folder)
