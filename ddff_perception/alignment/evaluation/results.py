"""Time maps on disk: what `ddff align match` and the bag evaluation write and reports read.

time_map.csv     a line per frame of the query; reference_s is empty where there is no match, true_s
                 where the truth is unknown, and inf where the reference does not show the place
time_map.json    the same numbers, column by column; null for what is empty or inf
pairs.jpg        frames of the query above those of the reference that show the same place
costs.png        the cost matrix with the tour in it (of two recordings)
descriptors.png  the frames of two recordings as points of a plane, like ones side by side
side_by_side.mp4 the query beside the reference in step with it (of two recordings)
summary.json     comes last: a folder without one is not whole
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.atomic import make_folder, remove, write_bytes, write_json
from ...files.images import read_image, read_json, write_image
from ...files.limits import FILE_MIB
from ...types import ImageArray, InputError
from .scores import ABSENT

SUMMARY, MAP = "summary.json", "time_map.csv"
PAIRS, COSTS, VIDEO = "pairs.jpg", "costs.png", "side_by_side.mp4"
DESCRIPTORS = "descriptors.png"
RESULT_FILES = (
    MAP, "time_map.json", PAIRS, COSTS, DESCRIPTORS, VIDEO, SUMMARY, "report.html"
)  # fmt: skip
"""What a folder of one result holds."""
SHOWN_PAIRS = 6
_PAIR_WIDTH = 240


@dataclass(frozen=True)
class TimeMap:
    """Columns (m,) of the query's frames: number and time [s] in the query, number and time [s] in
    the reference (-1 and NaN where lost), confidence 0..1, rate, and the true time (NaN: unknown,
    `scores.ABSENT`: the reference does not show the place).
    """

    query_frame: NDArray[np.int64]
    query_s: NDArray[np.float64]
    reference_frame: NDArray[np.int64]
    reference_s: NDArray[np.float64]
    confidence: NDArray[np.float64]
    rate: NDArray[np.float64]
    true_s: NDArray[np.float64]

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True)
class AlignmentResult:
    """One result folder; pictures are None where there are none."""

    name: str
    time_map: TimeMap
    pairs: ImageArray | None = None
    costs: ImageArray | None = None
    descriptors: ImageArray | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


def is_alignment(folder: Path) -> bool:
    """Whether `folder` holds a time map."""
    return (folder / MAP).is_file()


def begin_results(folder: Path) -> None:
    """Makes the folder ready; raises InputError where it cannot be, or holds what is another's."""
    make_folder(folder, RESULT_FILES)
    for name in RESULT_FILES:
        remove(folder / name)


def write_time_map(folder: Path, time_map: TimeMap) -> None:
    """time_map.csv and time_map.json."""
    columns = time_map.columns()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_cell(value) for value in row])
    write_bytes(folder / MAP, text.getvalue().encode())
    write_json(folder / "time_map.json", {name: list(v) for name, v in columns.items()})


def read_alignment(folder: Path, truth: Path | None = None) -> AlignmentResult:
    """The result in `folder`; `truth`: another time map whose reference_s are true.

    Raises InputError where a file cannot be used.
    """
    found = read_time_map(folder / MAP)
    if truth is not None:
        found = with_truth(found, read_truth(truth))
    summary = read_json(folder / SUMMARY) if (folder / SUMMARY).is_file() else {}
    pictures = {
        name: read_image(folder / file) if (folder / file).is_file() else None
        for name, file in (("pairs", PAIRS), ("costs", COSTS), ("descriptors", DESCRIPTORS))
    }
    return AlignmentResult(folder.resolve().name, found, summary=summary, **pictures)


def read_truth(source: Path) -> dict[int, float]:
    """True times by the query's frame, of a time map or the folder of one: its reference_s, and
    `ABSENT` where these are none. Raises InputError where it is no time map.
    """
    true = read_time_map(source / MAP if source.is_dir() else source)
    times = np.where(np.isnan(true.reference_s), ABSENT, true.reference_s)
    return dict(zip(true.query_frame.tolist(), times.tolist(), strict=True))


def with_truth(found: TimeMap, known: Mapping[int, float]) -> TimeMap:
    """The time map with the true times that are `known` of its frames."""
    times = np.array([known.get(number, np.nan) for number in found.query_frame.tolist()])
    return replace(found, true_s=times)


def read_time_map(file: Path) -> TimeMap:
    """A time map of a CSV file; raises InputError where it is none."""
    try:
        FILE_MIB.check(file.stat().st_size / (1 << 20), str(file))
        rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))
        names, values = rows[0], rows[1:]
        if names != [item.name for item in fields(TimeMap)] or not values:
            raise ValueError("other columns")
        numbers = np.array([[float(cell or "nan") for cell in row] for row in values], np.float64)
        columns = dict(zip(names, numbers.T, strict=True))
    except (OSError, UnicodeDecodeError, ValueError, IndexError, csv.Error) as error:
        raise InputError(f"{file} is no time map of ddff align match ({error})") from error
    whole = {n: np.nan_to_num(columns[n], nan=-1).astype(np.int64) for n in _WHOLE}
    return TimeMap(**{**columns, **whole})


def pairs_picture(
    queries: Sequence[ImageArray], references: Sequence[ImageArray | None]
) -> ImageArray | None:
    """Frames of the query above those of the reference, grey where there is no match."""
    columns = []
    for query, reference in zip(queries, references, strict=True):
        above = shown(query, _PAIR_WIDTH)
        below = np.full_like(above, 90) if reference is None else shown(reference, _PAIR_WIDTH)
        if below.shape != above.shape:
            size = above.shape[1], above.shape[0]
            below = np.asarray(cv2.resize(below, size), np.uint8)
        columns.append(np.concatenate([above, below]))
    return np.concatenate(columns, axis=1) if columns else None


def write_pairs(folder: Path, picture: ImageArray | None) -> None:
    """pairs.jpg, where there is something to show."""
    if picture is not None:
        write_image(folder / PAIRS, picture)


def shown(image: ImageArray, width: int) -> NDArray[np.uint8]:
    """The image as uint8 BGR of that width."""
    if image.dtype != np.uint8:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    height = max(2, round(image.shape[0] * width / image.shape[1] / 2) * 2)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


_WHOLE = ("query_frame", "reference_frame")


def _cell(value: Any) -> str:
    if isinstance(value, np.integer):
        return str(int(value))
    return "" if np.isnan(value) else f"{float(value):.6f}"
