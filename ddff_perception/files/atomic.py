"""Files appear whole or not at all, and never in the place of somebody else's."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..types import InputError
from .results import record, require_own


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes `path`'s place when the block ends without an error.

    Raises InputError where the folder cannot be written, the disk is full, or `path` is a file that
    this command did not write (`files.results`); then nothing of the new content stays, and what
    was at `path` before is untouched.
    """
    require_own(path.parent, [path.name])
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        record(path, temporary)
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def reserve(file: BinaryIO, size: int) -> None:
    """Gives a file `size` bytes of the disk before it is mapped and written through the map.

    What is not there then ends the process with a signal. Raises OSError where the disk is full.
    """
    file.truncate(size)
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        # A file system that knows no reservation: a network's, or a compressed one.
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


def write_bytes(path: Path, content: bytes) -> None:
    """`content` at `path`, atomically."""
    with atomic_write(path) as file:
        file.write(content)


def write_json(path: Path, content: Any) -> None:
    """`content` as indented JSON at `path`, atomically; NaN and infinity become null."""
    write_bytes(path, (json_text(content) + "\n").encode())


def json_text(content: Any) -> str:
    """`content` as indented JSON; NaN and infinity become null, numpy numbers plain ones."""
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False)


def remove(path: Path) -> None:
    """Removes the file or folder at `path` if there is one.

    Raises InputError where it cannot be removed, or is not what this command wrote there.
    """
    require_own(path.parent, [path.name])
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot remove {path}: {error.strerror or error}") from error


def make_folder(path: Path, names: Iterable[str] = ()) -> Path:
    """`path` as an existing, writable folder that is to hold files of these `names`.

    Raises InputError if it cannot be one, or holds one of them that this command did not write.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path}: {error.strerror or error}") from error
    if not os.access(path, os.W_OK):
        raise InputError(f"the folder {path} is not writable: choose another one")
    require_own(path, names)
    return path


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if hasattr(content, "item") and getattr(content, "shape", None) == ():
        content = content.item()
    if isinstance(content, float) and not -float("inf") < content < float("inf"):
        return None
    return content
