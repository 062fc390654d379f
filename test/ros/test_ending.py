"""How a node's process ends."""

from __future__ import annotations

import pytest

rclpy = pytest.importorskip("rclpy")

from ddff_perception.ros import bond
from ddff_perception.ros.bags import player_node
from ddff_perception.ros.lifecycle import run_node


class Interrupted:
    """A node that is told to end twice: while it works, and while it is freed."""

    def start(self) -> bool:
        raise KeyboardInterrupt

    play = start

    def close(self) -> None:
        pass

    def destroy_node(self) -> None:
        raise KeyboardInterrupt


class Executor:
    def add_node(self, node: object) -> None:
        pass


def test_a_second_ctrl_c_ends_a_node_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rclpy, "init", lambda **_: None)
    monkeypatch.setattr(bond.rclpy, "try_shutdown", lambda: None)
    monkeypatch.setattr("ddff_perception.ros.lifecycle.SingleThreadedExecutor", Executor)
    monkeypatch.setattr(player_node, "PlayerNode", Interrupted)
    assert run_node(Interrupted, []) == 0  # type: ignore[arg-type]
    assert player_node.main([]) == 0
