"""What the nodes `bag_recorder` and `bag_player` offer, as data."""

from __future__ import annotations

from ..parameters import Parameter, ParameterTable
from .interface import NodeInterface

# As `files.bags` has them, which cannot be imported where rosbags is missing.
STORAGES = ("mcap", "sqlite3")

RECORDER_PARAMETERS = ParameterTable(
    [
        Parameter(
            "topics",
            ["image_rect", "camera_info", "focus_state"],
            "topics to record, relative to the node's namespace or absolute",
            dynamic=False,
        ),
        Parameter("output", "bag", "folder of the new bag; must not exist", dynamic=False),
        Parameter("storage", "mcap", "format of the bag", choices=STORAGES, dynamic=False),
        Parameter("compress", False, "pack with zstd", dynamic=False),
        Parameter(
            "queue_depth",
            50,
            "messages per topic that the middleware keeps for the recorder",
            minimum=1,
            maximum=10_000,
            dynamic=False,
        ),
        Parameter(
            "buffer_mb",
            256,
            "messages waiting for the disk; beyond it they are dropped and counted",
            unit="MB",
            minimum=1,
            maximum=65_536,
            dynamic=False,
        ),
        Parameter(
            "discovery_period",
            0.1,
            "time between looks for topics that have appeared",
            unit="s",
            minimum=0.01,
            maximum=2.0,
            dynamic=False,
        ),
    ]
)

PLAYER_PARAMETERS = ParameterTable(
    [
        Parameter("bag", "", "bag folder, or one .mcap or .db3 file", dynamic=False),
        Parameter(
            "topics",
            [""],
            "topics to play; empty plays all whose messages are installed",
            dynamic=False,
        ),
        Parameter(
            "rate",
            1.0,
            "times the speed of the recording",
            minimum=0.01,
            maximum=100.0,
            dynamic=False,
        ),
        Parameter("loop", False, "start again at the end", dynamic=False),
        Parameter(
            "restamp",
            False,
            "shift the stamps of headers to now; false leaves them as they were recorded",
            dynamic=False,
        ),
        Parameter(
            "wait_for_subscribers",
            0.0,
            "how long to wait until somebody listens to any of the topics",
            unit="s",
            minimum=0.0,
            maximum=3600.0,
            dynamic=False,
        ),
    ]
)

BAG_RECORDER = NodeInterface(
    name="bag_recorder",
    module="ddff_perception.ros.recorder_node",
    description="Records topics of any message type to a rosbag2 bag; rosbag2 is not needed.",
    parameters=RECORDER_PARAMETERS,
)
BAG_PLAYER = NodeInterface(
    name="bag_player",
    module="ddff_perception.ros.player_node",
    description="Plays the topics of a bag at the pace of the recording; rosbag2 is not needed.",
    parameters=PLAYER_PARAMETERS,
)
