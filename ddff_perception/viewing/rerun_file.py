"""A bag as a file of Rerun (.rrd): pictures, depth, clouds, readings and diagnostics on its
timeline, for those who look at recordings in Rerun's viewer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..evaluation.reports.colours import to_bgr
from ..files.atomic import make_folder
from ..files.bags import BagReader
from ..files.bags_messages import depth_of, image_of
from ..files.bags_types import DIAGNOSTICS, add_type
from ..types import InputError
from .clouds import cloud_of
from .layout import PICTURES, POINTS
from .pictures import guessed_look, show
from .readings import READERS
from .source import Arrivals

if TYPE_CHECKING:
    import rerun

TIMELINE = "receipt"
MISSING = (
    "a .rrd file needs the Python package rerun-sdk (670 MB, NumPy 2): pip install rerun-sdk, or "
    "leave out --rrd to look at the recording in a browser"
)
_LEVELS = ("INFO", "WARN", "ERROR", "WARN")


def write_rrd(bag: Path, file: Path, progress: Callable[[int], None] | None = None) -> list[str]:
    """The messages of `bag` that can be shown, in a new `file`; what could not be, in sentences.

    `progress` is called with the number of messages so far. Raises InputError where rerun-sdk is
    missing, the bag cannot be read or holds nothing to show, and where `file` is there already.
    """
    try:
        import rerun
    except ImportError as error:
        raise InputError(MISSING) from error
    if file.exists():
        raise InputError(f"{file} is there already: give another file as --rrd")
    with BagReader(bag) as reader:
        kinds = {name: t.type for name, t in reader.topics.items() if _is_shown(reader, t.type)}
        if not kinds:
            raise InputError(f"{bag} holds no message that can be shown")
        make_folder(file.parent)
        part = file.with_name(f".{file.name}.part")
        stream = rerun.RecordingStream("ddff_perception")
        stream.save(part)
        notes: dict[str, None] = {}
        try:
            for number, item in enumerate(reader.messages(kinds)):
                stream.set_time(TIMELINE, timestamp=item.time_ns * 1e-9)
                try:
                    _log(stream, item.topic, kinds[item.topic], item.message)
                except InputError as error:
                    notes[f"{item.topic}: {error}"] = None
                if progress is not None:
                    progress(number + 1)
            stream.disconnect()
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    return list(notes)


def _is_shown(reader: BagReader, kind: str) -> bool:
    try:
        add_type(reader.store, kind)
    except (InputError, KeyError):
        return False
    return kind in (*PICTURES, POINTS, DIAGNOSTICS) or kind in READERS


def _log(stream: rerun.RecordingStream, topic: str, kind: str, message: Any) -> None:
    import rerun

    if kind == POINTS:
        cloud = cloud_of(message)
        stream.log(topic, rerun.Points3D(cloud.points, colors=cloud.colours))
    elif kind == DIAGNOSTICS:
        arrivals = Arrivals()
        arrivals.add_statuses(message)
        for status in arrivals.statuses():
            level = _LEVELS[min(status.level, len(_LEVELS) - 1)]
            stream.log(topic, rerun.TextLog(f"{status.name}: {status.message}", level=level))
    elif kind in PICTURES:
        stream.log(topic, _picture(topic, message))
    else:
        for name, value in READERS[kind](message).items():
            stream.log([*topic.strip("/").split("/"), name], rerun.Scalars(value))


def _picture(topic: str, message: Any) -> Any:
    """Depth in metres, so that the viewer can measure; what is no plain image as it is painted."""
    import rerun

    look = guessed_look(topic, str(getattr(message, "encoding", "")))
    if look == "depth":
        return rerun.DepthImage(depth_of(message), meter=1.0)
    if look == "image" and not hasattr(message, "images"):
        image = to_bgr(image_of(message))
    else:
        image = show(message, look).picture
    return rerun.Image(image, color_model="BGR").compress(jpeg_quality=90)
