"""What can be set about the alignment of slices and about motion between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...capture.alignment_settings import FindsFrames, alignment_model, flow_smoothing
from ...optics.lens_table import LensTable
from ...optics.resampling import Matrix
from ...parameters import Settings, Value, parameter
from ...types import InputError

KINDS = ("none", "breathing", "ecc", "flow")


@dataclass(frozen=True)
class AlignmentSettings(FindsFrames, Settings):
    """How slices are laid over each other, and what motion between them does."""

    alignment: str = parameter(
        "none",
        "how slices are laid over each other: not at all, by the magnification of the lens "
        "table, by an affine map or homography found in the images, or by that and dense flow",
        choices=KINDS,
    )
    alignment_model: str = alignment_model()
    alignment_size: int = parameter(
        0,
        "images are shrunken to this longest side to find how they lie; 0 is 240 for a stream "
        "and 640 for a whole stack",
        "px",
        (0, 4096),
    )
    minimum_correlation: float = parameter(
        0.5, "ecc has failed where aligned slices correlate less", limits=(0.0, 1.0)
    )
    failed_weight: float = parameter(
        0.3,
        "weight of a slice whose alignment failed; it keeps the last one of its kind",
        limits=(0.0, 1.0),
    )
    flow_smoothing: float = flow_smoothing()
    motion_scale_px: float = parameter(
        4.0,
        "slices misaligned by this against the newest keep 1/e of their weight",
        "px",
        (0.1, 1000.0),
    )
    motion_limit_px: float = parameter(
        12.0,
        "depth is held back while the stack is misaligned by more (median over the slices)",
        "px",
        (0.1, 1e5),
    )
    view_limit: float = parameter(
        0.15,
        "the stack starts anew when the view has moved by this share of the longest side since "
        "its first slice (ecc, flow)",
        limits=(0.01, 0.5),
    )

    @classmethod
    def complete(
        cls, values: Mapping[str, Value] | None, table: LensTable | None = None
    ) -> AlignmentSettings:
        """As `from_values`; raises InputError, too, where `breathing` lacks the lens table."""
        settings = cls.from_values(values)
        if settings.alignment == "breathing" and table is None:
            raise InputError(
                "alignment breathing needs a lens table: make one with `ddff calibrate focus`, "
                "or choose ecc"
            )
        return settings

    def size(self, automatic: int) -> int:
        """The longest side of images that are compared, `automatic` where none was set."""
        return max(self.alignment_size, 80) if self.alignment_size else automatic

    def weight(self, misaligned_px: float) -> float:
        """Weight 0..1 of a slice that lies off by so many pixels: exp(-(d / scale)^2)."""
        return float(np.exp(-((misaligned_px / self.motion_scale_px) ** 2)))


def breathing_matrix(
    table: LensTable | None,
    focus_distance_m: float,
    shape: tuple[int, ...],
    principal_point: tuple[float, float] | None = None,
) -> Matrix:
    """The matrix from pixels at the table's reference magnification to pixels of a slice.

    A scaling about the principal point (pixels; None: the image centre); the identity without a
    table or where the focus distance is unknown.
    """
    if table is None:
        return np.eye(3)
    factor = table.magnification_at_distance(focus_distance_m)
    cx, cy = principal_point or ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    return np.array([[factor, 0, (1 - factor) * cx], [0, factor, (1 - factor) * cy], [0, 0, 1]])
