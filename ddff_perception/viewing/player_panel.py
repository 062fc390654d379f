"""Play, pause and the place in a recording."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .recording import Recording

if TYPE_CHECKING:
    import viser

_SHOWN_EVERY_S = 0.5
_SPEEDS = {"¼ ×": 0.25, "1 ×": 1.0, "4 ×": 4.0}


class PlayerPanel:
    """Controls of `recording`; what the browser asks for is done by `tick`."""

    def __init__(self, gui: viser.GuiApi, recording: Recording, later: Any) -> None:
        self._recording, self._shown_s = recording, 0.0
        length = round(recording.length_s, 2)
        self._button = gui.add_button("Pause", icon="player-pause", color="gray")
        self._place = gui.add_slider(
            f"time [s] of {length:g}", 0.0, max(length, 0.01), 0.01, 0.0, hint="Place in the bag."
        )
        self._speed = gui.add_button_group("speed", tuple(_SPEEDS))
        self._button.on_click(lambda _: later(self._toggle))
        self._speed.on_click(lambda event: later(lambda: self._set_speed(event.target.value)))
        self._place.on_update(self._moved(later))

    def tick(self) -> None:
        """Shows the place, twice a second."""
        if time.monotonic() - self._shown_s < _SHOWN_EVERY_S:
            return
        self._shown_s = time.monotonic()
        self._place.value = min(round(self._recording.position_s, 2), self._place.max)

    def _moved(self, later: Any) -> Any:
        def moved(event: Any) -> None:
            # What the page itself sets is no wish of anybody.
            if event.client is not None:
                later(lambda: self._recording.seek(float(self._place.value)))

        return moved

    def _toggle(self) -> None:
        self._recording.paused = not self._recording.paused
        self._button.label = "Play" if self._recording.paused else "Pause"
        self._button.icon = "player-play" if self._recording.paused else "player-pause"

    def _set_speed(self, name: str) -> None:
        self._recording.speed = _SPEEDS.get(name, 1.0)
