"""Restoration of single images, as the package knows it."""

from ..capability import Capability, Command, Reference, View

_HERE = "ddff_perception.restoration"

RESTORATION = Capability(
    name="restoration",
    description="a noisy, blurred, compressed or small image in, a restored one out",
    nodes={"image_restoration": Reference(f"{_HERE}.interface:IMAGE_RESTORATION")},
    commands=(Command("restore", Reference(f"{_HERE}.commands.restore:restore")),),
    methods=Reference(f"{_HERE}.methods:METHODS"),
    bag=Reference(f"{_HERE}.evaluation.bag:RestorationRun"),
    results=Reference(f"{_HERE}.evaluation.bag:RESTORATION_RESULTS"),
    networks={
        name: Reference(f"{_HERE}.training.networks:{name.upper()}")
        for name in (
            "restore_stream",
            "ssn",
            "ssn_labels",
            "tsn_late",
            "tsn_mid",
            "msn",
            "vdsr",
            "deep_deblur",
        )
    },
    demo=Reference(f"{_HERE}.evaluation.demo:RESTORATION_DEMO"),
    view=View(
        pictures={
            "image_rect": "image",
            "image_restored": "image",
            "restoration/confidence": "confidence",
        }
    ),
)
