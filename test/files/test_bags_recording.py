import threading
from pathlib import Path
from typing import Any

import pytest

from ddff_perception.files.bags import BagReader, BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_recording import BagRecording
from ddff_perception.files.bags_types import FOCUS_STATE, message_store
from ddff_perception.types import InputError


def start(path: Path, storage: str = "mcap", buffer_bytes: int = 1_000_000) -> BagRecording:
    recording = BagRecording(path, storage, buffer_bytes=buffer_bytes, flush_period_s=0.05)
    recording.add_topic("/focus_state", FOCUS_STATE, reliable=True, latched=False, depth=10)
    return recording


@pytest.fixture(scope="module")
def data() -> bytes:
    store = message_store()
    message = MessageFactory(store, "camera").focus_state(5, 1.5)
    return bytes(store.serialize_cdr(message, FOCUS_STATE))


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_everything_handed_over_is_in_the_bag(tmp_path: Path, storage: str, data: bytes) -> None:
    recording = start(tmp_path / "bag", storage)
    assert all(recording.put("/focus_state", number, data) for number in range(500))
    recording.close()
    assert (recording.written, recording.dropped) == (500, 0)
    with BagReader(tmp_path / "bag") as bag:
        assert [m.time_ns for m in bag.messages(["/focus_state"])] == list(range(500))
        assert bag.notes == {"dropped": "0"}


def test_what_came_last_is_flushed_though_no_more_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    flushed, flush = threading.Event(), BagWriter.flush

    def note(writer: BagWriter) -> None:
        flush(writer)
        if writer.count == 2:
            flushed.set()

    monkeypatch.setattr(BagWriter, "flush", note)
    recording = BagRecording(tmp_path / "bag", flush_period_s=0.2)
    recording.add_topic("/focus_state", FOCUS_STATE, reliable=True, latched=False, depth=10)
    for number in range(2):
        recording.put("/focus_state", number, data)
    assert flushed.wait(60.0)
    recording.close()


def test_a_disk_that_is_too_slow_costs_messages_not_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    ready, write = threading.Event(), BagWriter.write_raw

    def slow(*arguments: Any) -> None:
        ready.wait()
        write(*arguments)

    monkeypatch.setattr(BagWriter, "write_raw", slow)
    recording = start(tmp_path / "bag", buffer_bytes=100_000)
    image = data + bytes(20_000)
    images = [recording.put("/focus_state", number, image) for number in range(100)]
    readings = [recording.put("/focus_state", number, data) for number in range(100)]
    ready.set()
    recording.close()
    # One more may already be on its way to the disk.
    assert 100_000 // len(image) <= sum(images) <= 100_000 // len(image) + 1
    assert all(readings)
    assert recording.dropped == 100 - sum(images)
    with BagReader(tmp_path / "bag") as bag:
        assert bag.message_count == sum(images) + 100
        assert bag.notes["dropped"] == str(recording.dropped)


def test_a_full_disk_ends_the_recording_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    def fail(*_: Any) -> None:
        raise InputError("cannot write the bag: the disk is full")

    monkeypatch.setattr(BagWriter, "write_raw", fail)
    recording = start(tmp_path / "bag")
    recording.put("/focus_state", 1, data)
    with pytest.raises(InputError, match="disk is full"):
        recording.close()
    assert not recording.put("/focus_state", 2, data)
    assert recording.written == 0


def test_a_bag_that_cannot_be_begun_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    with pytest.raises(InputError, match="exists"):
        BagRecording(tmp_path / "bag")
