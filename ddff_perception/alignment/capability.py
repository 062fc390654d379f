"""Video alignment, as the package knows it."""

from ..capability import Capability, Command, Reference, View

_HERE = "ddff_perception.alignment"
_CAMERA = "ddff_perception.simulation.route_camera"

ALIGNMENT = Capability(
    name="alignment",
    description="live video in, where it is on a recorded one out",
    nodes={"video_alignment": Reference(f"{_HERE}.interface:VIDEO_ALIGNMENT")},
    sensors={"sim_route_camera": Reference(f"{_CAMERA}.interface:SIM_ROUTE_CAMERA")},
    commands=(
        Command(
            "align",
            Reference(f"{_HERE}.commands.align:app"),
            "Lay videos over each other: make references, match recordings.",
        ),
    ),
    methods=Reference(f"{_HERE}.methods:METHODS"),
    bag=Reference(f"{_HERE}.evaluation.bag:AlignmentRun"),
    results=Reference(f"{_HERE}.evaluation.report:ALIGNMENT_RESULTS"),
    networks={
        "route_encoder": Reference(f"{_HERE}.training.route_encoder:ROUTE_ENCODER"),
        "resnet50": Reference(f"{_HERE}.training.resnet50:RESNET50"),
    },
    demo=Reference(f"{_HERE}.evaluation.demo:ALIGNMENT_DEMO"),
    view=View(pictures={"image": "image", "reference/image": "image"}),
)
