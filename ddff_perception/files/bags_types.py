"""Message definitions for reading and writing bags without ROS.

Standard types come with `rosbags`; this package's own and those of other packages are read from
the `.msg` files beside the source or in a sourced ROS prefix. Definitions inside a bag are never
used: turning them into classes would run code made from a file of unknown origin.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..types import InputError

try:
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore
except ImportError as error:
    raise InputError("bags need the Python package rosbags: pip install rosbags") from error

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
JOINT_STATE = "sensor_msgs/msg/JointState"
DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
FOCUS_STATE = "ddff_perception/msg/FocusState"
FOCAL_STACK = "ddff_perception/msg/FocalStack"
ROUTE_MATCH = "ddff_perception/msg/RouteMatch"

_TYPE_NAME = re.compile(r"([a-z][a-z0-9_]*)/msg/([A-Za-z][A-Za-z0-9_]*)")
_FIELD_TYPE = re.compile(r"^\s*([A-Za-z][\w/]*)", re.MULTILINE)
_LARGEST_SEQUENCE = 2**30


def plain_name(topic: str) -> str:
    """The name of the topic that a topic of compressed images is a twin of, as image_transport
    names them.
    """
    return topic.removesuffix("/compressed").removesuffix("/compressedDepth")


def message_store() -> Any:
    """A `rosbags` type store that knows the standard messages and this package's own."""
    store = get_typestore(Stores.ROS2_JAZZY)
    store.max_sequence_length = _LARGEST_SEQUENCE
    for name in (FOCUS_STATE, FOCAL_STACK, ROUTE_MATCH):
        add_type(store, name)
    return store


def add_type(store: Any, name: str) -> None:
    """Make `store` know the message type `name` ("package/msg/Type") and all it is made of.

    Raises InputError where no `.msg` file defines it.
    """
    found: dict[str, Any] = {}
    wanted = [name]
    while wanted:
        current = wanted.pop()
        if current in store.types or current in found:
            continue
        path = definition_file(current)
        if path is None:
            raise InputError(
                f"there is no definition of the message {current}: "
                "source the ROS workspace that defines it"
            )
        text = path.read_text(encoding="utf-8")
        found.update(get_types_from_msg(text, current))
        wanted.extend(_fields(text, current.partition("/")[0]))
    if found:
        store.register(found)


def has_header(store: Any, name: str) -> bool:
    """Whether messages of the type `name` begin with a std_msgs/Header; False if unknown."""
    _, fields = store.fielddefs.get(name, ((), ()))
    return bool(fields) and "std_msgs/msg/Header" in str(fields[0][1])


def definition_file(name: str) -> Path | None:
    """The `.msg` file that defines the message type `name`, None if there is none."""
    match = _TYPE_NAME.fullmatch(name)
    if match is None:
        raise InputError(f"{name[:80]!r} is not the name of a message type (package/msg/Type)")
    package, kind = match.groups()
    for folder in _definition_folders(package):
        path = folder / f"{kind}.msg"
        if path.is_file():
            return path
    return None


def _definition_folders(package: str) -> Iterator[Path]:
    here = Path(__file__).resolve()
    if package == here.parents[1].name and (here.parents[2] / "package.xml").is_file():
        yield here.parents[2] / "msg"
    for prefix in (os.environ.get("AMENT_PREFIX_PATH") or "").split(os.pathsep):
        if prefix:
            yield Path(prefix) / "share" / package / "msg"
    for parent in here.parents[2:]:
        yield parent / "share" / package / "msg"


def _fields(text: str, package: str) -> Iterator[str]:
    """The message types that a definition's fields have."""
    for field in _FIELD_TYPE.findall(re.sub(r"#.*", "", text)):
        parts = field.split("/")
        if len(parts) > 1:
            yield f"{parts[0]}/msg/{parts[-1]}"
        elif field[0].isupper():
            yield f"{package}/msg/{field}"
