"""Charts of numbers over time."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import viser

_KEPT = 600
_MOST_SERIES = 8
_COLOURS = ("#1971c2", "#e8590c", "#2f9e44", "#ae3ec9", "#c92a2a", "#0c8599", "#f08c00", "#868e96")
_INK = "#868e96"
_HEIGHT = 190
# A telephone draws no chart more often.
_DRAWN_EVERY_S = 0.5


class History:
    """Named numbers over time, the newest of them; begins anew where time goes back or a name is
    new. What is not told again stays as it was: a gap would be no number that a chart can draw.
    """

    def __init__(self) -> None:
        self._rows: deque[tuple[float, dict[str, float]]] = deque(maxlen=_KEPT)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._rows[-1][1]) if self._rows else ()

    def add(self, time_s: float, values: dict[str, float]) -> bool:
        """True where there is something new."""
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        last_s, last = self._rows[-1] if self._rows else (-math.inf, {})
        if not finite or time_s == last_s:
            return False
        if time_s < last_s or not set(finite) <= set(last):
            self._rows.clear()
        merged = dict(list((last | finite).items())[:_MOST_SERIES])
        self._rows.append((time_s, merged))
        return True

    def columns(self) -> tuple[NDArray[np.float64], ...]:
        """Seconds up to now (0), and one column for each name."""
        times = np.array([at for at, _ in self._rows])
        table = np.array([list(values.values()) for _, values in self._rows])
        return (times - times[-1], *table.T)


class Chart:
    """A `History` drawn in `container`; made when the first numbers come."""

    def __init__(self, gui: viser.GuiApi, container: Any, title: str) -> None:
        self._gui, self._container, self._title = gui, container, title
        self._history = History()
        self._drawn: tuple[str, ...] = ()
        self._drawn_s = -math.inf
        self._plot: Any = None

    def add(self, time_s: float, values: dict[str, float]) -> None:
        """Draws further, at most twice a second."""
        now = time.monotonic()
        if not self._history.add(time_s, values) or now - self._drawn_s < _DRAWN_EVERY_S:
            return
        self._drawn_s = now
        columns = self._history.columns()
        if len(columns[0]) < 2:
            return
        if self._plot is None or self._drawn != self._history.names:
            self._draw(columns)
        else:
            self._plot.data = columns

    def clear(self) -> None:
        """Forgets all."""
        self._history = History()
        if self._plot is not None:
            self._plot.remove()
            self._plot = None

    def _draw(self, columns: tuple[NDArray[np.float64], ...]) -> None:
        if self._plot is not None:
            self._plot.remove()
        self._drawn = self._history.names
        lines = [
            {"label": name, "stroke": colour, "width": 1.5, "points": {"show": False}}
            for name, colour in zip(self._drawn, _COLOURS, strict=False)
        ]
        axis: dict[str, Any] = {
            "stroke": _INK,
            "grid": {"stroke": _INK + "40"},
            "ticks": {"stroke": _INK + "40"},
        }
        with self._container:
            self._plot = self._gui.add_uplot(
                columns,
                ({"label": "s"}, *lines),
                title=self._title,
                scales={"x": {"time": False}},
                axes=(
                    {**axis, "label": "time [s]", "labelSize": 16, "labelFont": "11px sans-serif"},
                    axis,
                ),
                legend={"show": True},
                height=_HEIGHT,
            )
