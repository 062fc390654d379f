"""What every node offers that plays a folder as a camera, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import Settings, parameter


@dataclass(frozen=True)
class PlayedSettings(Settings):
    """How a folder is played, whatever it shows."""

    noise: float = parameter(
        0.0,
        "standard deviation of the noise that is added to each image, none to depth",
        "8-bit grey levels",
        (0.0, 100.0),
        dynamic=False,
    )
    seed: int = parameter(0, "of the noise", limits=(0, 2**31 - 1), dynamic=False)
    wait_for_subscribers: int = parameter(
        0, "the camera starts when this many listen to its images", limits=(0, 100), dynamic=False
    )
