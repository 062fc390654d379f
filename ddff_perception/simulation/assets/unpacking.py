"""Archives unpacked safely: no path leaves the folder, no more than what was announced."""

from __future__ import annotations

import fnmatch
import shutil
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from ...types import InputError

MAX_FILES = 20_000
_CHUNK = 1 << 20
# How `zipfile` and what it reads with tell that an archive, or a file in one, is damaged.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError
)  # fmt: skip


def unpack(archive: Path, folder: Path, keep: Sequence[str], limit_bytes: int) -> list[str]:
    """Writes the regular files of a .deb, .tgz, .zip or .whl that match a pattern of `keep` below
    `folder`, and returns their paths in it.

    Raises InputError where a path would leave the folder, where there are more than MAX_FILES or
    `limit_bytes` of content whatever the archive announces, or where it is damaged.
    """
    written: list[str] = []
    left = limit_bytes
    try:
        for name, content in _members(archive):
            path = safe_path(name)
            if not any(fnmatch.fnmatchcase(path, pattern) for pattern in keep):
                continue
            if len(written) >= MAX_FILES:
                raise InputError(f"{archive.name} holds more than {MAX_FILES} files")
            left -= _copy(content, folder / path, left, archive.name)
            written.append(path)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"{archive.name} is damaged: fetch it again ({error})") from error
    return written


def safe_path(name: str) -> str:
    """`name` of an archive's member as a relative path; raises InputError if it leads outside."""
    path = PurePosixPath(name.replace("\\", "/") or ".")
    outside = path.is_absolute() or ".." in path.parts or ":" in str(path).split("/")[0]
    if outside or not path.parts or "\0" in name:
        raise InputError(f"the archive's path {name!r} leads out of its folder, or to no file")
    return str(path)


def _copy(content: IO[bytes], target: Path, left: int, archive: str) -> int:
    """Bytes written; counted while they come, since an archive may announce fewer."""
    target.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with target.open("xb") as file:
        while chunk := content.read(_CHUNK):
            count += len(chunk)
            if count > left:
                raise InputError(f"{archive} unpacks to more than the catalogue allows")
            file.write(chunk)
    return count


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    suffix = archive.suffix.lower()
    if suffix in (".zip", ".whl", ".sh3f"):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    with packed.open(entry) as content:
                        yield entry.filename, content
        return
    with _tar_stream(archive) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
        for member in tar:
            data = tar.extractfile(member) if member.isreg() else None
            if data is not None:
                yield member.name, data


@contextmanager
def _tar_stream(archive: Path) -> Iterator[IO[bytes]]:
    if archive.suffix.lower() != ".deb":
        with archive.open("rb") as file:
            yield file
        return
    tool = shutil.which("dpkg-deb")
    if tool is None:
        raise InputError(f"unpacking {archive.name} needs dpkg-deb, which a Debian system has")
    command = [tool, "--fsys-tarfile", str(archive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.stdout.close()
            process.kill()
