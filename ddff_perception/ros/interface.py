"""What a node offers, as data: topics, services and parameters. No ROS is needed to read it.

A node creates its publishers, subscriptions and services from its `NodeInterface`; the
documentation and the tests read the same one, so that none of them can drift.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

from ..parameters import ParameterTable, Settings, parameter
from ..types import InputError


@dataclass(frozen=True)
class CommonSettings(Settings):
    """What every node takes."""

    autostart: bool = parameter(
        True,
        "configure and activate at start; false leaves both to a lifecycle manager",
        dynamic=False,
    )
    bond_heartbeat_period: float = parameter(
        0.1,
        "time between heartbeats to a lifecycle manager (Nav2's bond), where autostart is false "
        "and the package bond is installed; 0: none",
        "s",
        (0.0, 60.0),
        dynamic=False,
    )
    diagnostics_period_s: float = parameter(
        1.0, "time between diagnostics messages", "s", (0.1, 60.0)
    )
    expected_rate_min_hz: float = parameter(
        0.0,
        "diagnostics warn when outputs come more slowly; 0 does not check",
        "Hz",
        (0.0, 10_000.0),
    )
    expected_rate_max_hz: float = parameter(
        0.0, "diagnostics warn when outputs come faster; 0 does not check", "Hz", (0.0, 10_000.0)
    )


@dataclass(frozen=True)
class LazySettings(Settings):
    """What every node with inputs takes."""

    lazy: bool = parameter(
        True,
        "subscribe to the inputs only while somebody listens to an output (the node then looks "
        "idle in `ros2 topic info`)",
    )


@dataclass(frozen=True)
class TransportSettings(Settings):
    """What every node with images takes."""

    image_transport: str = parameter(
        "raw",
        "raw, or compressed: images come on TOPIC/compressed (JPEG, PNG), as image_transport names "
        "them, depth stays raw; compressed_depth: depth on TOPIC/compressedDepth (PNG), too",
        choices=("raw", "compressed", "compressed_depth"),
        dynamic=False,
    )


COMMON_PARAMETERS = CommonSettings.table()
LAZY_PARAMETERS = LazySettings.table()
INPUT_PARAMETERS = COMMON_PARAMETERS + LAZY_PARAMETERS + TransportSettings.table()
"""What every node with images takes."""


@dataclass(frozen=True)
class PointSettings(Settings):
    """What becomes a point of the cloud; names with `points.` before them."""

    stride: int = parameter(1, "every stride-th pixel, both ways, becomes a point", limits=(1, 64))
    minimum_m: float = parameter(0.0, "nearer points are left out (NaN)", "m", (0.0, 1e6))
    maximum_m: float = parameter(1e6, "farther points are left out (NaN)", "m", (0.0, 1e6))
    minimum_confidence: float = parameter(
        0.0, "points of less confidence are left out (NaN)", limits=(0.0, 1.0)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.minimum_m > self.maximum_m:
            raise InputError("points.minimum_m must not be above points.maximum_m")


@dataclass(frozen=True, slots=True)
class Topic:
    """One input or output. `name` is relative; `type` like `sensor_msgs/msg/Image`; `qos` one of
    `ros.qos.PROFILES`.
    """

    name: str
    type: str
    description: str
    qos: str = "stream"


@dataclass(frozen=True, slots=True)
class Service:
    """One service; `type` like `std_srvs/srv/Trigger`."""

    name: str
    type: str
    description: str


RESET = Service("~/reset", "std_srvs/srv/Trigger", "forgets all images")
"""What every `ros.pipeline_node.PipelineNode` has."""


@dataclass(frozen=True, slots=True)
class NodeInterface:
    """Everything a user of the node sees. `name` is the node's and the executable's."""

    name: str
    module: str
    description: str
    inputs: tuple[Topic, ...] = ()
    outputs: tuple[Topic, ...] = ()
    services: tuple[Service, ...] = ()
    parameters: ParameterTable = field(default_factory=lambda: COMMON_PARAMETERS)

    def input(self, name: str) -> Topic:
        return next(topic for topic in self.inputs if topic.name == name)

    def output(self, name: str) -> Topic:
        return next(topic for topic in self.outputs if topic.name == name)


def message_class(name: str) -> Any:
    """The class of a message or service `package/msg/Name`."""
    package, kind, type_name = name.split("/")
    return getattr(importlib.import_module(f"{package}.{kind}"), type_name)
