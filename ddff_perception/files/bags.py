"""Rosbag2 recordings without ROS: read, also when damaged, and written as `ros2 bag` expects them.

Storage is MCAP or SQLite. Reading never uses a clock: the same file gives the same messages in the
same order on every machine.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from ..types import InputError
from .atomic import make_folder
from .bags_salvage import (
    RawMessage,
    SalvagedFile,
    storage_files,
    unpacked,
    unpacked_lz4,
    unpacked_zstd,
)
from .bags_types import add_type, message_store

try:
    from rosbags.interfaces import (
        Qos,
        QosDurability,
        QosHistory,
        QosLiveliness,
        QosReliability,
        QosTime,
    )
    from rosbags.rosbag2 import (
        CompressionFormat,
        CompressionMode,
        Reader,
        StoragePlugin,
        Writer,
        storage_mcap,
    )
except ImportError as error:
    raise InputError("bags need the Python package rosbags: pip install rosbags") from error

STORAGES = ("mcap", "sqlite3")
# rosbags' own compare the size of a chunk with what its header says when it is unpacked.
storage_mcap.DECOMPRESSORS.update(zstd=unpacked_zstd, lz4=unpacked_lz4)
_SUFFIXES = (".mcap", ".db3")
# Humble to Kilted read version 8; 9 stores the QoS in a form that only newer ones know.
_METADATA_VERSION = 8
_INFINITE = QosTime(9223372036, 854775807)


@dataclass(frozen=True, slots=True)
class BagTopic:
    """A recorded topic: name, message type ("package/msg/Type"), number of messages, and whether
    the first publisher was reliable and latched (transient local).
    """

    name: str
    type: str
    count: int
    reliable: bool = True
    latched: bool = False


class BagMessage(NamedTuple):
    """A recorded message: topic, receive time [ns] and its fields."""

    topic: str
    time_ns: int
    message: Any


class BagReader:
    """A recording: a rosbag2 folder, or one `.mcap` or `.db3` file, plain or compressed.

    `damage` says in words what could not be read, None while nothing was found damaged; whatever
    lies before the damage is read. `unreadable` counts messages whose content made no sense.
    Raises InputError where nothing can be read. To be used as a context manager.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: str | None = None
        self.unreadable = 0
        self.store = message_store()
        self._stack = ExitStack()
        self._readers: list[Reader] = []
        self._salvaged: list[SalvagedFile] = []
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        self.topics: dict[str, BagTopic] = self._collect_topics()

    def __enter__(self) -> BagReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()

    @property
    def message_count(self) -> int:
        """Messages in the recording, as far as it is readable."""
        return sum(topic.count for topic in self.topics.values())

    @property
    def storage(self) -> str:
        """Names of the storage formats: "mcap", "sqlite3", with "zstd" where rosbag2 compressed
        messages or files (chunks that MCAP packs by itself do not count).
        """
        names = set()
        for path in storage_files(self.path):
            names.add("mcap" if ".mcap" in path.suffixes else "sqlite3")
            names.update(["zstd"] if path.suffix == ".zstd" else [])
        names.update(r.compression_format for r in self._readers if r.compression_format)
        return " ".join(sorted(names))

    @property
    def span_ns(self) -> tuple[int, int]:
        """When the first and the last message came; (0, 0) for a damaged recording."""
        starts = [r.start_time for r in self._readers if r.message_count] or [0]
        ends = [r.end_time for r in self._readers if r.message_count] or [0]
        return min(starts), max(ends)

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last message; 0 for a damaged recording."""
        return (self.span_ns[1] - self.span_ns[0]) / 1e9

    @property
    def notes(self) -> dict[str, str]:
        """Words about the recording from its metadata (rosbag2's custom data)."""
        found: dict[str, str] = {}
        for reader in self._readers:
            found.update(reader.storage.metadata.custom or {})
        return found

    def raw_messages(
        self, topics: Collection[str] | None = None, since_ns: int = 0
    ) -> Iterator[RawMessage]:
        """The serialized messages on `topics` (all by default) from `since_ns` on in the order of
        receive time, unpacked; those that cannot be are counted in `unreadable`.
        """
        names = set(self.topics if topics is None else topics)
        readings = [self._read(reader, names, since_ns) for reader in self._readers]
        readings += [salvaged.messages(names) for salvaged in self._salvaged]
        for packed in chain.from_iterable(readings):
            try:
                if packed.time_ns >= since_ns:
                    yield packed._replace(data=unpacked(packed.data))
            except ValueError:
                self.unreadable += 1

    def messages(self, topics: Collection[str]) -> Iterator[BagMessage]:
        """The messages on `topics` in the order of receive time, parsed.

        Large fields are views of the file's bytes. Raises InputError where a topic's message
        type has no definition here.
        """
        for name in topics:
            add_type(self.store, self.topics[name].type)
        for raw in self.raw_messages(topics):
            message = self.parsed(raw)
            if message is not None:
                yield BagMessage(raw.topic, raw.time_ns, message)

    def parsed(self, raw: RawMessage) -> Any:
        """The fields of a message; None, and counted in `unreadable`, where it makes no sense."""
        try:
            return self.store.deserialize_cdr(raw.data, self.topics[raw.topic].type)
        except Exception:  # generated parsers fail in many ways on damaged content
            self.unreadable += 1
            return None

    def _read(self, reader: Reader, names: set[str], since_ns: int) -> Iterator[RawMessage]:
        connections = [c for c in reader.connections if c.topic in names]
        if not connections:
            return
        count = 0
        try:
            for connection, time_ns, data in reader.messages(connections, since_ns or None):
                count += 1
                yield RawMessage(connection.topic, time_ns, data)
        except Exception as error:  # a damaged file makes the decoders fail in many ways
            self.damage = f"stopped after {count} messages: {_reason(error)}"

    def _open(self) -> None:
        if not self.path.exists():
            raise InputError(f"there is no bag {self.path}")
        reader, reason = _opened(self.path)
        if reader is not None:
            self._stack.callback(reader.close)
            self._readers.append(reader)
            return
        self._open_files(reason)

    def _open_files(self, reason: str) -> None:
        """Each storage file by itself, where the recording as a whole cannot be opened."""
        files = storage_files(self.path)
        if not files:
            reason = "there is no .mcap or .db3 file in it"
        for path in files:
            reader, _ = _opened(path) if path.suffix in _SUFFIXES else (None, "")
            if reader is not None:
                self._stack.callback(reader.close)
                self._readers.append(reader)
                continue
            try:
                self._salvaged.append(SalvagedFile(path))
            except ValueError as error:
                reason = f"{path.name}: {error}"
        if not self._readers and not any(s.topics for s in self._salvaged):
            raise InputError(
                f"{self.path} is not a readable rosbag2 recording ({reason}): "
                "give a bag folder, or an .mcap or .db3 file"
            )
        self.damage = reason

    def _collect_topics(self) -> dict[str, BagTopic]:
        topics: dict[str, BagTopic] = {}
        found = [_bag_topic(c) for reader in self._readers for c in reader.connections]
        found += [BagTopic(*topic) for salvaged in self._salvaged for topic in salvaged.topics]
        for topic in found:
            known = topics.get(topic.name)
            count = topic.count + (known.count if known else 0)
            topics[topic.name] = BagTopic(
                topic.name, topic.type, count, topic.reliable, topic.latched
            )
        return topics


class BagWriter:
    """A new rosbag2 recording that `ros2 bag` reads; raises InputError if it cannot be written.

    Without `in_place` the recording appears at `path` when it is closed without an error, else
    not at all; with it, it grows at `path`, so that a recorder that is killed leaves what it has
    (`BagReader` reads it). `compress` packs with zstd: MCAP's chunks, or each message in SQLite.
    """

    def __init__(
        self, path: Path, storage: str = "mcap", *, compress: bool = False, in_place: bool = False
    ) -> None:
        if storage not in STORAGES:
            raise InputError(f"there is no storage {storage!r}: use {' or '.join(STORAGES)}")
        if path.exists():
            raise InputError(f"{path} exists: remove it or choose another name")
        self.path = path
        self.store = message_store()
        self.count = 0
        self._topics: dict[str, Any] = {}
        self._hidden: Path | None = None
        self._open = False
        with _write_errors(path):
            target = path
            make_folder(path.parent)
            if not in_place:
                self._hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
                target = self._hidden / path.name
            plugin = StoragePlugin.MCAP if storage == "mcap" else StoragePlugin.SQLITE3
            self._writer = Writer(target, version=_METADATA_VERSION, storage_plugin=plugin)
            if compress:
                # MCAP packs whole chunks by itself, which every MCAP reader knows.
                mode = CompressionMode.STORAGE if storage == "mcap" else CompressionMode.MESSAGE
                self._writer.set_compression(mode, CompressionFormat.ZSTD)
            self._writer.open()
            self._open = True

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def add_topic(
        self, name: str, kind: str, *, reliable: bool = True, latched: bool = False, depth: int = 10
    ) -> None:
        """Declares a topic with its message type and the quality of service to replay it with."""
        add_type(self.store, kind)
        qos = Qos(
            QosHistory.KEEP_LAST,
            depth,
            QosReliability.RELIABLE if reliable else QosReliability.BEST_EFFORT,
            QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
            _INFINITE,
            _INFINITE,
            QosLiveliness.AUTOMATIC,
            _INFINITE,
            False,
        )
        with _write_errors(self.path):
            self._topics[name] = self._writer.add_connection(
                name, kind, typestore=self.store, offered_qos_profiles=[qos]
            )

    def write(self, topic: str, time_ns: int, message: Any) -> None:
        """Appends a message made from `store.types`, received at `time_ns`."""
        kind = self._topics[topic].msgtype
        self.write_raw(topic, time_ns, self.store.serialize_cdr(message, kind))

    def write_raw(self, topic: str, time_ns: int, data: bytes | memoryview) -> None:
        """Appends a serialized (CDR) message, received at `time_ns`."""
        with _write_errors(self.path):
            self._writer.write(self._topics[topic], time_ns, data)
        self.count += 1

    def note(self, key: str, value: str) -> None:
        """Adds a word about the recording to its metadata (`BagReader.notes`)."""
        self._writer.set_custom_data(key, value)

    def flush(self) -> None:
        """Puts what was written so far where it survives a crash of this process."""
        storage = self._writer.storage
        connection, file = getattr(storage, "conn", None), getattr(storage, "bio", None)
        with _write_errors(self.path):
            if connection is not None:
                connection.commit()
            elif file is not None:
                file.flush()

    def close(self) -> None:
        """Completes the recording."""
        if not self._open:
            return
        self._open = False
        try:
            with _write_errors(self.path):
                self._writer.close()
                if self._hidden is not None:
                    (self._hidden / self.path.name).replace(self.path)
        except BaseException:
            self._abandon()
            raise
        finally:
            self._remove_hidden()

    def abort(self) -> None:
        """Ends without completing: nothing stays, or with `in_place` what was written so far."""
        if self._open:
            self._open = False
            self._abandon()
        self._remove_hidden()

    def _abandon(self) -> None:
        with suppress(Exception):
            self._writer.abort()

    def _remove_hidden(self) -> None:
        if self._hidden is not None:
            shutil.rmtree(self._hidden, ignore_errors=True)


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or error
        raise InputError(f"cannot write the bag {path}: {reason}") from error
    except sqlite3.Error as error:
        raise InputError(f"cannot write the bag {path}: {error}") from error


def _opened(path: Path) -> tuple[Reader | None, str]:
    """An open reader, or None and the reason."""
    try:
        reader = Reader(path)
        reader.open()
        # Messages stay packed: rosbags would unpack them whatever their size.
        reader.storage.metadata = reader.storage.metadata._replace(compression_mode=None)
    except Exception as error:  # a damaged file makes the decoders fail in many ways
        return None, _reason(error)
    return reader, ""


def _bag_topic(connection: Any) -> BagTopic:
    qos = connection.ext.offered_qos_profiles
    reliable = not qos or qos[0].reliability is not QosReliability.BEST_EFFORT
    latched = bool(qos) and qos[0].durability is QosDurability.TRANSIENT_LOCAL
    return BagTopic(connection.topic, connection.msgtype, connection.msgcount, reliable, latched)


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__).rstrip(".")
