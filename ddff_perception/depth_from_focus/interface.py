"""What the nodes `depth_from_focus` and `focus_sweeper` offer, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import Settings, parameter
from ..ros.interface import (
    COMMON_PARAMETERS,
    INPUT_PARAMETERS,
    NodeInterface,
    PointSettings,
    Service,
    Topic,
)
from ..types import InputError
from .parameters import pipeline_parameters
from .sweeping.sweeper import SweepSettings


@dataclass(frozen=True)
class OutputSettings(Settings):
    """What the node `depth_from_focus` reads and sends."""

    input: str = parameter(
        "images",
        "where the slices come from: image_rect with focus_state, or whole focal stacks",
        choices=("images", "focal_stack"),
        dynamic=False,
    )
    lens_table: str = parameter(
        "",
        "YAML file with the focus distance of each lens position, for a focus_state without a "
        "distance; `ddff calibrate focus` makes it",
        dynamic=False,
    )
    minimum_slices: int = parameter(
        3, "depth is published from this many slices on", limits=(2, 1000)
    )
    work_queue_size: int = parameter(
        8,
        "images that may wait for their slice to be worked on; the oldest makes way",
        limits=(1, 100),
        dynamic=False,
    )
    depth_encoding: str = parameter(
        "32FC1",
        "32FC1 is metres with NaN where unknown, 16UC1 millimetres with 0 where unknown",
        choices=("32FC1", "16UC1"),
    )
    focal_stack_period_s: float = parameter(
        1.0,
        "least time between two messages on focal_stack: each holds every slice",
        "s",
        (0.0, 3600.0),
    )
    still_warning_s: float = parameter(
        10.0,
        "diagnostics warn when the lens has not moved for this long; 0 does not",
        "s",
        (0.0, 3600.0),
    )
    save_folder: str = parameter(
        "~/.ros/ddff_perception",
        "where ~/save makes one folder for each call: an absolute path, or one below ~",
        dynamic=False,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.save_folder.startswith(("/", "~/")):
            raise InputError(
                f"save_folder {self.save_folder!r} must be an absolute path or begin with ~/: a "
                "node may run anywhere"
            )


IMAGE_INPUTS = (
    Topic("image_rect", "sensor_msgs/msg/Image", "rectified images, grey or colour", "sensor"),
    Topic(
        "camera_info",
        "sensor_msgs/msg/CameraInfo",
        "calibration of image_rect; without it there is depth but no cloud",
        "sensor",
    ),
    Topic(
        "focus_state",
        "ddff_perception/msg/FocusState",
        "where the lens was when; paired with the images by stamp",
        "readings",
    ),
)
FOCAL_STACK = Topic(
    "focal_stack",
    "ddff_perception/msg/FocalStack",
    "all slices with their focus distances; an output with input images (for recording), the "
    "input with input focal_stack",
)

SOURCE = Topic(
    "image_source",
    "sensor_msgs/msg/Image",
    "which slice each pixel of image_all_in_focus is mostly of, mono16: its place in the sweep, 0 "
    "the farthest focus, 65535 where there is none",
)

DEPTH_FROM_FOCUS = NodeInterface(
    name="depth_from_focus",
    module="ddff_perception.depth_from_focus.node",
    description="Depth, confidence, all-in-focus image and point cloud from a focus sweep, on "
    "every frame. Outputs carry the stamp and the frame of the newest slice.",
    inputs=IMAGE_INPUTS,
    outputs=(
        Topic(
            "depth/image_rect",
            "sensor_msgs/msg/Image",
            "depth along the optical axis, 32FC1 metres (NaN unknown) or 16UC1 millimetres",
        ),
        Topic("depth/camera_info", "sensor_msgs/msg/CameraInfo", "calibration of the depth image"),
        Topic(
            "depth/confidence",
            "sensor_msgs/msg/Image",
            "32FC1, 0..1: the probability that the depth is within 10 % of the truth",
        ),
        Topic(
            "image_all_in_focus",
            "sensor_msgs/msg/Image",
            "each pixel from the slices that show it sharpest",
        ),
        Topic(
            "points",
            "sensor_msgs/msg/PointCloud2",
            "organised cloud, x, y, z in metres (NaN unknown) and rgb of image_all_in_focus",
        ),
        SOURCE,
        FOCAL_STACK,
    ),
    services=(
        Service(
            "~/save",
            "std_srvs/srv/Trigger",
            "writes stack, depth, confidence and cloud into save_folder",
        ),
        Service("~/reset", "std_srvs/srv/Trigger", "forgets all slices"),
    ),
    parameters=INPUT_PARAMETERS
    + OutputSettings.table()
    + PointSettings.table().prefixed("points")
    + pipeline_parameters(),
)


@dataclass(frozen=True)
class DriveSettings(Settings):
    """How the node `focus_sweeper` drives a lens."""

    target: str = parameter(
        "parameter",
        "how the lens is driven: through a parameter of the camera driver's node, or the topic "
        "lens_command",
        choices=("parameter", "topic"),
        dynamic=False,
    )
    driver_node: str = parameter(
        "camera",
        "name of the driver's node, with its namespace if that is another one",
        dynamic=False,
    )
    driver_parameter: str = parameter(
        "LensPosition",
        "the driver's parameter, for example LensPosition (libcamera) or focus_absolute (v4l2)",
        dynamic=False,
    )
    driver_type: str = parameter(
        "float",
        "type of the driver's parameter; whole numbers need a lens_table",
        choices=("float", "integer"),
        dynamic=False,
    )
    lens_unit: str = parameter(
        "dioptres",
        "unit of the lens positions where there is no lens_table",
        choices=("dioptres", "metres"),
        dynamic=False,
    )
    lens_table: str = parameter(
        "",
        "YAML file with the focus distance of each lens position; `ddff calibrate focus` makes it",
        dynamic=False,
    )
    raw_positions: list[float] = parameter(
        [],
        "lens positions to sweep instead of distances, which are then unknown: for "
        "`ddff calibrate focus`",
        "lens unit",
        dynamic=False,
    )
    sweep_on_start: bool = parameter(True, "sweep as soon as the node is active", dynamic=False)
    state_rate_hz: float = parameter(
        50.0, "focus states per second", "Hz", (1.0, 1000.0), dynamic=False
    )
    frame_id: str = parameter("camera_optical_frame", "the camera's optical frame", dynamic=False)


FOCUS_SWEEPER = NodeInterface(
    name="focus_sweeper",
    module="ddff_perception.depth_from_focus.sweeping.sweeper_node",
    description="Moves the lens of any camera driver through a focus sweep and says where it is.",
    inputs=(),
    outputs=(
        Topic(
            "focus_state",
            "ddff_perception/msg/FocusState",
            "where the lens is, also while it moves",
            "state",
        ),
        Topic(
            "lens_command",
            "std_msgs/msg/Float64",
            "lens position that the driver is to take, with target topic",
            "state",
        ),
    ),
    services=(
        Service(
            "~/set_focus",
            "ddff_perception/srv/SetFocusDistance",
            "stops the sweep and holds one focus distance [m], inf allowed",
        ),
        Service("~/sweep", "std_srvs/srv/SetBool", "true sweeps, false rests"),
    ),
    parameters=COMMON_PARAMETERS + DriveSettings.table() + SweepSettings.table().prefixed("sweep"),
)
