"""RGB-D segmentation, as the package knows it."""

from ..capability import Capability, Command, Reference, View

_HERE = "ddff_perception.segmentation"
_CAMERA = "ddff_perception.simulation.rgbd_camera"
_TRAINING = f"{_HERE}.training"

SEGMENTATION = Capability(
    name="segmentation",
    description="RGB-D camera in, what each pixel shows out",
    nodes={"rgbd_segmentation": Reference(f"{_HERE}.interface:RGBD_SEGMENTATION")},
    sensors={"sim_rgbd_camera": Reference(f"{_CAMERA}.interface:SIM_RGBD_CAMERA")},
    commands=(Command("segment", Reference(f"{_HERE}.commands.segment:segment")),),
    networks={
        "fuse_light": Reference(f"{_TRAINING}.networks:FUSE_LIGHT"),
        "fuse_light_colour": Reference(f"{_TRAINING}.networks:COLOUR"),
        "fuse_light_depth": Reference(f"{_TRAINING}.networks:DEPTH"),
        "fuse_light_stacked": Reference(f"{_TRAINING}.networks:STACKED"),
        "fusenet": Reference(f"{_TRAINING}.paper_networks:FUSENET"),
        "single_stream": Reference(f"{_TRAINING}.paper_networks:SINGLE_STREAM"),
        "fcn": Reference(f"{_TRAINING}.paper_networks:FCN"),
    },
    methods=Reference(f"{_HERE}.methods:METHODS"),
    bag=Reference(f"{_HERE}.evaluation.bag:SegmentationRun"),
    results=Reference(f"{_HERE}.evaluation.report:SEGMENTATION_RESULTS"),
    demo=Reference(f"{_HERE}.evaluation.demo:SEGMENTATION_DEMO"),
    view=View(
        pictures={
            "color/image_rect": "image",
            "depth/image_rect": "depth",
            "segmentation/overlay": "image",
            "segmentation/image": Reference(f"{_HERE}.palette:label_colours"),
            "segmentation/confidence": "confidence",
        },
        clouds=("segmentation/points",),
    ),
)
