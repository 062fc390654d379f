"""Depth from defocus, as the package knows it."""

from ..capability import Capability, Command, Reference, View

_HERE = "ddff_perception.defocus"

DEFOCUS = Capability(
    name="defocus",
    description="one image of a wide aperture in; depth, defocus and a sharp image out",
    nodes={"depth_from_defocus": Reference(f"{_HERE}.interface:DEPTH_FROM_DEFOCUS")},
    commands=(
        Command("defocus", Reference(f"{_HERE}.commands.defocus:defocus")),
        Command(
            "triples",
            Reference(f"{_HERE}.commands.triples:app"),
            "Real images to learn depth from defocus from: plan, record and prepare.",
        ),
        Command(
            "defocus",
            Reference(f"{_HERE}.commands.calibrate:calibrate_defocus"),
            group="calibrate",
        ),
    ),
    methods=Reference(f"{_HERE}.methods:METHODS"),
    bag=Reference(f"{_HERE}.evaluation.bag:DefocusRun"),
    results=Reference(f"{_HERE}.evaluation.results:DEFOCUS_RESULTS"),
    networks={
        "defocus_light": Reference(f"{_HERE}.training.defocus_light"),
        "two_headed": Reference(f"{_HERE}.training.two_headed:SUPERVISED"),
        "two_headed_self": Reference(f"{_HERE}.training.two_headed:SELF_SUPERVISED"),
    },
    demo=Reference(f"{_HERE}.evaluation.demo:DEFOCUS_DEMO"),
    view=View(
        pictures={
            "image_rect": "image",
            "defocus/image": Reference(f"{_HERE}.evaluation.pictures:colorize_defocus"),
            "depth/image_rect": "depth",
            "depth/confidence": "confidence",
            "image_deblurred": "image",
        },
        clouds=("points",),
        readings=("focus_state",),
    ),
)
