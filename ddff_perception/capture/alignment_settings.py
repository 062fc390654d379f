"""What settings about alignment share: fields, and how one frame is found in another."""

from __future__ import annotations

from collections.abc import Sequence

from ..optics.registration import (
    LEAST_GAIN,
    MODELS,
    RegistrationError,
    dense_flow,
    register,
    small_flow,
)
from ..optics.resampling import Matrix
from ..parameters import parameter
from ..types import FloatArray, ImageArray


def alignment_model() -> str:
    """The field `alignment_model`."""
    return parameter(
        "affine",
        "what ecc looks for; a homography costs twice as much and helps with rotation in depth",
        choices=MODELS,
    )


def flow_smoothing() -> float:
    """The field `flow_smoothing`."""
    return parameter(
        0.02,
        "standard deviation over which dense flow is smoothed, as a share of the longest side",
        limits=(0.002, 0.5),
    )


class FindsFrames:
    """For `Settings` that have these fields."""

    alignment_model: str
    minimum_correlation: float
    flow_smoothing: float

    def find(
        self,
        reference: Sequence[FloatArray],
        image: Sequence[FloatArray],
        shape: tuple[int, ...],
        initial: Matrix,
        shift_gain: float = LEAST_GAIN,
    ) -> Matrix:
        """As `registration.register`; raises RegistrationError, too, where the aligned images
        correlate less than they must.
        """
        model = self.alignment_model
        matrix, correlation = register(reference, image, shape, initial, model, shift_gain)
        if correlation < self.minimum_correlation:
            raise RegistrationError("the frames do not correlate")
        return matrix

    def flow(self, reference: ImageArray, image: ImageArray, longest: int) -> FloatArray:
        """As `registration.dense_flow`."""
        return dense_flow(reference, image, longest, self.flow_smoothing)

    def small_flow(self, reference: ImageArray, image: ImageArray, longest: int) -> FloatArray:
        """As `registration.small_flow`."""
        return small_flow(reference, image, longest, self.flow_smoothing)
