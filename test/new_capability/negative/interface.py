"""What the node `negative_image` offers, as data."""

from ddff_perception.ros.interface import INPUT_PARAMETERS, RESET, NodeInterface, Topic

from .methods import METHODS

NEGATIVE_IMAGE = NodeInterface(
    name="negative_image",
    module="negative.node",
    description="The negative of every image, with its stamp, frame and encoding.",
    inputs=(
        Topic("image", "sensor_msgs/msg/Image", "grey or colour, 8 or 16 bits", "sensor"),
        Topic("camera_info", "sensor_msgs/msg/CameraInfo", "calibration of the images", "sensor"),
    ),
    outputs=(
        Topic("negative/image", "sensor_msgs/msg/Image", "white where the image is black"),
        Topic("negative/camera_info", "sensor_msgs/msg/CameraInfo", "calibration of the negative"),
    ),
    services=(RESET,),
    parameters=INPUT_PARAMETERS + METHODS.choice("how the negative is made") + METHODS.parameters(),
)
