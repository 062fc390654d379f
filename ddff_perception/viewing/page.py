"""The page: what is looked at, its pictures, cloud, state, parameters and topics."""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from . import words
from .charts import Chart
from .layout import Pane, Subject, panes, short_names
from .panes import PANES, TopicPane
from .parameter_panel import ParameterPanel
from .player_panel import PlayerPanel
from .readings import stages
from .recording import Recording
from .source import Arrival, Source, Status

if TYPE_CHECKING:
    import viser

PERIOD_S = 0.2
"""Time between two looks at what came: nothing is painted more often."""
_LOOK_AROUND_S = 2.0
_NOTHING = "nothing yet"
_PICTURES_PX, _WIDE_PX, _MAIN_PX = 330, 640, 350
_MOST_STATUSES = 8


class Page:
    """A page of `server` that shows `source`. All is done in the thread that calls `tick`; what
    browsers ask for waits for it.
    """

    def __init__(
        self, server: viser.ViserServer, source: Source, subject: str = "", *, dark: bool = False
    ) -> None:
        self._server, self._source, self._wanted = server, source, subject
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._subjects: dict[str, Subject] = {}
        self._chosen = ""
        self._listed: list[Pane] = []
        self._open: dict[str, TopicPane] = {}
        self._waiting: dict[str, Arrival] = {}
        self._shown_s: dict[str, float] = {}
        self._boxes: list[Any] = []
        self._looked_s = -_LOOK_AROUND_S
        self._lay_out(source, dark)
        self._timings = Chart(server.gui, self._state, "median time per stage [ms]")

    def tick(self) -> None:
        """Does what browsers asked for, and shows what came while one looks."""
        while not self._asked.empty():
            self._asked.get()()
        watched = bool(self._server.get_clients())
        if watched and time.monotonic() - self._looked_s >= _LOOK_AROUND_S:
            self._looked_s = time.monotonic()
            self._look_around()
        self._source.follow(self._followed() if watched else {})
        if not watched:
            return
        self._show_topics()
        self._show_state()
        self._parameters.tick()
        if self._player is not None:
            self._player.tick()

    def _show_topics(self) -> None:
        """What came; what comes too soon after another waits, and the newest of it is shown."""
        self._waiting |= self._source.take()
        now = time.monotonic()
        for topic in list(self._waiting):
            pane = self._open.get(topic)
            if pane is None:
                del self._waiting[topic]
            elif now - self._shown_s.get(topic, -math.inf) >= pane.every_s:
                self._shown_s[topic] = now
                pane.show(self._waiting.pop(topic))

    def _lay_out(self, source: Source, dark: bool) -> None:
        server, gui = self._server, self._server.gui
        gui.configure_theme(show_logo=False, show_share_button=False, dark_mode=dark)
        gui.set_panel_label(f"ddff view: {source.name}"[:60])
        # Optical frames: x right, y down, z forward.
        server.scene.set_up_direction("-y")
        gui.main_panel.dock_right()
        gui.main_panel.set_width(_MAIN_PX)
        self._choice = gui.add_dropdown("look at", (_NOTHING,))
        self._choice.on_update(self._chosen_by_hand)
        self._notice = gui.add_html("")
        self._player: PlayerPanel | None = None
        if isinstance(source, Recording):
            self._player = PlayerPanel(gui, source, self._later)
        tabs = gui.add_tab_group()
        self._state = tabs.add_tab("State")
        self._parameters = ParameterPanel(gui, tabs.add_tab("Parameters"), source, self._later)
        self._topics = tabs.add_tab("Topics")
        with self._state:
            self._health = gui.add_html(words.caption("waiting for diagnostics"), order=1e9)
        self._panel = gui.add_panel()
        self._pictures = self._panel.add_tab("Pictures")
        self._panel.dock_left()

    def _chosen_by_hand(self, event: Any) -> None:
        if event.client is not None:
            self._later(lambda: self._choose(event.target.value))

    def _later(self, action: Callable[[], None]) -> None:
        self._asked.put(action)

    def _followed(self) -> dict[str, str]:
        return {pane.topic: pane.type for pane in self._listed if pane.topic in self._open}

    def _look_around(self) -> None:
        """Nodes and topics come and go."""
        self._subjects = {subject.name: subject for subject in self._source.subjects()}
        names = tuple(self._subjects) or (_NOTHING,)
        if self._choice.options != names:
            self._choice.options = names
        self._notice.content = (
            words.problem(self._source.unreadable) if self._source.unreadable else ""
        )
        if self._chosen not in self._subjects:
            fitting = [n for n in names if n == self._wanted or n.endswith(f"/{self._wanted}")]
            chosen = (fitting if self._wanted and fitting else list(names))[0]
            self._choice.value = chosen
            self._choose(chosen)
        elif panes(self._subjects[self._chosen]) != self._listed:
            self._list_topics()

    def _choose(self, name: str) -> None:
        for topic in list(self._open):
            self._close(topic)
        self._chosen, self._listed = name, []
        self._source.choose(name if name in self._subjects else "")
        self._parameters.clear()
        self._timings.clear()
        if name in self._subjects:
            clouds = self._subjects[name].view.clouds
            self._panel.set_width(_PICTURES_PX if clouds else _WIDE_PX)
            self._list_topics()

    def _list_topics(self) -> None:
        """Opens what is new and to be opened, closes what is gone."""
        before, self._listed = self._listed, panes(self._subjects[self._chosen])
        known = {pane.topic for pane in before}
        there = {pane.topic for pane in self._listed}
        titles = short_names([pane.topic for pane in self._listed])
        for topic in set(self._open) - there:
            self._close(topic)
        for pane in self._listed:
            if pane.opened and pane.topic not in known:
                self._open_pane(pane, titles[pane.topic])
        for box in self._boxes:
            box.remove()
        with self._topics:
            self._boxes = [self._box(pane, titles[pane.topic]) for pane in self._listed]

    def _box(self, pane: Pane, title: str) -> Any:
        hint = f"{pane.topic}, {pane.type}"
        box = self._server.gui.add_checkbox(title, pane.topic in self._open, hint=hint)

        def changed(event: Any) -> None:
            wanted = bool(event.target.value)
            if event.client is not None:
                self._later(
                    lambda: self._open_pane(pane, title) if wanted else self._close(pane.topic)
                )

        box.on_update(changed)
        return box

    def _open_pane(self, pane: Pane, title: str) -> None:
        if pane.topic not in self._open:
            container = self._state if pane.kind == "reading" else self._pictures
            self._open[pane.topic] = PANES[pane.kind](self._server, container, pane, title)

    def _close(self, topic: str) -> None:
        if topic in self._open:
            self._open.pop(topic).remove()

    def _show_state(self) -> None:
        subject = self._subjects.get(self._chosen)
        own = own_statuses(self._source.statuses(), subject.nodes if subject else ())
        if not own:
            return
        self._timings.add(max(s.time_s for s in own), stages(own[0].values))
        texts = [words.diagnostics(s.level, s.name, s.message, s.values) for s in own]
        content = "".join(texts[:_MOST_STATUSES])
        if content != self._health.content:
            self._health.content = content


def own_statuses(found: Collection[Status], nodes: Collection[str]) -> list[Status]:
    """The statuses of these nodes (full names, or last parts of them); all where they have none."""

    def rank(status: Status) -> int:
        full = status.name.partition(":")[0]
        order = [name for name in nodes if full == name or full.rpartition("/")[2] == name]
        return list(nodes).index(order[0]) if order else len(nodes)

    ranked = sorted(found, key=lambda status: (rank(status), status.name))
    return [status for status in ranked if rank(status) < len(nodes)] or ranked
