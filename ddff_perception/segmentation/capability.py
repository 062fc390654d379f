"""RGB-D segmentation, as the package knows it."""

from ..capability import Capability, Command, Reference

_HERE = "ddff_perception.segmentation"
_CAMERA = "ddff_perception.simulation.rgbd_camera"

SEGMENTATION = Capability(
    name="segmentation",
    description="RGB-D camera in, what each pixel shows out",
    nodes={"rgbd_segmentation": Reference(f"{_HERE}.interface:RGBD_SEGMENTATION")},
    sensors={"sim_rgbd_camera": Reference(f"{_CAMERA}.interface:SIM_RGBD_CAMERA")},
    commands=(Command("segment", Reference(f"{_HERE}.commands.segment:segment")),),
    methods=Reference(f"{_HERE}.methods:METHODS"),
    bag=Reference(f"{_HERE}.evaluation.bag:SegmentationRun"),
    results=Reference(f"{_HERE}.evaluation.report:SEGMENTATION_RESULTS"),
    demo=Reference(f"{_HERE}.evaluation.demo:SEGMENTATION_DEMO"),
)
