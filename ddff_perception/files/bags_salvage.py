"""What is left of a recording that was cut off: power lost, disk full, download aborted.

An intact file is read by its index; here a file without one is walked from its start to the first
record that is not whole. Formats: MCAP 0 (https://mcap.dev/spec) and rosbag2's SQLite schema.
"""

from __future__ import annotations

import importlib
import sqlite3
import struct
import sys
import zlib
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from .limits import GIB, MESSAGE_GIB

MCAP_MAGIC = b"\x89MCAP0\r\n"
SQLITE_MAGIC = b"SQLite format 3\x00"
_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _DATA_END = 0x03, 0x04, 0x05, 0x06, 0x0F
_LARGEST_RECORD = 2**31
_SUFFIXES = {".mcap", ".db3"}
_STEP_BYTES = 16 << 20  # what lz4 takes at once, whatever comes
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # serialized messages start with a zero byte


def looks_like_bag(path: Path) -> bool:
    """Whether `path` is a folder or file as rosbag2 makes them, going by names alone."""
    if path.is_dir():
        return (path / "metadata.yaml").is_file() or bool(storage_files(path))
    return bool(_SUFFIXES & set(path.suffixes)) or path.suffix == ".bag"


def storage_files(path: Path) -> list[Path]:
    """The storage files of a bag: `path` itself, or those in it, by name."""
    if path.is_file():
        return [path]
    return sorted(f for f in path.iterdir() if f.is_file() and _SUFFIXES & set(f.suffixes))


class SalvagedTopic(NamedTuple):
    """A topic as the remains of a file describe it, and how many of its messages are whole."""

    name: str
    type: str
    messages: int


class RawMessage(NamedTuple):
    """One recorded message: topic, receive time [ns] and serialized (CDR) content."""

    topic: str
    time_ns: int
    data: bytes


