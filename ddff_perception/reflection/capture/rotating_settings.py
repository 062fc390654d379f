"""What can be set about a polarizer that turns before one camera."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter


@dataclass(frozen=True)
class RotatingSettings(Settings):
    """A polarizer that turns before one camera."""

    pairing_tolerance_s: float = parameter(
        0.1,
        "a frame is dropped if no reading of the filter lies this near in time",
        "s",
        (0.0, 60.0),
    )
    pairing_wait_s: float = parameter(
        0.5,
        "how long a frame waits, by the stamps of the frames, for a reading after it",
        "s",
        (0.0, 60.0),
    )
    stamp_jitter_s: float = parameter(
        0.005,
        "a frame and a reading closer than this were taken at the same instant",
        "s",
        (0.0, 1.0),
    )
    queue_size: int = parameter(16, "frames that may wait for their reading", limits=(1, 1000))
    turn_limit_deg: float = parameter(
        10.0,
        "frames are dropped while the filter turns further than this between two readings",
        "deg",
        (0.1, 90.0),
    )
    angle_tolerance_deg: float = parameter(
        5.0,
        "frames this near in angle are one: the newer takes the older one's place",
        "deg",
        (0.5, 45.0),
    )
    max_age_s: float = parameter(5.0, "frames older than this are forgotten", "s", (0.01, 3600.0))
    max_frames: int = parameter(8, "frames of different angles that are kept", limits=(3, 64))
