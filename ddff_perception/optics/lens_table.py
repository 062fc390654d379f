"""What a lens does at each of its positions: where it focuses, and how large the image becomes.

    name: macro lens of the arm camera     # optional
    unit: steps                            # of the positions: steps, dioptres, metres, volts
    rows:
      - {position: 0.0, focus_distance_m: .inf, magnification: 1.0}
      - {position: 120.0, focus_distance_m: 0.8, magnification: 1.004}

Between the rows, dioptres and magnification follow a monotone cubic over the position (PCHIP:
Fritsch and Carlson, "Monotone piecewise cubic interpolation", SIAM J. Numer. Anal. 17, 1980);
beyond them, the last row's value holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray

from ..files.atomic import write_bytes
from ..types import InputError

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator

UNITS = ("steps", "dioptres", "metres", "volts", "unknown")
"""Units of a lens position, as in the FocusState message."""

MAX_FILE_BYTES = 1_000_000
MAGNIFICATION_RANGE = (0.5, 2.0)
_KEYS = frozenset({"name", "unit", "rows"})
_ROW_KEYS = frozenset({"position", "focus_distance_m", "magnification"})

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LensTable:
    """Lens position -> focus distance and magnification, from at least two rows.

    `positions`: (N,) in `unit`, in any order, no two equal. `dioptres`: (N,) 1/m of the plane in
    focus, 0 is infinity; strictly monotone over the position. `magnifications`: (N,) size of the
    image relative to the one of the reference position: a point at r pixels from the principal
    point there lies at magnification x r here (focus breathing); 1.0 where not known.
    Raises InputError on values that cannot be a lens.
    """

    positions: Floats
    dioptres: Floats
    magnifications: Floats
    unit: str = "unknown"
    name: str = ""
    _dioptres_at: PchipInterpolator = field(init=False, repr=False, compare=False)
    _magnification_at: PchipInterpolator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        order = np.argsort(self.positions, kind="stable")
        for name in ("positions", "dioptres", "magnifications"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.shape != (len(order),):
                raise InputError("a lens table needs as many dioptres as positions")
            object.__setattr__(self, name, values[order])
        self._check()
        # Here: it takes a third of the time in which a node starts, and most have no table.
        from scipy.interpolate import PchipInterpolator as make  # noqa: N813

        object.__setattr__(self, "_dioptres_at", make(self.positions, self.dioptres))
        object.__setattr__(self, "_magnification_at", make(self.positions, self.magnifications))

    def _check(self) -> None:
        if len(self.positions) < 2:
            raise InputError(f"a lens table needs at least two rows, not {len(self.positions)}")
        if self.unit not in UNITS:
            raise InputError(f"the unit of the lens positions must be one of {', '.join(UNITS)}")
        if not np.isfinite(self.positions).all() or (np.diff(self.positions) == 0).any():
            raise InputError("lens positions must be finite and no two of them equal")
        if not (np.isfinite(self.dioptres) & (self.dioptres >= 0)).all():
            raise InputError("focus distances must be positive or .inf")
        steps = np.diff(self.dioptres) * np.sign(self.dioptres[-1] - self.dioptres[0])
        if not (steps > 0).all():
            index = int(np.flatnonzero(steps <= 0)[0])
            raise InputError(
                "the focus distance must rise or fall all the way with the lens position: look at "
                f"positions {self.positions[index]:g} and {self.positions[index + 1]:g}"
            )
        low, high = MAGNIFICATION_RANGE
        if not ((self.magnifications >= low) & (self.magnifications <= high)).all():
            raise InputError(f"magnifications must lie in {low:g} .. {high:g}, 1 at the reference")

    @property
    def near_m(self) -> float:
        """The nearest focus distance of the table, metres."""
        return float(1.0 / self.dioptres.max())

    @property
    def far_m(self) -> float:
        """The farthest focus distance of the table, metres; +inf allowed."""
        least = float(self.dioptres.min())
        return 1.0 / least if least > 0 else math.inf

    def dioptres_at(self, position: ArrayLike) -> Floats:
        """1 / focus distance at lens positions of any shape, 1/m; NaN stays NaN."""
        return np.asarray(self._dioptres_at(self._clamped(position)), dtype=np.float64)

    def focus_distance_m(self, position: float) -> float:
        """Metres to the plane in focus at a lens position; +inf at infinity."""
        value = float(self.dioptres_at(position))
        # Rounding of the cubic must not turn infinity into a million kilometres.
        return math.inf if abs(value) < 1e-9 else 1.0 / value

    def position(self, focus_distance_m: float) -> float:
        """The lens position that focuses at a distance; the nearer end for one out of range.

        The inverse of `focus_distance_m` to rounding. Raises InputError on a distance that is not
        positive (+inf is).
        """
        if not focus_distance_m > 0:
            raise InputError(f"a focus distance must be positive, not {focus_distance_m:g} m")
        target = float(np.clip(1.0 / focus_distance_m, self.dioptres.min(), self.dioptres.max()))
        rising = self.dioptres[-1] > self.dioptres[0]
        low, high = float(self.positions[0]), float(self.positions[-1])
        for end in (low, high):
            if target == float(self.dioptres_at(end)):
                return end
        for _ in range(80):  # bisection: the interval shrinks below the last bit of a double
            middle = 0.5 * (low + high)
            if (float(self._dioptres_at(middle)) < target) is bool(rising):
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def magnification(self, position: ArrayLike) -> Floats:
        """Size of the image relative to the reference, at lens positions of any shape."""
        return np.asarray(self._magnification_at(self._clamped(position)), dtype=np.float64)

    def magnification_at_distance(self, focus_distance_m: float) -> float:
        """The same by focus distance in metres; 1.0 where the distance is unknown (NaN)."""
        if math.isnan(focus_distance_m):
            return 1.0
        return float(self.magnification(self.position(focus_distance_m)))

    def _clamped(self, position: ArrayLike) -> Floats:
        return np.clip(np.asarray(position, np.float64), self.positions[0], self.positions[-1])

    def save(self, path: Path, comment: str = "") -> None:
        """Writes the table as YAML, atomically; `comment` goes above it, line by line."""
        content: dict[str, Any] = {"name": self.name} if self.name else {}
        content["unit"] = self.unit
        head = "".join(f"# {line}\n" for line in comment.splitlines())
        rows = [
            {
                "position": float(position),
                "focus_distance_m": math.inf if value == 0 else float(f"{1.0 / value:.9g}"),
                "magnification": float(f"{magnification:.7g}"),
            }
            for position, value, magnification in zip(
                self.positions, self.dioptres, self.magnifications, strict=True
            )
        ]
        text = head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        text += yaml.safe_dump({"rows": rows}, sort_keys=False, default_flow_style=None, width=100)
        write_bytes(path, text.encode())


def read_lens_table(path: Path) -> LensTable:
    """The table in a YAML file; raises InputError that names the file and what is wrong in it."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path} is too large for a lens table")
        content = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {_first_line(error)}") from error
    try:
        return parse_lens_table(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def parse_lens_table(content: object) -> LensTable:
    """The table that parsed YAML describes; raises InputError."""
    table = _mapping(content, _KEYS, "the lens table")
    rows = table.get("rows")
    if not isinstance(rows, list):
        raise InputError("the lens table needs a list `rows`")
    parsed = [_row(number, row) for number, row in enumerate(rows, start=1)]
    columns = np.array(parsed, dtype=np.float64).reshape(-1, 3).T
    unit, name = table.get("unit", "unknown"), table.get("name", "")
    if not isinstance(unit, str) or not isinstance(name, str):
        raise InputError("unit and name of the lens table must be text")
    return LensTable(columns[0], columns[1], columns[2], unit, name)


def _row(number: int, content: object) -> tuple[float, float, float]:
    where = f"row {number} of the lens table"
    row = _mapping(content, _ROW_KEYS, where)
    values = []
    for key, default in (("position", None), ("focus_distance_m", None), ("magnification", 1.0)):
        value = row.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise InputError(f"{key} in {where} must be a number, not {value!r}")
        values.append(float(value))
    position, distance, magnification = values
    if not distance > 0:
        raise InputError(f"focus_distance_m in {where} must be positive or .inf, not {distance:g}")
    return position, 1.0 / distance, magnification


def _mapping(content: object, keys: frozenset[str], where: str) -> Mapping[str, object]:
    if not isinstance(content, dict):
        raise InputError(f"{where} must be a mapping with the keys {', '.join(sorted(keys))}")
    unknown = sorted(str(key) for key in content if key not in keys)
    if unknown:
        raise InputError(f"{where} has unknown keys: {', '.join(unknown)}")
    return content


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
