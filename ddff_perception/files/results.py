"""Whose a file is: each folder's record of what was written there, so that no other is replaced.

Beside the files lies `.ddff.jsonl` with a line per file written:

    {"name": "depth.npy", "by": "ddff depth", "bytes": 1228928, "sha256": "5f70..."}

A file is replaced or removed only by the command that wrote it, and only while it holds what was
written. A line without `sha256` is that of a file that grows: a log, a learning curve.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ..types import InputError

RECORD = ".ddff.jsonl"
_BLOCK = 1 << 20
_writer: ContextVar[str | None] = ContextVar("writer", default="ddff_perception")


@contextmanager
def written_by(name: str | None) -> Iterator[None]:
    """What is written within belongs to `name`, a command; also a decorator.

    None is for folders that are the program's own (caches): nothing is looked at or recorded.
    """
    token = _writer.set(name)
    try:
        yield
    finally:
        _writer.reset(token)


def require_own(folder: Path, names: Iterable[str]) -> None:
    """Raises InputError where `folder` holds one of `names` that this writer did not put there.

    Whatever writes does so by itself; a command that takes its time asks beforehand.
    """
    writer = _writer.get()
    if writer is None:
        return
    for path in (folder / name for name in names):
        if os.path.lexists(path) and not _is_own(path, writer):
            raise InputError(
                f"{path} is there already and was not written by {writer}: choose another output "
                "folder or name"
            )


def is_own(path: Path) -> bool:
    """Whether this writer put `path` there, and it still holds what was written."""
    writer = _writer.get()
    return writer is not None and _is_own(path, writer)


def record(path: Path, content: Path | None = None) -> None:
    """Notes `path` as written by this writer; `content` is where it is until it takes its place.

    Raises OSError where the record cannot be written.
    """
    _append(path, _facts(content or path))


@contextmanager
def recorded(folder: Path) -> Iterator[None]:
    """Notes `folder`, which others fill within, as written by this writer, however that ends."""
    try:
        yield
    finally:
        if folder.is_dir():
            record(folder)


def record_growing(path: Path) -> None:
    """Notes `path`, still to be opened, as a file of this writer that grows as it is written.

    Raises InputError where another's file is there, or the record cannot be written.
    """
    require_own(path.parent, [path.name])
    try:
        _append(path, {})
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def adopt(folder: Path, names: Iterable[str]) -> None:
    """Notes files as this writer's where `folder` has no record: copied without it, or older."""
    if not (folder / RECORD).exists():
        for name in names:
            if (folder / name).is_file():
                record(folder / name)


def _append(path: Path, facts: dict[str, Any]) -> None:
    writer = _writer.get()
    if writer is None:
        return
    # One write that appends, so that lines of processes that share a folder do not mix; the end of
    # a line comes first, so that one that a full disk cut short spoils no other.
    line = f"\n{json.dumps({'name': path.name, 'by': writer, **facts})}".encode()
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    file = os.open(path.parent / RECORD, flags, 0o666)
    try:
        if os.write(file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def _is_own(path: Path, writer: str) -> bool:
    if path.is_symlink():
        return False
    lines = _lines(path, writer)
    if not lines or "sha256" not in lines[-1]:
        return bool(lines)
    try:
        facts = _facts(path)
    except OSError:
        return False
    # Any of them: the newest is written before its file takes the place of the one before.
    return any(facts == {name: line.get(name) for name in facts} for line in lines)


def _lines(path: Path, writer: str) -> list[dict[str, Any]]:
    """What is recorded of `path` by `writer`; lines that were cut short are left out."""
    try:
        lines = (path.parent / RECORD).read_bytes().splitlines()
    except OSError:
        return []
    found, name = [], json.dumps(path.name).encode()
    for line in lines:
        try:
            content = json.loads(line) if name in line else None
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict) and (content.get("name"), content.get("by")) == (
            path.name,
            writer,
        ):
            found.append(content)
    return found


def _facts(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file; of a folder those of its list of files."""
    digest = hashlib.sha256()
    if path.is_dir():
        files = sorted((str(f.relative_to(path)), f.stat().st_size) for f in path.rglob("*"))
        digest.update(json.dumps(files).encode())
        return {"bytes": sum(size for _, size in files), "sha256": digest.hexdigest()}
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}
