"""Nodes as processes of their own, and an ear on the topics: what the live benchmarks share."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ddff_perception.commands._processes import NodeProcess, NodeProcesses, private_domain
from ddff_perception.files.stack_folder import write_stack
from ddff_perception.ros.nodes import PROFILE_VARIABLES, node_environment
from ddff_perception.types import CameraModel, FocalStack, FocusSlice

PATIENCE_S = 60.0


def write_sweep(folder: Path, width: int = 640, height: int = 480, count: int = 10) -> Path:
    """A textured wall that leans away, in `count` slices."""
    sharp = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    dioptres = np.linspace(2.0, 0.4, width)
    levels = np.arange(0.0, 10.0, 0.5)
    blurred = [sharp if sigma == 0 else cv2.GaussianBlur(sharp, (0, 0), sigma) for sigma in levels]
    slices = []
    for focus in np.linspace(2.0, 0.4, count):
        which = np.clip(np.rint(np.abs(dioptres - focus) * 8.0), 0, len(levels) - 1).astype(int)
        image = np.stack([blurred[w][:, column] for column, w in enumerate(which)], axis=1)
        slices.append(FocusSlice(np.ascontiguousarray(image), float(1.0 / focus)))
    camera = CameraModel(width, height, width, width, width / 2 - 0.5, height / 2 - 0.5)
    write_stack(folder, FocalStack(tuple(slices), camera))
    return folder


def ros_values(**values: object) -> list[str]:
    """Parameters as a node's command line has them; write two underlines for a dot in a name."""
    arguments = ["--ros-args"]
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        arguments += ["-p", f"{name.replace('__', '.')}:={text}"]
    return arguments


class Ear:
    """Listens without converting: counts messages per topic, keeps the last diagnostics."""

    def __init__(self) -> None:
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from rclpy.executors import SingleThreadedExecutor

        self.node = rclpy.create_node("ear")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self.counts: dict[str, int] = {}
        # Raises where a process that is listened to has ended.
        self.watch: Callable[[], None] = lambda: None
        self.diagnostics: dict[str, dict[str, str]] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._take_diagnostics, 100)

    def listen(self, kind: Any, topic: str, qos: Any) -> None:
        self.counts[topic] = 0

        def count(_: bytes) -> None:
            self.counts[topic] += 1

        self.node.create_subscription(kind, topic, count, qos, raw=True)

    def spin_until(self, done: Callable[[], bool], what: str, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while not done():
            self.watch()
            if time.monotonic() > until:
                raise SystemExit(f"waited {timeout_s:g} s for {what}")
            self._executor.spin_once(timeout_sec=0.1)

    def spin(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._executor.spin_once(timeout_sec=0.1)

    def number(self, node: str, key: str) -> float:
        """A value of the last diagnostics of `node`, 0 without one."""
        return float(self.diagnostics.get(node, {}).get(key, 0.0))

    def set_parameter(self, node: str, name: str, value: object) -> None:
        """Sets a parameter of a live node and waits for the answer."""
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter

        client = self.node.create_client(SetParameters, f"{node}/set_parameters")
        self.spin_until(client.service_is_ready, f"the node {node}", PATIENCE_S)
        message = Parameter(name, value=value).to_parameter_msg()
        answer = client.call_async(SetParameters.Request(parameters=[message]))
        self.spin_until(answer.done, f"the answer of {node}", PATIENCE_S)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()

    def _take_diagnostics(self, message: Any) -> None:
        for status in message.status:
            node = status.name.partition(":")[0].rpartition("/")[2]
            self.diagnostics[node] = {item.key: item.value for item in status.values}


@contextmanager
def live(profile: bool = True) -> Iterator[tuple[NodeProcesses, Ear, Path]]:
    """Nodes and an ear on a domain of their own, with or without the shipped Fast DDS profile, and
    a folder for the time being.
    """
    import rclpy

    for name in (*PROFILE_VARIABLES, "ROS_DOMAIN_ID"):
        os.environ.pop(name, None)
    environment = private_domain(node_environment() if profile else dict(os.environ))
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), *filter(None, [environment.get("PYTHONPATH")])]
    )
    os.environ.update(environment)
    rclpy.init(args=[])
    ear = Ear()
    try:
        with tempfile.TemporaryDirectory(prefix="ddff_bench_") as folder:
            path = Path(folder)
            with NodeProcesses(path, environment) as nodes:
                ear.watch = nodes.check
                yield nodes, ear, path
    finally:
        ear.close()
        rclpy.shutdown()


def resident_mib(process: NodeProcess) -> float:
    """Memory of a process that is not shared with a file, MiB."""
    text = Path(f"/proc/{process._process.pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024