class SalvagedFile:
    """A damaged storage file, readable from its start to the damage; raises ValueError if it is
    not a recording at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                start = file.read(len(SQLITE_MAGIC))
        except OSError as error:
            raise ValueError(error.strerror) from error
        if start.startswith(MCAP_MAGIC):
            self._walk: Callable[[], Iterator[tuple[RawMessage, str]]] = self._walk_mcap
        elif start == SQLITE_MAGIC:
            self._walk = self._walk_sqlite
        elif start.startswith(b"#ROSBAG"):
            raise ValueError("it is a ROS 1 bag: convert it with rosbags-convert")
        else:
            raise ValueError("it is empty" if not start else "it is no MCAP or SQLite file")
        counts: dict[str, int] = {}
        types: dict[str, str] = {}
        for message, kind in self._walk():
            counts[message.topic] = counts.get(message.topic, 0) + 1
            types[message.topic] = kind
        self.topics = [SalvagedTopic(name, types[name], counts[name]) for name in counts]

    def messages(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """The whole messages on `topics`, in the order in which they were written."""
        for message, _ in self._walk():
            if message.topic in topics:
                yield message

    def _walk_mcap(self) -> Iterator[tuple[RawMessage, str]]:
        with self.path.open("rb") as file:
            file.seek(len(MCAP_MAGIC))
            schemas: dict[int, str] = {}
            channels: dict[int, tuple[str, str]] = {}
            for code, content in _whole_records(file):
                try:
                    if code == _SCHEMA:
                        _remember_schema(content, schemas)
                    elif code == _CHANNEL:
                        _remember_channel(content, schemas, channels)
                    elif code == _MESSAGE:
                        channel, _, time_ns, _ = struct.unpack_from("<HIQQ", content)
                        if channel in channels:
                            topic, kind = channels[channel]
                            yield RawMessage(topic, time_ns, content[22:]), kind
                except struct.error:
                    return

    def _walk_sqlite(self) -> Iterator[tuple[RawMessage, str]]:
        connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?immutable=1", uri=True)
        try:
            # Lets SQLite open a file that is shorter than its header says.
            connection.execute("PRAGMA writable_schema=ON")
            rows = connection.execute("SELECT id, name, type FROM topics").fetchall()
            topics = {number: (name, kind) for number, name, kind in rows}
            for number, time_ns, data in connection.execute(
                "SELECT topic_id, timestamp, data FROM messages ORDER BY id"
            ):
                if number in topics and isinstance(data, bytes):
                    name, kind = topics[number]
                    yield RawMessage(name, time_ns, data), kind
        except sqlite3.Error:
            return
        finally:
            connection.close()


def _whole_records(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """MCAP records up to the first that is cut off, chunks unpacked in place."""
    while True:
        head = file.read(9)
        if len(head) < 9 or head[0] == _DATA_END:
            return
        code, size = struct.unpack("<BQ", head)
        if size > _LARGEST_RECORD:
            return
        content = file.read(size)
        if len(content) < size:
            if code == _CHUNK:
                yield from _records_of(_plain_part(content))
            return
        if code != _CHUNK:
            yield code, content
            continue
        inner = _unpacked_chunk(content)
        if inner is None:
            return
        yield from _records_of(inner)


def _records_of(chunk: bytes) -> Iterator[tuple[int, bytes]]:
    """The records in an unpacked chunk; chunks do not nest."""
    return (record for record in _whole_records(BytesIO(chunk)) if record[0] != _CHUNK)


def _plain_part(content: bytes) -> bytes:
    """What a chunk that is cut off holds, if it is not compressed."""
    head = 40  # times, size, checksum, an empty compression and the length of what follows
    if len(content) < head or _string(content, 28)[0]:
        return b""
    return content[head:]


def _unpacked_chunk(content: bytes) -> bytes | None:
    try:
        size, checksum = struct.unpack_from("<QI", content, 16)
        compression, offset = _string(content, 28)
        packed = content[offset + 8 :]
        if compression == "":
            inner = packed
        elif compression == "zstd":
            inner = unpacked_zstd(packed, size)
        elif compression == "lz4":
            inner = unpacked_lz4(packed, size)
        else:
            return None
    except Exception:  # the decompressors each have their own errors
        return None
    whole = len(inner) == size and (not checksum or zlib.crc32(inner) == checksum)
    return bytes(inner) if whole else None


def unpacked(data: bytes) -> bytes:
    """A message's content, unpacked if the recording packed each message with zstd.

    Raises ValueError where it was damaged, or larger than `limits.MESSAGE_GIB`.
    """
    return data if data[:4] != _ZSTD_MAGIC else unpacked_zstd(data)


def unpacked_zstd(data: bytes, size: int | None = None) -> bytes:
    """The content of zstd frames, of `size` where that is known.

    Raises ValueError where it is damaged, of another size, or larger than `limits.MESSAGE_GIB`.
    """
    zstd = _zstd()
    try:
        return _unpacked(zstd.ZstdDecompressor, data, size)
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from error


def unpacked_lz4(data: bytes, size: int | None = None) -> bytes:
    """The same of lz4 frames."""
    try:
        decompressor = importlib.import_module("lz4.frame").LZ4FrameDecompressor
        return _unpacked(decompressor, data, size)
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def _unpacked(make: Callable[[], Any], data: bytes, size: int | None) -> bytes:
    """One frame after the other, and never more than may be."""
    most = MESSAGE_GIB.value * GIB
    if size is not None and size > most:
        raise ValueError(f"it unpacks to {size / GIB:.3g} GiB: {MESSAGE_GIB.name} allows no more")
    room = int(most if size is None else size)
    parts: list[bytes] = []
    while data:
        decompressor = make()
        while not decompressor.eof:
            # One byte more tells what is too large from what just fits.
            part = decompressor.decompress(data, max_length=min(room + 1, _STEP_BYTES))
            room -= len(part)
            if room < 0:
                raise ValueError(f"it unpacks to more than it may ({MESSAGE_GIB.name})")
            if not part and not decompressor.eof:
                raise ValueError("a packed message or chunk is cut off")
            parts.append(part)
            data = b""
        data = decompressor.unused_data or b""
    if size is not None and room:
        raise ValueError(f"it unpacks to {size - room} bytes in place of {size}")
    return b"".join(parts)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _remember_schema(content: bytes, schemas: dict[int, str]) -> None:
    (number,) = struct.unpack_from("<H", content)
    schemas[number] = _string(content, 2)[0]


def _remember_channel(
    content: bytes, schemas: dict[int, str], channels: dict[int, tuple[str, str]]
) -> None:
    number, schema = struct.unpack_from("<HH", content)
    channels[number] = (_string(content, 4)[0], schemas.get(schema, ""))


def _string(content: bytes, offset: int) -> tuple[str, int]:
    """The length-prefixed text at `offset` and the offset after it."""
    (size,) = struct.unpack_from("<I", content, offset)
    end = offset + 4 + size
    return content[offset + 4 : end].decode("utf-8", "replace"), end
