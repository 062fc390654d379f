"""One topic on the page each: a picture, a cloud, a reading."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..types import InputError
from . import words
from .charts import Chart
from .clouds import Cloud, cloud_of
from .layout import Pane
from .pictures import Ends, guessed_look, show
from .readings import READERS, said
from .source import Arrival

if TYPE_CHECKING:
    import viser

JPEG_QUALITY = 85
_UNITS = {"depth": " [m]", "confidence": " [0 .. 1]", "angle": " [°]"}
# Of the distance between neighbours: a surface looks closed.
_POINT_SIZE = 1.4


def rate_text(arrival: Arrival) -> str:
    """How often messages come."""
    return "" if arrival.rate_hz is None else f"{arrival.rate_hz:.1f} Hz"


class TopicPane(Protocol):
    """What shows the messages of one topic, none sooner after another than `every_s`."""

    every_s: float

    def show(self, arrival: Arrival) -> None:
        """Shows a message, or says why that cannot be."""

    def remove(self) -> None:
        """Takes it off the page."""


class PicturePane:
    """An image with its colours and facts below it."""

    every_s = 0.0

    def __init__(self, server: viser.ViserServer, container: Any, pane: Pane, title: str) -> None:
        self._gui, self._pane, self._title = server.gui, pane, title
        self._ends: Ends | None = None
        self._image: Any = None
        with container:
            self._folder = self._gui.add_folder(title)
        with self._folder:
            self._facts = self._gui.add_html(words.caption("waiting for an image"), order=1.0)

    def show(self, arrival: Arrival) -> None:
        encoding = str(getattr(arrival.message, "encoding", ""))
        look = self._pane.look or guessed_look(self._pane.topic, encoding)
        try:
            shown = show(arrival.message, look, self._ends)
        except (InputError, ValueError) as error:
            self._facts.content = words.problem(str(error))
            return
        self._ends = shown.ends
        picture = np.ascontiguousarray(shown.picture[:, :, ::-1])
        if self._image is None:
            unit = _UNITS.get(look, "") if isinstance(look, str) else ""
            self._folder.label = self._title + unit
            with self._folder:
                self._image = self._gui.add_image(
                    picture, format="jpeg", jpeg_quality=JPEG_QUALITY, order=0.0
                )
        else:
            self._image.image = picture
        facts = "; ".join(text for text in (shown.facts, rate_text(arrival)) if text)
        self._facts.content = words.caption(facts, scale=shown.scale)

    def remove(self) -> None:
        self._folder.remove()


class CloudPane:
    """A cloud in the scene, what is known of it in words beside the pictures."""

    # As large as ten pictures: a browser that is slow gets no more than it can draw.
    every_s = 0.5

    def __init__(self, server: viser.ViserServer, container: Any, pane: Pane, title: str) -> None:
        self._server, self._pane = server, pane
        self._cloud: Any = None
        with container:
            self._folder = server.gui.add_folder(f"{title} [m], in 3D")
        with self._folder:
            self._facts = server.gui.add_html(words.caption("waiting for a cloud"))

    def show(self, arrival: Arrival) -> None:
        try:
            cloud = cloud_of(arrival.message)
        except (InputError, ValueError) as error:
            self._facts.content = words.problem(str(error))
            return
        self._facts.content = words.caption(
            "; ".join(text for text in (cloud.facts, rate_text(arrival)) if text)
        )
        if not len(cloud.points):
            return
        if self._cloud is None:
            self._look_at(cloud)
            self._cloud = self._server.scene.add_point_cloud(
                f"/cloud{self._pane.topic}",
                cloud.points,
                cloud.colours,
                point_size=_POINT_SIZE * spacing(cloud),
                point_shape="circle",
                point_shading="flat",
                precision="float32",
            )
            return
        with self._server.atomic():
            self._cloud.points, self._cloud.colors = cloud.points, cloud.colours

    def remove(self) -> None:
        self._folder.remove()
        if self._cloud is not None:
            self._cloud.remove()

    def _look_at(self, cloud: Cloud) -> None:
        """From behind the camera and a little above it, at the middle of what it saw."""
        middle = np.median(cloud.points, axis=0).astype(np.float64)
        far = abs(float(middle[2]))
        place = np.array([0.2, -0.25, -0.1]) * far
        self._server.scene.add_frame("/camera", axes_length=0.05 * far, axes_radius=0.002 * far)
        for camera in (
            self._server.initial_camera,
            *(client.camera for client in self._server.get_clients().values()),
        ):
            camera.position, camera.look_at = place, middle


def spacing(cloud: Cloud) -> float:
    """About how far apart neighbours are, metres: as if they filled what the camera saw."""
    low, high = np.percentile(cloud.points[:, :2], (5.0, 95.0), axis=0)
    area = float(np.prod(high - low))
    return max(math.sqrt(area / (0.81 * len(cloud.points))), 1e-4)


class ReadingPane:
    """Small numbers as a chart."""

    every_s = 0.0

    def __init__(self, server: viser.ViserServer, container: Any, pane: Pane, title: str) -> None:
        self._pane = pane
        with container:
            self._folder = server.gui.add_folder(title)
        with self._folder:
            self._said = server.gui.add_html(words.caption("waiting for a reading"), order=1.0)
        self._chart = Chart(server.gui, self._folder, "")

    def show(self, arrival: Arrival) -> None:
        values = READERS[self._pane.type](arrival.message)
        now = said(self._pane.type, arrival.message)
        now = now or ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        texts = (now, rate_text(arrival))
        self._said.content = words.caption("; ".join(text for text in texts if text))
        self._chart.add(arrival.time_s, values)

    def remove(self) -> None:
        self._folder.remove()


PANES: Mapping[str, Callable[[viser.ViserServer, Any, Pane, str], TopicPane]] = {
    "picture": PicturePane,
    "cloud": CloudPane,
    "reading": ReadingPane,
}
"""What shows a topic, by `Pane.kind`."""
