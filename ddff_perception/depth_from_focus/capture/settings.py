"""What can be set about the capture of a focal stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...capture.reading_track import Nearness
from ...capture.stamp_order import SECOND_NS
from ...parameters import Parameter, ParameterTable, Value
from .pairing import PairingRule

PARAMETERS = ParameterTable(
    [
        Parameter(
            "pairing",
            "nearest",
            "how an image finds its focus state: the nearest reading by stamp, or between the "
            "readings before and after it, in dioptres",
            choices=("nearest", "interpolated"),
        ),
        Parameter(
            "pairing_tolerance_s",
            0.05,
            "an image is dropped if no focus reading lies this near in time",
            "s",
            0.0,
            3600.0,
        ),
        Parameter(
            "pairing_wait_s",
            0.2,
            "how long an image waits, by the stamps of the images, for a reading after it",
            "s",
            0.0,
            60.0,
        ),
        Parameter(
            "stamp_jitter_s",
            0.005,
            "an image and a reading closer than this were taken at the same instant; raise it to "
            "an exposure time if the driver stamps one at its start and the other at its end",
            "s",
            0.0,
            1.0,
        ),
        Parameter("queue_size", 16, "images that may wait for their reading", "", 1, 1000),
        Parameter(
            "settle_time_s",
            0.0,
            "images taken sooner than this after the first reading of a new lens position are "
            "dropped; 0 trusts the settled flag",
            "s",
            0.0,
            60.0,
        ),
        Parameter(
            "keep_moving",
            False,
            "also use images taken while the lens moves (slow continuous sweeps; best with "
            "pairing interpolated)",
        ),
        Parameter(
            "distance_tolerance_dpt",
            0.01,
            "focus distances this near are the same slice, and the same lens position",
            "1/m",
            0.0,
            10.0,
        ),
        Parameter(
            "distance_tolerance_rel",
            0.0,
            "focus distances this near as a share of the distance are the same slice, too",
            "",
            0.0,
            0.5,
        ),
        Parameter(
            "position_tolerance",
            0.001,
            "lens positions this near are the same: the lens did not move",
            "lens unit",
            0.0,
            1e9,
        ),
        Parameter(
            "allow_unknown",
            False,
            "accept readings without a focus distance: slices are then told apart by lens "
            "position, or kept in order of time, and the depth is relative",
        ),
        Parameter(
            "max_age_s",
            20.0,
            "slices older than this against the newest image are removed; 0 keeps them",
            "s",
            0.0,
            86400.0,
        ),
        Parameter(
            "max_slices", 64, "slices kept; the one renewed longest ago goes first", "", 1, 1000
        ),
        Parameter(
            "time_jump_s",
            1.0,
            "stamps that go back by more than this start a new stack (a bag that loops)",
            "s",
            0.0,
            3600.0,
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """The values of PARAMETERS, by the same names."""

    pairing: str
    pairing_tolerance_s: float
    pairing_wait_s: float
    stamp_jitter_s: float
    queue_size: int
    settle_time_s: float
    keep_moving: bool
    distance_tolerance_dpt: float
    distance_tolerance_rel: float
    position_tolerance: float
    allow_unknown: bool
    max_age_s: float
    max_slices: int
    time_jump_s: float

    @classmethod
    def complete(cls, values: Mapping[str, Value]) -> CaptureSettings:
        """The given values checked, defaults elsewhere; InputError on a bad one."""
        checked: dict[str, Any] = dict(PARAMETERS.complete(values))
        return cls(**checked)

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
