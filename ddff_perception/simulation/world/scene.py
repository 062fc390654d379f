"""One scene by its number: what kind it is, its world, and viewpoints worth rendering."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...types import FloatArray
from ..assets.library import Library
from .cameras import CARRIERS, Viewpoint, room_viewpoint, view_penalty
from .maker import Maker
from .odd import ODD, odd_viewpoint
from .rooms import ROOMS, make_room
from .types import World

QuickLook = Callable[[Viewpoint], tuple[FloatArray, "np.ndarray"]]
_TRIES = 12

KINDS = (*ROOMS, *ODD)


class Scene:
    """The scene `number` of a data set with that `seed`; `shares` weighs kinds of KINDS.

    Neither other scenes nor the number of workers have a part in it.
    """

    def __init__(
        self,
        library: Library,
        seed: int,
        number: int,
        shares: Mapping[str, float],
        moving: float = 0.0,
        wet: float = 0.0,
    ) -> None:
        draw = np.random.default_rng([seed, number])
        weights = np.array(list(shares.values()), np.float64)
        self.kind = str(draw.choice(list(shares), p=weights / weights.sum()))
        self._maker = Maker(library, int(draw.integers(2**62)))
        self._labelled = self.kind in ROOMS
        if self._labelled:
            self._plan = make_room(self._maker, self.kind)
        else:
            self._stage = ODD[self.kind](self._maker)
        if moving:
            self._maker.set_moving(moving)
        if wet and self._maker.chance(wet):
            self._maker.wet_floors()

    def world(self) -> World:
        """All that is in the scene."""
        return self._maker.world(self.kind)

    def viewpoint(self, look: QuickLook) -> Viewpoint:
        """The next viewpoint: the first of a dozen that is worth rendering, or the best of them;
        `look` gives depth and classes of a small image from there.
        """
        best: tuple[float, Viewpoint] | None = None
        for _ in range(_TRIES):
            viewpoint = self._candidate()
            depth, classes = look(viewpoint)
            nearest = 1.0 if self._labelled else self._stage.nearest / 1.5
            penalty = view_penalty(depth / nearest, classes, self._labelled)
            if not np.isfinite(depth).any():
                penalty += 10.0
            if best is None or penalty < best[0]:
                best = (penalty, viewpoint)
            if penalty == 0:
                break
        assert best is not None
        return best[1]

    def _candidate(self) -> Viewpoint:
        if self._labelled:
            return room_viewpoint(self._maker, self._plan, self._maker.pick(CARRIERS))
        return odd_viewpoint(self._maker, self._stage)
