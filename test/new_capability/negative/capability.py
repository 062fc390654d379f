"""The negative, as the package knows it."""

from ddff_perception.capability import Capability, Command, Reference

NEGATIVE = Capability(
    name="negative",
    description="image in, its negative out",
    nodes={"negative_image": Reference("negative.interface:NEGATIVE_IMAGE")},
    commands=(Command("negative", Reference("negative.commands:negative")),),
    methods=Reference("negative.methods:METHODS"),
    bag=Reference("negative.evaluation:NegativeRun"),
    results=Reference("negative.evaluation:NEGATIVE_RESULTS"),
    networks={"tiny": Reference("negative.training")},
)
