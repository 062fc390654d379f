"""The bond to a lifecycle manager: heartbeats while the node is active, and a last word."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from live_ros import RosSession
from rclpy.parameter import Parameter

from ddff_perception.ros.bond import CONNECT_TIMEOUT_S, Side
from ddff_perception.simulation.focus_camera.node import SimCamera

HAS_BOND = (
    subprocess.run([sys.executable, "-c", "import bond.msg"], capture_output=True).returncode == 0
)
needs_bond = pytest.mark.skipif(not HAS_BOND, reason="the package bond is not installed")


def test_a_side_beats_until_nobody_has_answered_for_long():
    side = Side(now_s=100.0)
    assert side.beat(100.0) and side.beat(100.0 + CONNECT_TIMEOUT_S)
    assert not side.beat(100.1 + CONNECT_TIMEOUT_S)


def test_a_side_that_was_answered_takes_no_silence_amiss():
    side = Side(now_s=0.0)
    assert not side.hear(active=True)
    assert side.beat(1e6)


def test_a_side_answers_the_end_of_the_other_once_and_beats_no_more():
    side = Side(now_s=0.0)
    side.hear(active=True)
    assert side.hear(active=False) and not side.hear(active=False)
    assert not side.beat(0.1)


class Manager:
    """The side of Nav2's lifecycle manager: bonds after activation, breaks where nothing comes."""

    def __init__(self, ros: RosSession, node: str) -> None:
        from bond.msg import Status

        self.ros, self.node, self.kind = ros, node, Status
        self.heard: list[Any] = ros.listen(Status, "bond")
        self.voice = ros.talk(Status, "bond")

    def change(self, label: str) -> None:
        request = ChangeState.Request()
        request.transition.id = getattr(Transition, f"TRANSITION_{label}")
        assert self.ros.call(ChangeState, f"{self.node}/change_state", request).success

    def say(self, active: bool) -> None:
        message = self.kind(id=self.node, instance_id="manager", active=active)
        self.voice.publish(message)

    def theirs(self) -> list[Any]:
        return [m for m in self.heard if m.instance_id != "manager"]


@pytest.fixture
def managed(ros: RosSession) -> Manager:
    given = {"autostart": False, "bond_heartbeat_period": 0.05}
    node = SimCamera(parameter_overrides=[Parameter(k, value=v) for k, v in given.items()])
    ros.add(node)
    assert node.start()
    return Manager(ros, node.get_name())


@needs_bond
@pytest.mark.ros
def test_a_manager_forms_a_bond_pauses_and_resumes(ros: RosSession, managed: Manager) -> None:
    managed.change("CONFIGURE")
    time.sleep(0.15)
    assert not managed.theirs()
    managed.change("ACTIVATE")
    managed.say(active=True)
    ros.wait_for(lambda: len(managed.theirs()) > 3, "heartbeats")
    first = managed.theirs()[0]
    assert first.active and first.id == managed.node
    assert (first.heartbeat_timeout, first.heartbeat_period) == (4.0, pytest.approx(0.05))
    managed.change("DEACTIVATE")
    ros.wait_for(lambda: not managed.theirs()[-1].active, "the last word")
    before = len(managed.theirs())
    time.sleep(0.3)
    assert len(managed.theirs()) == before
    managed.change("ACTIVATE")
    ros.wait_for(lambda: managed.theirs()[-1].active, "heartbeats again")
    assert managed.theirs()[-1].instance_id != first.instance_id


@needs_bond
@pytest.mark.ros
def test_the_end_of_the_manager_is_answered_and_the_node_stays_active(
    ros: RosSession, managed: Manager
) -> None:
    managed.change("CONFIGURE")
    managed.change("ACTIVATE")
    managed.say(active=True)
    ros.wait_for(lambda: len(managed.theirs()) > 2, "heartbeats")
    managed.say(active=False)
    ros.wait_for(lambda: not managed.theirs()[-1].active, "the answer")
    managed.change("DEACTIVATE")  # which succeeds from active alone


@needs_bond
@pytest.mark.ros
@pytest.mark.parametrize("given", [{"autostart": True}, {"bond_heartbeat_period": 0.0}])
def test_no_manager_no_bond(ros: RosSession, given: dict[str, Any]) -> None:
    overrides = [Parameter(k, value=v) for k, v in {"autostart": False, **given}.items()]
    node = ros.add(SimCamera(parameter_overrides=overrides))
    assert node.start()
    if not given.get("autostart"):
        node.trigger_configure()
        node.trigger_activate()
    assert node.count_publishers("bond") == 0


@pytest.mark.skipif(HAS_BOND, reason="the package bond is installed")
@pytest.mark.ros
def test_without_the_package_it_works_without_a_bond_and_says_so(
    ros: RosSession, capfd: pytest.CaptureFixture[str]
) -> None:
    node = ros.add(SimCamera(parameter_overrides=[Parameter("autostart", value=False)]))
    node.trigger_configure()
    node.trigger_activate()
    ros.wait_for_words(capfd, "the package bond is not installed")
