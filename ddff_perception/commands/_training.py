"""What `ddff train` and `ddff export` share: a capability with networks, and what they need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..capability import Capability, chosen
from ..registry import CAPABILITIES
from ..types import InputError


def trainable(name: str, use: str) -> Capability:
    """The capability `name`; raises InputError where there is none, or no network to `use`."""
    capability: Capability = chosen(CAPABILITIES, "capability", name)
    if not capability.networks:
        raise InputError(f"{name} has no network to {use}")
    return capability


@contextmanager
def training_packages(doing: str) -> Iterator[None]:
    """Names the command that installs what an import inside the block lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ddff_perception"):
            raise InputError(
                f"this installation has no training code ({error.name}): build it with `colcon "
                "build --cmake-args -DDDFF_INSTALL_TRAINING=ON`"
            ) from error
        raise InputError(
            f"{doing} needs {error.name}: run `make setup-train` or `pip install "
            f"'ddff_perception[train]'`"
        ) from error
