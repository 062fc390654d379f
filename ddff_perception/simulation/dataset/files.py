"""The files of a data set: one zip of arrays per scene, the same bytes for the same content."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import InputError
from ..assets.unpacking import DAMAGE

FORMAT = 1
_ABOUT = "about.json"
_DATE = (1980, 1, 1, 0, 0, 0)
_LEVEL = 1
_MAX_MEMBER_BYTES = 1 << 30


def scene_file(folder: Path, number: int) -> Path:
    """The file of the scene `number`."""
    return folder / "scenes" / f"{number:06d}.zip"


def packed(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> bytes:
    """A zip file of .npy files and `about` as JSON, without dates."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        _write(target, _ABOUT, json.dumps(about, sort_keys=True, allow_nan=False).encode())
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            _write(target, f"{name}.npy", content.getvalue())
    return buffer.getvalue()


def read_about(path: Path) -> dict[str, Any]:
    """What a scene's file says of itself. Raises InputError where it is damaged."""
    text = _read(path, _ABOUT)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} is damaged: delete it and render again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path} is no scene of format {FORMAT}")
    return content


def read_scene_array(path: Path, name: str) -> NDArray[Any]:
    """One array of a scene's file; no other is read. Raises InputError where it is damaged."""
    content = _read(path, f"{name}.npy")
    try:
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{path} is damaged at {name}: delete it and render again") from error


def _write(target: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    target.writestr(entry, content, zipfile.ZIP_DEFLATED, _LEVEL)


def _read(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as source:
            if source.getinfo(name).file_size > _MAX_MEMBER_BYTES:
                raise InputError(f"{path} holds more in {name} than any of our scenes")
            return source.read(name)
    except InputError:
        raise
    except KeyError as error:
        raise InputError(f"{path} holds no {name}") from error
    except DAMAGE as error:
        raise InputError(f"{path} is missing or damaged: delete it and render again") from error
