"""What the node `rgbd_segmentation` offers, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..optics.rigid_transform import RigidTransform
from ..parameters import Settings, parameter
from ..ros.interface import INPUT_PARAMETERS, RESET, NodeInterface, Topic
from .capture.gravity import GravitySettings
from .methods import METHODS
from .parameters import pipeline_parameters
from .points import LabelledPointSettings

INPUTS = ("rgbd", "depth", "color")
REGISTRATIONS = ("auto", "never", "always")


@dataclass(frozen=True)
class InputSettings(Settings):
    """What the node `rgbd_segmentation` reads."""

    input: str = parameter(
        "rgbd",
        "what is labelled: rgbd (colour and depth of one instant), or depth or color alone",
        choices=INPUTS,
        dynamic=False,
    )
    slop_s: float = parameter(
        0.02,
        "colour and depth whose stamps differ by less are of one instant; 0 wants equal stamps",
        "s",
        (0.0, 10.0),
        dynamic=False,
    )
    sync_queue_size: int = parameter(
        10, "images per topic that wait for the other's", limits=(1, 100), dynamic=False
    )
    time_jump_s: float = parameter(
        1.0,
        "stamps that go back by more than this begin anew (a bag that loops)",
        "s",
        (0.0, 3600.0),
        dynamic=False,
    )
    alone_after_s: float = parameter(
        1.0,
        "colour or depth is labelled alone when nothing of the other has come for this long; 0 "
        "waits for ever",
        "s",
        (0.0, 3600.0),
        dynamic=False,
    )
    registration: str = parameter(
        "auto",
        "whether depth is moved onto the pixels of colour: auto (where its frame_id or size is "
        "another, or extrinsics are given), never, always",
        choices=REGISTRATIONS,
    )
    extrinsics: list[float] = parameter(
        [],
        "where the depth camera stands in the colour camera's optical frame: x, y, z [m] and a "
        "quaternion x, y, z, w; empty: TF says",
        limits=(-100.0, 100.0),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.extrinsics:
            RigidTransform.of_numbers(self.extrinsics)

    @property
    def aligned(self) -> bool:
        """Whether depth lies on the pixels of colour, whatever frames and cameras say."""
        return self.registration == "never"

    def stand(
        self, color_frame: str, depth_frame: str, ask: Callable[[], RigidTransform]
    ) -> RigidTransform | None:
        """How points of depth's frame lie in that of colour; None where depth lies on the pixels of
        colour. `ask` says it, or raises InputError, where `extrinsics` does not.
        """
        one = color_frame == depth_frame and not self.extrinsics
        if self.aligned or (self.registration == "auto" and one):
            return None
        return RigidTransform.of_numbers(self.extrinsics) if self.extrinsics else ask()


COLOR_INPUTS = (
    Topic("color/image_rect", "sensor_msgs/msg/Image", "rectified colour image", "sensor"),
    Topic("color/camera_info", "sensor_msgs/msg/CameraInfo", "calibration of colour", "sensor"),
)
DEPTH_INPUTS = (
    Topic(
        "depth/image_rect",
        "sensor_msgs/msg/Image",
        "rectified depth: 16UC1 (millimetres, or depth.unit_m) or 32FC1 metres",
        "sensor",
    ),
    Topic("depth/camera_info", "sensor_msgs/msg/CameraInfo", "calibration of depth", "sensor"),
)
IMU = Topic(
    "imu",
    "sensor_msgs/msg/Imu",
    "acceleration says which way is down (gravity.source imu)",
    "readings",
)
LABEL_INFO = Topic(
    "segmentation/label_info",
    "std_msgs/msg/String",
    "the classes, said once: vision_msgs/msg/LabelInfo where that package is installed, else a "
    'JSON object of the same fields, {"class_map": [{"class_id", "class_name"}], "threshold"}',
    "latched",
)

RGBD_SEGMENTATION = NodeInterface(
    name="rgbd_segmentation",
    module="ddff_perception.segmentation.node",
    description="What each pixel of an RGB-D camera shows: 13 classes of things in rooms. Outputs "
    "carry the stamp and the frame of the colour image (of the depth image where that is alone).",
    inputs=(*COLOR_INPUTS, *DEPTH_INPUTS, IMU),
    outputs=(
        Topic(
            "segmentation/image",
            "sensor_msgs/msg/Image",
            "class of each pixel, mono8, of the size of the input; 255 unlabelled",
        ),
        Topic(
            "segmentation/confidence",
            "sensor_msgs/msg/Image",
            "32FC1, 0..1: the probability that the label is right",
        ),
        Topic(
            "segmentation/overlay",
            "sensor_msgs/msg/Image",
            "the classes' colours over the image, bgr8 of capture.width_px, for people",
        ),
        Topic(
            "segmentation/points",
            "sensor_msgs/msg/PointCloud2",
            "organised cloud with the fields x, y, z, rgb, label (uint32) and confidence",
        ),
        LABEL_INFO,
    ),
    services=(RESET,),
    parameters=INPUT_PARAMETERS
    + InputSettings.table()
    + METHODS.choice("how labels are found")
    + GravitySettings.table().prefixed("gravity")
    + pipeline_parameters()
    + LabelledPointSettings.table().prefixed("points"),
)
