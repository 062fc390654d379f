"""Images in, where on the route they are out: descriptor and filter joined, without a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..frame_pipeline import FramePipeline
from ..methods import Method
from ..parameters import Settings, Value, parameter
from ..pipeline import Change
from ..types import FloatArray, ImageArray, InputError
from .capture.folder import DEMO, DEMO_ROUTE
from .capture.reference import Reference
from .live.follower import Follower, Match
from .live.route import Route
from .matching.settings import FollowSettings
from .matching.smoothing import SmoothingSettings
from .methods import METHODS, require_same

NO_REFERENCE = "there is no reference: set the parameter reference, or call ~/set_reference"
_LOST = Match(-1, True, 0.0, 0.0)


@dataclass(frozen=True)
class RouteSettings(Settings):
    """What the live images are laid over."""

    reference: str = parameter(
        "",
        "file of the recorded route, as `ddff align build` writes it; demo: the one that comes "
        "with the package; empty: none yet",
    )
    blank: float = parameter(
        4.0,
        "images whose grey levels vary by less (standard deviation) show nothing and are left out",
        "8-bit grey levels",
        (0.0, 128.0),
    )


@dataclass(frozen=True, slots=True)
class Located:
    """Where the image of `stamp_ns` is: the `match`, and of the frame of the reference that shows
    it the stamp and the number in its recording; -1 where it is lost. `blank`: it shows nothing.
    """

    stamp_ns: int
    match: Match
    reference_ns: int = -1
    number: int = -1
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Laid:
    """A reference, where it came from, and the filter over it."""

    source: str
    reference: Reference
    follower: Follower


class RoutePipeline(FramePipeline[FloatArray]):
    """What node, command and bag evaluation run: `estimate` describes the newest image, `locate`
    says where on the reference it is.
    """

    methods = METHODS

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        values = values or {}
        super().__init__(values)
        self._counters["blank"] = 0
        self._values = dict(values)
        self._settings = RouteSettings.of(values)
        self._laid: Laid | None = None
        if self._settings.reference:
            self._laid = self._lay(self._settings.reference, values, self._method.now)

    @property
    def reference(self) -> Reference | None:
        """What the images are laid over; None where nothing is set yet."""
        return None if self._laid is None else self._laid.reference

    @property
    def source(self) -> str:
        """Where the reference came from."""
        return "" if self._laid is None else self._laid.source

    @property
    def method(self) -> Method:
        """What describes images; called with one, it gives a unit vector."""
        return self._method.now

    def locate(self) -> tuple[Located, Mapping[str, float]]:
        """Where the newest image is, and the milliseconds that its stages took.

        Raises InputError where there is no reference, or one of another camera.
        """
        laid = self._laid
        if laid is None:
            raise InputError(NO_REFERENCE)
        if self._image is not None:
            height, width = self._image.shape[:2]
            laid.reference.require_camera(width, height)
            if _deviation(self._image) < self._settings.blank:
                self._counters["blank"] += 1
                return Located(self._stamp_ns, _LOST, blank=True), {}
        found = self.estimate()
        match = laid.follower.add(found.stamp_ns / 1e9, found.found)
        located = Located(found.stamp_ns, match)
        if not match.lost:
            reference = laid.reference
            stamp, number = (int(a[match.row]) for a in (reference.stamps, reference.numbers))
            located = Located(found.stamp_ns, match, stamp, number)
        return located, found.timings_ms

    def prepare_reference(self, source: str | Reference) -> Change:
        """Makes the route of a file, or of what was built, ready to be followed from now on.

        Raises InputError where it cannot be used.
        """
        laid = self._lay(source, self._values, self._method.now)

        def apply() -> None:
            self._laid = laid
            if isinstance(source, str):
                # As if the parameter had been set, so that setting it back is a change.
                self._values["reference"] = source
                self._settings = replace(self._settings, reference=source)

        return Change(apply)

    def prepare(self, values: Mapping[str, Value]) -> Change:
        settings, laid = RouteSettings.of(values), self._laid
        method = METHODS.create(*METHODS.chosen(values))
        if settings.reference != self._settings.reference:
            laid = self._lay(settings.reference, values, method) if settings.reference else None
        elif laid is not None and _followed(values) != _followed(self._values):
            laid = self._lay(laid.reference, values, method)
        elif laid is not None:
            require_same(method, laid.reference.facts)
        chosen = self._method.prepare(values)

        def apply() -> None:
            chosen.apply()
            self._values, self._settings, self._laid = dict(values), settings, laid

        return Change(apply, chosen.discard)

    def forget(self) -> None:
        if self._laid is not None:
            self._laid.follower.reset()

    def _lay(self, source: str | Reference, values: Mapping[str, Value], method: Method) -> Laid:
        name = source if isinstance(source, str) else self.source
        reference = source
        if isinstance(reference, str):
            path = DEMO_ROUTE if reference == DEMO else Path(reference).expanduser()
            reference = Reference.load(path)
        require_same(method, reference.facts)
        settings = FollowSettings.of(values, "matching")
        route = Route.of(reference.descriptors, reference.seconds, settings.rank)
        smoothing = SmoothingSettings.of(values, "smoothing")
        return Laid(name, reference, Follower(route, settings, smoothing))


def _followed(values: Mapping[str, Value]) -> tuple[Settings, Settings]:
    """What a filter depends on beside the reference."""
    return FollowSettings.of(values, "matching"), SmoothingSettings.of(values, "smoothing")


def _deviation(image: ImageArray) -> float:
    """Standard deviation in 8-bit grey levels, of every fourth pixel."""
    top = np.iinfo(image.dtype).max / 255.0
    return float(np.std(image[::4, ::4])) / top
