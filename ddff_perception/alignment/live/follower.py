"""Where on the route the newest frame is: the cheapest path so far, carried on by one column."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from ...types import FloatArray
from ..matching.grid import Totals, first_column, next_column
from ..matching.settings import FollowSettings
from ..matching.smoothing import RateFilter, SmoothingSettings
from ..matching.tours import BLOCKED
from .route import Route

_LEAST_WEIGHT = 1e-6
# A match that holds is given up later than one is begun: half of the way to no contrast at all.
_HOLDS = 0.5
_NEAR_S = 1.0
_ELSEWHERE = 5.0
# Standing still, both ways cost the same; noise must not decide.
_BACKWARDS = 0.9
_LEAST_RATE = 0.25
# A match begins where the way back costs more by this factor: past a frame that is like everything,
# both ways cost the same.
_FORWARD = 1.05
# A clear match counts after this share of `minimum_s`, and so many frames.
_SOONER, _LEAST_FRAMES = 0.125, 5
_MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Match:
    """Where a live frame is: the `row` of the route (-1 where `lost`), `confidence` 0..1: how much
    less the path to it costs than the best one elsewhere; `rate`: seconds of the route per second.
    """

    row: int
    lost: bool
    confidence: float
    rate: float


class Follower:
    """The grid's shortest path as a filter: `add` takes each live frame and says where it is.

    The path may begin anywhere; what came before fades with `window_s`. A second filter, kept
    `epsilon_s` away from the first one's path, says what the best other path costs: where it costs
    as much, the route is another one, or the place is one of several. A third one goes the other
    way: where it costs less, the route is driven backwards, and it is lost. A lost filter begins
    anew, at the places that an index finds alike.
    """

    _newest_s: float | None
    _own: Totals
    _before: Totals
    _other: Totals
    _back: Totals

    def __init__(
        self,
        route: Route,
        settings: FollowSettings | None = None,
        smoothing: SmoothingSettings | None = None,
    ) -> None:
        self.route = route
        self.settings = settings or FollowSettings()
        self._smoothing = smoothing or SmoothingSettings()
        self._reach = max(1, round(self.settings.epsilon_s / route.step_s))
        self._begin_anew()

    def add(self, seconds: float, descriptor: FloatArray) -> Match:
        """The place of the unit `descriptor` (d,) of the frame at `seconds`, which must be later
        than those before it.
        """
        costs = self.route.costs(descriptor)
        if self._newest_s is None:
            self._own = self._before = self._other = self._first(costs, descriptor)
            self._back = first_column(costs[::-1])
            self._weight, self._began_s, step, fade = 1.0, seconds, 0.0, 0.0
        else:
            step = seconds - self._newest_s
            fade = float(np.exp(-step / self.settings.window_s))
            self._before = self._own
            self._own = next_column(self._own, costs, fade)
            self._back = next_column(self._back, costs[::-1], fade)
            self._weight = fade * self._weight + 1.0
        self._newest_s = seconds
        row = int(np.argmin(self._own))
        self._rows.append((seconds, row))
        self._follow_other(costs, row, fade)
        return self._judged(seconds, step, row)

    def reset(self) -> None:
        """Forgets the path; the next frame may be anywhere."""
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._newest_s = None
        self._began_s = 0.0
        self._weight = 0.0
        self._own = np.zeros(0)
        self._before = np.zeros(0)
        self._other = np.zeros(0)
        self._back = np.zeros(0)
        self._row = -1
        self._rows: deque[tuple[float, int]] = deque(maxlen=_MOST_ROWS)
        self._locked = False
        self._was_lost = False
        self._rate: RateFilter | None = None

    def _first(self, costs: FloatArray, descriptor: FloatArray) -> Totals:
        """The first column: any row, but after a loss those near what the index finds alike."""
        if not self._was_lost:
            return first_column(costs)
        _, found = self.route.places.nearest(descriptor[None])
        # Not for ever: what the index did not find may be right all the same.
        allowed = np.full(len(costs), _ELSEWHERE * self.route.typical, np.float32)
        near = max(1, round(_NEAR_S / self.route.step_s))
        for row in found[0][found[0] >= 0]:
            allowed[max(0, row - near) : row + near + 1] = 0.0
        return first_column(costs + allowed)

    def _follow_other(self, costs: FloatArray, row: int, fade: float) -> None:
        """The filter of the best path that is nowhere near the first one's."""
        if abs(row - self._row) > self._reach:
            # The first one leapt: what it followed before is the rival now.
            self._other = self._before
        self._row = row
        blocked = costs.copy()
        blocked[max(0, row - self._reach) : row + self._reach + 1] = BLOCKED
        self._other = next_column(self._other, blocked, fade) if fade else first_column(blocked)

    def _judged(self, seconds: float, step: float, row: int) -> Match:
        own = float(self._own[row])
        # Where the route is too short for another path, it is compared with the usual cost.
        rival = min(float(self._other.min()), self.route.typical * self._weight)
        ratio = own / max(rival, _LEAST_WEIGHT)
        limit = self.settings.contrast
        if self._locked:
            limit += _HOLDS * (1.0 - limit)
        back = float(self._back.min()) / max(own, _LEAST_WEIGHT)
        least_back = _BACKWARDS if self._locked else _FORWARD
        found = (
            ratio < limit and back >= least_back and (self._locked or self._begins(seconds, ratio))
        )
        if self._locked and not found:
            self._begin_anew()
            self._was_lost = True
            return Match(-1, True, 0.0, 0.0)
        self._locked = found
        if not found:
            return Match(-1, True, 0.0, 0.0)
        return Match(row, False, 1.0 - min(ratio, 1.0), self._measured_rate(step, row))

    def _begins(self, seconds: float, ratio: float) -> bool:
        """Whether a path is long enough to count: sooner where nothing else comes near it.

        It must go on as well. A frame that is like everything (a plain wall) is the cheapest place
        of any other route; a path that is to be believed leaves it.
        """
        settings = self.settings
        while len(self._rows) > 1 and seconds - self._rows[0][0] > settings.minimum_s:
            self._rows.popleft()
        gone_s = (self._rows[-1][1] - self._rows[0][1]) * self.route.step_s
        sooner = ratio < settings.clear and len(self._rows) >= _LEAST_FRAMES
        wanted_s = settings.minimum_s * (_SOONER if sooner else 1.0)
        return seconds - self._began_s >= wanted_s and gone_s >= _LEAST_RATE * wanted_s

    def _measured_rate(self, step: float, row: int) -> float:
        measured = float(self.route.seconds[row])
        if self._rate is None:
            self._rate = RateFilter(self._smoothing)
            self._rate.state[0] = measured
            step = 0.0
        self._rate.step(step, measured)
        return float(self._rate.state[1])
