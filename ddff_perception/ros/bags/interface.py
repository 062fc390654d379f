"""What the nodes `bag_recorder` and `bag_player` offer, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter
from ..interface import NodeInterface

# As `files.bags` has them, which cannot be imported where rosbags is missing.
STORAGES = ("mcap", "sqlite3")


@dataclass(frozen=True)
class RecorderSettings(Settings):
    """What the node `bag_recorder` writes."""

    topics: list[str] = parameter(
        ["image_rect", "camera_info", "focus_state"],
        "topics to record, relative to the node's namespace or absolute",
        dynamic=False,
    )
    output: str = parameter("bag", "folder of the new bag; must not exist", dynamic=False)
    storage: str = parameter("mcap", "format of the bag", choices=STORAGES, dynamic=False)
    compress: bool = parameter(False, "pack with zstd", dynamic=False)
    queue_depth: int = parameter(
        50,
        "messages per topic that the middleware keeps for the recorder",
        limits=(1, 10_000),
        dynamic=False,
    )
    buffer_mb: int = parameter(
        256,
        "messages waiting for the disk; beyond it they are dropped and counted",
        "MB",
        (1, 65_536),
        dynamic=False,
    )
    discovery_period: float = parameter(
        0.1, "time between looks for topics that have appeared", "s", (0.01, 2.0), dynamic=False
    )


@dataclass(frozen=True)
class PlayerSettings(Settings):
    """What the node `bag_player` plays."""

    bag: str = parameter("", "bag folder, or one .mcap or .db3 file", dynamic=False)
    topics: list[str] = parameter(
        [""], "topics to play; empty plays all whose messages are installed", dynamic=False
    )
    rate: float = parameter(
        1.0, "times the speed of the recording", limits=(0.01, 100.0), dynamic=False
    )
    loop: bool = parameter(False, "start again at the end", dynamic=False)
    restamp: bool = parameter(
        False,
        "shift the stamps of headers to now; false leaves them as they were recorded",
        dynamic=False,
    )
    wait_for_subscribers: float = parameter(
        0.0,
        "how long to wait until somebody listens to any of the topics",
        "s",
        (0.0, 3600.0),
        dynamic=False,
    )


BAG_RECORDER = NodeInterface(
    name="bag_recorder",
    module="ddff_perception.ros.bags.recorder_node",
    description="Records topics of any message type to a rosbag2 bag; rosbag2 is not needed.",
    parameters=RecorderSettings.table(),
)
BAG_PLAYER = NodeInterface(
    name="bag_player",
    module="ddff_perception.ros.bags.player_node",
    description="Plays the topics of a bag at the pace of the recording; rosbag2 is not needed.",
    parameters=PlayerSettings.table(),
)
