"""Retrieval, as the package knows it: a library with commands and no node."""

from ..capability import Capability, Command, Reference

RETRIEVAL = Capability(
    name="retrieval",
    description="descriptors in, the nearest among millions out",
    commands=(
        Command(
            "index",
            Reference("ddff_perception.retrieval.commands.index:app"),
            "Find vectors again among millions: build, fill, ask and measure an index.",
        ),
    ),
)
