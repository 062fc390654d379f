"""When to move the lens where: the logic of a focus sweep, with time and hardware outside.

The controller is asked with the time and answers with what to do; whoever asks (a node, a test)
moves the lens and publishes the readings.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain

from ...capture.stamp_order import SECOND_NS
from ...optics.lens_table import LensTable
from ...parameters import Settings, parameter
from ...types import InputError
from ..capture.pairing import FocusReading

ORDERS = ("up", "down", "ping_pong", "random")


@dataclass(frozen=True)
class SweepSettings(Settings):
    """A sweep of the lens; a node has `sweep.` before these names."""

    distances_m: list[float] = parameter(
        [],
        "focus distances of the sweep, .inf allowed; empty: near_m, far_m and steps make them",
        "m",
        (1e-3, None),
    )
    near_m: float = parameter(0.25, "nearest focus distance of the sweep", "m", (1e-3, None))
    far_m: float = parameter(math.inf, "farthest focus distance of the sweep", "m", (1e-3, None))
    steps: int = parameter(12, "focus distances, evenly spaced in dioptres", limits=(2, 1000))
    order: str = parameter(
        "ping_pong",
        "up goes from near to far, down from far to near, ping_pong there and back, random "
        "visits each once per sweep in a new order",
        choices=ORDERS,
    )
    seed: int = parameter(0, "of the random order", limits=(0, 2**31 - 1))
    dwell_s: float = parameter(
        0.1,
        "how long the lens rests at each distance, after it settled: at least one frame",
        "s",
        (0.0, 3600.0),
    )
    settle_time_s: float = parameter(
        0.08, "from the command (or its confirmation) until the lens rests", "s", (0.0, 60.0)
    )
    confirm_timeout_s: float = parameter(
        1.0,
        "a driver that confirms its moves has failed after this; 0 waits for no confirmation",
        "s",
        (0.0, 60.0),
    )
    position_step: float = parameter(
        0.0,
        "lens positions are rounded to multiples of this (1 for whole steps); 0 does not round",
        "lens unit",
        (0.0, 1e6),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.distances_m and not self.near_m < self.far_m:
            near, far = f"near_m ({self.near_m:g})", f"far_m ({self.far_m:g})"
            raise InputError(f"{near} must be positive and below {far}")

    def distances(self) -> list[float]:
        """The focus distances in metres, from near to far, +inf allowed."""
        if self.distances_m:
            return sorted(set(self.distances_m))
        near, far = 1.0 / self.near_m, 1.0 / self.far_m
        steps = range(self.steps - 1)
        values = [near + (far - near) * index / (self.steps - 1) for index in steps]
        return [*(1.0 / value for value in values), self.far_m]

    def visits(self) -> Iterator[float]:
        """Focus distances in metres in the order of the sweep, without end."""
        up = self.distances()
        shuffler = random.Random(self.seed)
        back = up[-2:0:-1]
        last = math.nan
        while True:
            if self.order == "random":
                shuffler.shuffle(up)
                if len(up) > 1 and up[0] == last:  # no distance twice in a row
                    up.append(up.pop(0))
                last = up[-1]
                yield from up
            elif self.order == "down":
                yield from reversed(up)
            else:
                yield from chain(up, back if self.order == "ping_pong" else ())


@dataclass(frozen=True, slots=True)
class LensDrive:
    """Focus distance <-> what the driver is told.

    With a `table` its positions; without one, positions in dioptres or metres. `position_step`
    rounds to what the driver can do, 0 not at all. Raises InputError on a unit that needs a table.
    """

    table: LensTable | None = None
    unit: str = "dioptres"
    position_step: float = 0.0

    def __post_init__(self) -> None:
        if self.table is None and self.unit not in ("dioptres", "metres"):
            raise InputError(
                f"lens positions in {self.unit} need a lens table: make one with "
                "`ddff calibrate focus`"
            )

    def position(self, focus_distance_m: float) -> float:
        """The lens position for a distance in metres, rounded to the driver's steps.

        Raises InputError on a distance that is not positive, or infinite for a driver in metres.
        """
        if not focus_distance_m > 0:
            raise InputError(f"a focus distance must be positive, not {focus_distance_m:g} m")
        if self.table is not None:
            position = self.table.position(focus_distance_m)
        elif self.unit == "dioptres":
            position = 1.0 / focus_distance_m
        else:
            position = focus_distance_m
        if not math.isfinite(position):
            raise InputError("a lens that is driven in metres cannot be told infinity")
        if self.position_step > 0:
            position = round(position / self.position_step) * self.position_step
        return position

    def focus_distance_m(self, position: float) -> float:
        """Metres to the plane in focus at a lens position; +inf at infinity."""
        if self.table is not None:
            return self.table.focus_distance_m(position)
        if self.unit == "dioptres":
            return 1.0 / position if position > 0 else math.inf
        return position


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Tell the driver to go to `position` (in its unit), which focuses at `focus_distance_m`."""

    position: float
    focus_distance_m: float


