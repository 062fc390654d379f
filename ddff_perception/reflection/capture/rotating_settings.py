"""What can be set about a polarizer that turns before one camera."""

from __future__ import annotations

from ...optics.registration import MODELS
from ...parameters import Parameter, ParameterTable

ROTATING_PARAMETERS = ParameterTable(
    [
        Parameter(
            "pairing_tolerance_s",
            0.1,
            "a frame is dropped if no reading of the filter lies this near in time",
            "s",
            0.0,
            60.0,
        ),
        Parameter(
            "pairing_wait_s",
            0.5,
            "how long a frame waits, by the stamps of the frames, for a reading after it",
            "s",
            0.0,
            60.0,
        ),
        Parameter(
            "stamp_jitter_s",
            0.005,
            "a frame and a reading closer than this were taken at the same instant",
            "s",
            0.0,
            1.0,
        ),
        Parameter("queue_size", 16, "frames that may wait for their reading", "", 1, 1000),
        Parameter(
            "turn_limit_deg",
            10.0,
            "frames are dropped while the filter turns further than this between two readings",
            "deg",
            0.1,
            90.0,
        ),
        Parameter(
            "angle_tolerance_deg",
            5.0,
            "frames this near in angle are one: the newer takes the older one's place",
            "deg",
            0.5,
            45.0,
        ),
        Parameter("max_age_s", 5.0, "frames older than this are forgotten", "s", 0.01, 3600.0),
        Parameter("max_frames", 8, "frames of different angles that are kept", "", 3, 64),
        Parameter(
            "alignment",
            "ecc",
            "how frames are laid over the newest one: not at all (camera and scene at rest), by "
            "an affine map or homography found in the images, or by that and dense flow",
            choices=("none", "ecc", "flow"),
        ),
        Parameter(
            "alignment_model",
            "affine",
            "what ecc looks for; a homography costs twice as much and helps with rotation in depth",
            choices=MODELS,
        ),
        Parameter(
            "alignment_size",
            320,
            "frames are shrunken to this longest side to find how they lie",
            "px",
            64,
            4096,
        ),
        Parameter(
            "minimum_correlation",
            0.5,
            "ecc has failed where aligned frames correlate less: all before are forgotten",
            "",
            0.0,
            1.0,
        ),
        Parameter(
            "motion_limit_px",
            40.0,
            "frames that lie further off the newest one are dropped",
            "px",
            0.5,
            100000.0,
        ),
        Parameter(
            "flow_smoothing",
            0.02,
            "standard deviation over which dense flow is smoothed, as a share of the longest side",
            "",
            0.002,
            0.5,
        ),
    ]
)
