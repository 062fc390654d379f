"""What can be set about the capture of a focal stack."""

from __future__ import annotations

from dataclasses import dataclass

from ...capture.reading_track import Nearness
from ...capture.stamp_order import SECOND_NS
from ...parameters import Settings, parameter
from .pairing import PairingRule


@dataclass(frozen=True)
class CaptureSettings(Settings):
    """How images and focus readings become slices."""

    pairing: str = parameter(
        "nearest",
        "how an image finds its focus state: the nearest reading by stamp, or between the "
        "readings before and after it, in dioptres",
        choices=("nearest", "interpolated"),
    )
    pairing_tolerance_s: float = parameter(
        0.05, "an image is dropped if no focus reading lies this near in time", "s", (0.0, 3600.0)
    )
    pairing_wait_s: float = parameter(
        0.2,
        "how long an image waits, by the stamps of the images, for a reading after it",
        "s",
        (0.0, 60.0),
    )
    stamp_jitter_s: float = parameter(
        0.005,
        "an image and a reading closer than this were taken at the same instant; raise it to "
        "an exposure time if the driver stamps one at its start and the other at its end",
        "s",
        (0.0, 1.0),
    )
    queue_size: int = parameter(16, "images that may wait for their reading", limits=(1, 1000))
    settle_time_s: float = parameter(
        0.0,
        "images taken sooner than this after the first reading of a new lens position are "
        "dropped; 0 trusts the settled flag",
        "s",
        (0.0, 60.0),
    )
    keep_moving: bool = parameter(
        False,
        "also use images taken while the lens moves (slow continuous sweeps; best with "
        "pairing interpolated)",
    )
    distance_tolerance_dpt: float = parameter(
        0.01,
        "focus distances this near are the same slice, and the same lens position",
        "1/m",
        (0.0, 10.0),
    )
    distance_tolerance_rel: float = parameter(
        0.0,
        "focus distances this near as a share of the distance are the same slice, too",
        limits=(0.0, 0.5),
    )
    position_tolerance: float = parameter(
        0.001,
        "lens positions this near are the same: the lens did not move",
        "lens unit",
        (0.0, 1e9),
    )
    allow_unknown: bool = parameter(
        False,
        "accept readings without a focus distance: slices are then told apart by lens "
        "position, or kept in order of time, and the depth is relative",
    )
    max_age_s: float = parameter(
        20.0,
        "slices older than this against the newest image are removed; 0 keeps them",
        "s",
        (0.0, 86400.0),
    )
    max_slices: int = parameter(
        64, "slices kept; the one renewed longest ago goes first", limits=(1, 1000)
    )
    balance: bool = parameter(
        False,
        "slices whose exposure differs are balanced, and those that are black or burnt out left "
        "out (lamps that flicker, an automatic exposure; the camera must rest for a sweep)",
    )
    time_jump_s: float = parameter(
        1.0,
        "stamps that go back by more than this start a new stack (a bag that loops)",
        "s",
        (0.0, 3600.0),
    )

    @property
    def pairing_wait_ns(self) -> int:
        return _ns(self.pairing_wait_s)

    @property
    def max_age_ns(self) -> int:
        return _ns(self.max_age_s)

    @property
    def rule(self) -> PairingRule:
        """The part of the settings that decides on one image."""
        return PairingRule(
            interpolated=self.pairing == "interpolated",
            near=Nearness.of_seconds(self.pairing_tolerance_s, self.stamp_jitter_s),
            settle_ns=_ns(self.settle_time_s),
            keep_moving=self.keep_moving,
            move_dpt=self.distance_tolerance_dpt,
            move_position=self.position_tolerance,
        )


def _ns(seconds: float) -> int:
    return round(seconds * SECOND_NS)
