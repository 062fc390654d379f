"""A time map without jumps that goes back in neither video."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...parameters import Settings, parameter


@dataclass(frozen=True)
class SmoothingSettings(Settings):
    """What the Kalman filter takes for granted; the paper gives no values."""

    position_s: float = parameter(
        0.1, "standard deviation of a matched time about the true one", "s", (1e-3, 10.0)
    )
    rate_change: float = parameter(
        0.5,
        "standard deviation of the change of rate in one second",
        "1/s",
        (1e-3, 100.0),
    )


@dataclass
class RateFilter:
    """A Kalman filter of the time in the reference and its rate, one frame after the other.

    State: (time in the reference [s], rate: seconds of the reference per second of the query). The
    rate is kept from going below 0, as in section 4.3.4: neither video is played backwards.
    """

    settings: SmoothingSettings = field(default_factory=SmoothingSettings)
    state: NDArray[np.float64] = field(default_factory=lambda: np.array([0.0, 1.0]))
    covariance: NDArray[np.float64] = field(default_factory=lambda: np.diag([1e6, 1.0]))

    def predicted(
        self, step_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """State, covariance and transition after `step_s` seconds."""
        move = np.array([[1.0, step_s], [0.0, 1.0]])
        drift = self.settings.rate_change**2 * step_s
        noise = drift * np.array([[step_s**2 / 3, step_s / 2], [step_s / 2, 1.0]])
        return move @ self.state, move @ self.covariance @ move.T + noise, move

    def step(self, step_s: float, measured_s: float) -> None:
        """`step_s` seconds later the time in the reference was measured; NaN: it was not."""
        self.state, self.covariance, _ = self.predicted(step_s)
        if not np.isnan(measured_s):
            gain = self.covariance[:, 0] / (self.covariance[0, 0] + self.settings.position_s**2)
            self.state = self.state + gain * (measured_s - self.state[0])
            self.covariance = self.covariance - np.outer(gain, self.covariance[0])
        self.state[1] = max(self.state[1], 0.0)


def smoothed(
    query_s: NDArray[np.float64],
    matched_s: NDArray[np.float64],
    settings: SmoothingSettings | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times in the reference (m,) and rates (m,) from those `matched_s` (m,) to the frames at
    `query_s` (m,), both in seconds and without NaN: filtered forward and backward (Rauch, Tung,
    Striebel), and never going back.
    """
    settings = settings or SmoothingSettings()
    filtered = RateFilter(settings)
    filtered.state[0] = matched_s[0]
    count = len(matched_s)
    states, covariances = np.empty((count, 2)), np.empty((count, 2, 2))
    predictions: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]] = []
    for number in range(count):
        step = query_s[number] - query_s[number - 1] if number else 0.0
        predictions.append(filtered.predicted(step))
        filtered.step(step, matched_s[number])
        states[number], covariances[number] = filtered.state, filtered.covariance
    for number in range(count - 2, -1, -1):
        state, covariance, move = predictions[number + 1]
        back = covariances[number] @ move.T @ np.linalg.inv(covariance)
        states[number] += back @ (states[number + 1] - state)
        states[number, 1] = max(states[number, 1], 0.0)
    return np.maximum.accumulate(states[:, 0]), states[:, 1]