@dataclass(frozen=True, slots=True)
class Settled:
    """The lens rests: frames in `from_ns` <= stamp < `until_ns` (None: until told otherwise)
    show `focus_distance_m`.
    """

    position: float
    focus_distance_m: float
    from_ns: int
    until_ns: int | None


Command = MoveTo | Settled


class Phase(Enum):
    """What the lens is doing."""

    IDLE = "nothing was asked of it yet"
    MOVING = "moving or settling"
    RESTING = "resting"


class SweepController:
    """Sweeps a lens by a plan, or holds it at one distance.

    Times are nanoseconds of one clock. Call `step` at `due_ns` or more often; every call returns
    the commands to carry out, in order. With `confirm_timeout_s` > 0 the settle time starts at
    `confirm` (the driver said that it took the command), otherwise at the command. `failures`
    counts the moves that the driver refused or did not confirm. Raises InputError on a plan that
    the drive cannot follow.
    """

    def __init__(
        self, plan: SweepSettings, drive: LensDrive | None = None, confirm_timeout_s: float = 0.0
    ) -> None:
        self.drive = drive or LensDrive()
        self.set_plan(plan)
        self.sweeping = False
        self.failures = 0
        self.phase = Phase.IDLE
        self.due_ns: int | None = None
        self._confirm_ns = round(confirm_timeout_s * SECOND_NS)
        self._target: MoveTo | None = None
        self._confirmed = False

    def set_plan(self, plan: SweepSettings) -> None:
        """Sweeps by another plan from the next move on.

        Raises InputError on a distance that the drive cannot be told; the old plan then stays.
        """
        for distance in plan.distances():
            self.drive.position(distance)
        self.plan = plan
        self._visits = plan.visits()

    def start(self, now_ns: int) -> list[Command]:
        """Starts or resumes the sweep; nothing changes where it is running."""
        if self.sweeping:
            return []
        self.sweeping = True
        return self._move(next(self._visits), now_ns)

    def stop(self) -> None:
        """Lets the lens rest where it is or where it is going."""
        self.sweeping = False
        if self.phase is Phase.RESTING:
            self.due_ns = None

    def set_distance(self, focus_distance_m: float, now_ns: int) -> list[Command]:
        """Stops the sweep and holds one distance in metres.

        Raises InputError on a distance that cannot be; then nothing changes.
        """
        commands = self._move(focus_distance_m, now_ns)
        self.sweeping = False
        return commands

    def confirm(self, now_ns: int) -> None:
        """The driver took the last command: the settle time starts now."""
        if self.phase is Phase.MOVING and self._confirm_ns and not self._confirmed:
            self._confirmed = True
            self.due_ns = now_ns + self._settle_ns

    def fail(self, now_ns: int) -> list[Command]:
        """The driver refused the last command: the sweep goes on with the next distance."""
        if self.phase is not Phase.MOVING:
            return []
        self.failures += 1
        if not self.sweeping:
            self.phase, self.due_ns, self._target = Phase.IDLE, None, None
            return []
        # A driver that refuses everything must not be asked without a pause.
        self._confirmed = True
        self._target = None
        self.due_ns = now_ns + self._settle_ns + self._dwell_ns
        return []

    def step(self, now_ns: int) -> list[Command]:
        """What is due at `now_ns`; a clock that jumps back shortens the wait, never stalls it."""
        if self.due_ns is not None:
            self.due_ns = min(self.due_ns, now_ns + self._longest_wait_ns)
        if self.due_ns is None or now_ns < self.due_ns:
            return []
        if self.phase is Phase.MOVING and self._target is not None:
            if self._confirm_ns and not self._confirmed:
                return self.fail(now_ns)
            return self._rest(self._target, now_ns)
        return self._move(next(self._visits), now_ns) if self.sweeping else []

    def reading(self, now_ns: int) -> FocusReading:
        """The state of the lens to publish at `now_ns`; NaN before the first move.

        While the lens moves, distance and position are the ones that it goes to.
        """
        if self._target is None:
            return FocusReading(now_ns, math.nan, math.nan, False)
        settled = self.phase is Phase.RESTING
        return FocusReading(now_ns, self._target.focus_distance_m, self._target.position, settled)

    @property
    def _settle_ns(self) -> int:
        return round(self.plan.settle_time_s * SECOND_NS)

    @property
    def _dwell_ns(self) -> int:
        return round(self.plan.dwell_s * SECOND_NS)

    @property
    def _longest_wait_ns(self) -> int:
        return self._settle_ns + self._dwell_ns + self._confirm_ns

    def _move(self, focus_distance_m: float, now_ns: int) -> list[Command]:
        position = self.drive.position(focus_distance_m)
        self._target = MoveTo(position, self.drive.focus_distance_m(position))
        self.phase = Phase.MOVING
        self._confirmed = False
        self.due_ns = now_ns + (self._confirm_ns or self._settle_ns)
        return [self._target]

    def _rest(self, target: MoveTo, now_ns: int) -> list[Command]:
        self.phase = Phase.RESTING
        self.due_ns = now_ns + self._dwell_ns if self.sweeping else None
        return [Settled(target.position, target.focus_distance_m, now_ns, self.due_ns)]
