"""What the node `reflection_separation` offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import parameter
from ..ros.interface import INPUT_PARAMETERS, RESET, NodeInterface, Topic
from .methods import METHODS
from .parameters import pipeline_parameters
from .pipeline import INPUTS, StreamSettings

PIXEL_TYPES = ("input", "uint8", "uint16")


@dataclass(frozen=True)
class InputSettings(StreamSettings):
    """What the node `reflection_separation` reads and sends."""

    input: str = parameter(
        "mosaic",
        "where the polarizer images come from: mosaic (the raw image of a polarization camera "
        "on image_raw), angles (one topic per angle) or rotating (image_rect behind a filter "
        "whose angle comes on filter_state)",
        choices=INPUTS,
        dynamic=False,
    )
    angles_deg: list[float] = parameter(
        [0.0, 45.0, 90.0],
        "polarizer angles of image_a, image_b, image_c and, with a fourth, image_d (input "
        "angles), counted from the image's x axis towards its y axis",
        "deg",
        (-360.0, 360.0),
        dynamic=False,
    )
    slop_s: float = parameter(
        0.005,
        "images whose stamps differ by less are one set (input angles); 0 wants equal stamps",
        "s",
        (0.0, 10.0),
        dynamic=False,
    )
    sync_queue_size: int = parameter(
        10,
        "images per topic that wait for those of the other angles (input angles)",
        limits=(1, 100),
        dynamic=False,
    )
    work_queue_size: int = parameter(
        8,
        "frames behind a rotating filter that may wait to be aligned; the oldest makes way "
        "(input rotating; of the other inputs only the newest waits)",
        limits=(1, 100),
        dynamic=False,
    )
    filter_joint: str = parameter(
        "", "name of the filter's joint in filter_state; empty: the first one (input rotating)"
    )
    filter_ratio: float = parameter(
        1.0,
        "turns of the polarizer per turn of the joint, negative where it turns the other way "
        "(input rotating)",
        limits=(-100.0, 100.0),
    )
    filter_offset_deg: float = parameter(
        0.0, "polarizer angle where the joint is at 0 (input rotating)", "deg", (-360.0, 360.0)
    )
    pixel_type: str = parameter(
        "input",
        "type of the pixels of transmission/image and reflection/image: uint8 (mono8, bgr8) or "
        "uint16 (mono16, bgr16); input takes that of the input",
        choices=PIXEL_TYPES,
    )


MOSAIC_INPUTS = (
    Topic(
        "image_raw",
        "sensor_msgs/msg/Image",
        "raw mosaic of a polarization camera: mono8, mono16 or bayer_* (input mosaic)",
        "sensor",
    ),
)
ANGLE_INPUTS = tuple(
    Topic(
        f"image_{letter}",
        "sensor_msgs/msg/Image",
        f"image behind the {place} polarizer angle of angles_deg (input angles)",
        "sensor",
    )
    for letter, place in zip("abcd", ("first", "second", "third", "fourth"), strict=True)
)
ROTATING_INPUTS = (
    Topic(
        "filter_state",
        "sensor_msgs/msg/JointState",
        "angle of the rotating filter as a joint position [rad], paired with the images by stamp "
        "(input rotating)",
        "readings",
    ),
    Topic(
        "image_rect",
        "sensor_msgs/msg/Image",
        "images of the camera behind the filter, grey or colour (input rotating)",
        "sensor",
    ),
)
CAMERA_INFO = Topic(
    "camera_info",
    "sensor_msgs/msg/CameraInfo",
    "calibration of the input images; without it there is no transmission/camera_info",
    "sensor",
)

REFLECTION_SEPARATION = NodeInterface(
    name="reflection_separation",
    module="ddff_perception.reflection.node",
    description="What lies behind glass or water and what is mirrored in it, apart, from three or "
    "more polarizer angles. Outputs carry the stamp and the frame of the newest input image.",
    inputs=(*MOSAIC_INPUTS, *ANGLE_INPUTS, *ROTATING_INPUTS, CAMERA_INFO),
    outputs=(
        Topic(
            "transmission/image",
            "sensor_msgs/msg/Image",
            "what lies behind the surface, as the camera sees it: mono8 or bgr8 (mono16 or bgr16 "
            "of 16-bit images), in the input's response, full range of the type",
        ),
        Topic(
            "transmission/camera_info",
            "sensor_msgs/msg/CameraInfo",
            "calibration of both layers: size and K of half a mosaic where resolution is half",
        ),
        Topic(
            "reflection/image",
            "sensor_msgs/msg/Image",
            "what is mirrored in the surface, like transmission/image",
        ),
        Topic(
            "transmission/confidence",
            "sensor_msgs/msg/Image",
            "confidence of the layers, 32FC1, 0..1: of guarded and network the probability that "
            "the transmission is within 5 % of its brightest value; not of most_attenuated",
        ),
        Topic(
            "polarization/degree",
            "sensor_msgs/msg/Image",
            "degree of linear polarization, 32FC1, 0..1, of the colours' mean",
        ),
        Topic(
            "polarization/angle",
            "sensor_msgs/msg/Image",
            "angle of linear polarization, 32FC1, radians in 0 .. pi from the image's x axis "
            "towards its y axis (where offset_known is false, only its differences count)",
        ),
    ),
    services=(RESET,),
    parameters=INPUT_PARAMETERS
    + InputSettings.table()
    + METHODS.choice("how the layers are separated")
    + pipeline_parameters(),
)
