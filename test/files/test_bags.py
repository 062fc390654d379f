import errno
import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import yaml

from ddff_perception.files import bags
from ddff_perception.files.bags import BagReader, BagWriter
from ddff_perception.files.bags_messages import (
    MessageFactory,
    camera_of,
    depth_of,
    image_of,
    stack_of,
    stamp_of,
)
from ddff_perception.files.bags_types import FOCAL_STACK, FOCUS_STATE, IMAGE, add_type
from ddff_perception.types import CameraModel, FocalStack, FocusSlice, InputError

STORAGES = pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
CAMERA = CameraModel(64, 48, 50.0, 51.0, 31.5, 23.5)
START = 1_700_000_000_123_456_789
MESSAGES = 40


def frame(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def record(path: Path, storage: str = "mcap", count: int = MESSAGES, **options: bool) -> Path:
    """Images of random pixels (incompressible) and focus states, one each per 100 ms."""
    with BagWriter(path, storage, **options) as bag:
        messages = MessageFactory(bag.store, "camera_optical_frame")
        bag.add_topic("/image_rect", IMAGE, reliable=False, depth=5)
        bag.add_topic("/focus_state", FOCUS_STATE, latched=True)
        for number in range(count):
            stamp = START + number * 100_000_000
            distance = math.inf if number == 1 else 0.5 + number
            bag.write("/focus_state", stamp + 1, messages.focus_state(stamp, distance))
            bag.write("/image_rect", stamp + 2, messages.image(stamp, frame(number)))
    return path


def storage_file(bag: Path) -> Path:
    (file,) = [f for f in bag.iterdir() if f.suffix in (".mcap", ".db3")]
    return file


def cut(path: Path, share: float) -> Path:
    """The recording as a crash leaves it: no metadata, the end of the file missing."""
    (path / "metadata.yaml").unlink()
    file = storage_file(path)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    return path


@STORAGES
@pytest.mark.parametrize("compress", [False, True])
def test_messages_come_back_in_order_with_their_values(
    tmp_path: Path, storage: str, compress: bool
) -> None:
    with BagReader(record(tmp_path / "bag", storage, compress=compress)) as bag:
        assert bag.message_count == 2 * MESSAGES
        assert bag.duration_s == pytest.approx((MESSAGES - 1) / 10, abs=1e-3)
        assert storage in bag.storage
        # MCAP packs by itself, which rosbag2 does not call compression.
        assert ("zstd" in bag.storage) is (compress and storage == "sqlite3")
        read = list(bag.messages(["/image_rect", "/focus_state"]))
        assert bag.damage is None
    assert [m.topic for m in read] == ["/focus_state", "/image_rect"] * MESSAGES
    assert [m.time_ns for m in read] == sorted(m.time_ns for m in read)
    assert stamp_of(read[6].message) == START + 300_000_000
    assert read[6].message.focus_distance == 3.5
    assert read[2].message.focus_distance == math.inf
    assert math.isnan(read[2].message.lens_position)
    assert read[6].message.header.frame_id == "camera_optical_frame"
    np.testing.assert_array_equal(image_of(read[7].message), frame(3))


@STORAGES
def test_compression_saves_space(tmp_path: Path, storage: str) -> None:
    for compress in (False, True):
        with BagWriter(tmp_path / f"bag_{compress}", storage, compress=compress) as bag:
            bag.add_topic("/image_rect", IMAGE)
            messages = MessageFactory(bag.store, "camera")
            for number in range(20):
                grey = messages.image(START + number, np.full((200, 200), number, np.uint8))
                bag.write("/image_rect", START + number, grey)
    sizes = [storage_file(tmp_path / f"bag_{c}").stat().st_size for c in (False, True)]
    assert sizes[1] < 0.2 * sizes[0]


def test_a_topic_can_be_read_alone(tmp_path: Path) -> None:
    with BagReader(record(tmp_path / "bag")) as bag:
        assert {m.topic for m in bag.messages(["/focus_state"])} == {"/focus_state"}


def test_a_storage_file_without_its_folder_is_read(tmp_path: Path) -> None:
    with BagReader(storage_file(record(tmp_path / "bag"))) as bag:
        assert len(list(bag.messages(["/image_rect"]))) == MESSAGES
        assert bag.damage is None


@STORAGES
def test_the_metadata_are_what_ros2_bag_expects(tmp_path: Path, storage: str) -> None:
    path = record(tmp_path / "bag", storage)
    text = (path / "metadata.yaml").read_text()
    information = yaml.safe_load(text)["rosbag2_bagfile_information"]
    assert information["version"] == 8
    assert information["storage_identifier"] == storage
    assert information["message_count"] == 2 * MESSAGES
    assert information["starting_time"]["nanoseconds_since_epoch"] == START + 1
    assert information["relative_file_paths"] == [storage_file(path).name]
    assert [f["message_count"] for f in information["files"]] == [2 * MESSAGES]
    assert information["compression_format"] == information["compression_mode"] == ""
    topics = {t["topic_metadata"]["name"]: t for t in information["topics_with_message_count"]}
    assert topics["/image_rect"]["message_count"] == MESSAGES
    described = topics["/focus_state"]["topic_metadata"]
    assert described["type"] == "ddff_perception/msg/FocusState"
    assert described["serialization_format"] == "cdr"
    assert described["type_description_hash"].startswith("RIHS01_")
    # Up to version 8 the quality of service is YAML in a string, enumerations as rmw numbers them.
    (qos,) = yaml.safe_load(described["offered_qos_profiles"])
    assert (qos["history"], qos["depth"], qos["reliability"], qos["durability"]) == (1, 10, 1, 1)
    assert qos["deadline"] == {"sec": 9223372036, "nsec": 854775807}
    (qos,) = yaml.safe_load(topics["/image_rect"]["topic_metadata"]["offered_qos_profiles"])
    assert (qos["depth"], qos["reliability"], qos["durability"]) == (5, 2, 2)


def test_the_quality_of_service_comes_back(tmp_path: Path) -> None:
    with BagReader(record(tmp_path / "bag")) as bag:
        assert not bag.topics["/image_rect"].reliable
        assert bag.topics["/focus_state"].reliable
        assert bag.topics["/focus_state"].latched
        assert not bag.topics["/image_rect"].latched


@STORAGES
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_what_lies_before_the_damage_is_read(tmp_path: Path, storage: str, share: float) -> None:
    whole = record(tmp_path / "bag", storage, count=400)
    with BagReader(cut(whole, share)) as bag:
        read = list(bag.messages(["/image_rect", "/focus_state"]))
        assert bag.damage
        assert bag.message_count == len(read)
    assert share * 800 * 0.6 < len(read) < share * 800 * 1.1
    images = [m for m in read if m.topic == "/image_rect"]
    np.testing.assert_array_equal(image_of(images[-1].message), frame(len(images) - 1))


@STORAGES
def test_compressed_messages_before_the_damage_are_read(tmp_path: Path, storage: str) -> None:
    whole = record(tmp_path / "bag", storage, count=400, compress=True)
    with BagReader(cut(whole, 0.5)) as bag:
        read = list(bag.messages(["/focus_state"]))
        assert bag.unreadable == 0
    assert len(read) > 100
    assert read[-1].message.focus_distance == 0.5 + len(read) - 1


@STORAGES
def test_a_recording_without_metadata_is_whole_and_says_so(tmp_path: Path, storage: str) -> None:
    path = record(tmp_path / "bag", storage)
    (path / "metadata.yaml").unlink()
    with BagReader(path) as bag:
        assert len(list(bag.messages(["/image_rect"]))) == MESSAGES
        assert "metadata" in str(bag.damage)


def test_damage_in_the_middle_ends_the_reading_and_is_told(tmp_path: Path) -> None:
    path = record(tmp_path / "bag", "mcap", count=400)
    file = storage_file(path)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200_000] = b"\xff" * 200_000
    file.write_bytes(content)
    with BagReader(path) as bag:
        read = list(bag.raw_messages())
        assert 0 < len(read) < 800
        assert str(len(read)) in str(bag.damage)


@pytest.mark.parametrize("content", [b"", b"\x89MCAP0\r\n", b"SQLite format 3\x00", b"GIF89a" * 99])
def test_files_that_are_no_recording_are_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("bag.mcap", "bag.db3", "bag.txt"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="not a readable rosbag2 recording"):
            BagReader(tmp_path / name)


def test_a_ros1_bag_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "old.bag").write_bytes(b"#ROSBAG V2.0\n" + bytes(100))
    with pytest.raises(InputError, match="rosbags-convert"):
        BagReader(tmp_path / "old.bag")


def test_folders_that_are_no_recording_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a readable"):
        BagReader(tmp_path)
    (tmp_path / "metadata.yaml").write_text("rosbag2_bagfile_information: [1, 2")
    with pytest.raises(InputError, match="not a readable"):
        BagReader(tmp_path)
    with pytest.raises(InputError, match="there is no bag"):
        BagReader(tmp_path / "nothing")


def test_metadata_cannot_point_outside_the_folder(tmp_path: Path) -> None:
    secret = record(tmp_path / "secret", "mcap")
    path = record(tmp_path / "bag", "mcap")
    file = storage_file(path)
    file.unlink()
    metadata = path / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace(file.name, f"../secret/{secret.name}.mcap"))
    with pytest.raises(InputError, match="not a readable"):
        BagReader(path)


def test_messages_that_make_no_sense_are_counted(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/focus_state", FOCUS_STATE)
        bag.write_raw("/focus_state", START, b"\x00\x01\x00\x00abc")
        messages = MessageFactory(bag.store, "camera")
        bag.write("/focus_state", START + 1, messages.focus_state(START, 1.0))
    with BagReader(tmp_path / "bag") as bag:
        assert len(list(bag.messages(["/focus_state"]))) == 1
        assert bag.unreadable == 1


def test_a_recording_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/focus_state", FOCUS_STATE)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@STORAGES
def test_a_recorder_that_dies_leaves_what_it_flushed(tmp_path: Path, storage: str) -> None:
    bag = BagWriter(tmp_path / "bag", storage, in_place=True)
    bag.add_topic("/image_rect", IMAGE)
    messages = MessageFactory(bag.store, "camera")
    for number in range(200):
        bag.write("/image_rect", START + number, messages.image(START, frame(number)))
    bag.flush()
    with BagReader(tmp_path / "bag") as left:
        assert len(list(left.messages(["/image_rect"]))) > 80
        assert left.damage
    bag.abort()


def test_an_existing_recording_is_never_overwritten(tmp_path: Path) -> None:
    record(tmp_path / "bag", count=1)
    with pytest.raises(InputError, match="exists"):
        BagWriter(tmp_path / "bag")
    with pytest.raises(InputError, match="storage"):
        BagWriter(tmp_path / "other", "rosbag1")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_a_full_disk_is_told_in_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    with pytest.raises(InputError, match="disk is full"), BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/focus_state", FOCUS_STATE)
        monkeypatch.setattr(bag._writer, "write", fail)
        bag.write_raw("/focus_state", START, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_camera_comes_back(tmp_path: Path) -> None:
    messages = MessageFactory(bags.message_store(), "camera")
    info = messages.camera_info(START, CAMERA)
    assert camera_of(info) == CAMERA
    info.roi.width, info.roi.height, info.roi.x_offset = 32, 24, 10
    assert camera_of(info) == CAMERA.cropped(10, 0, 32, 24)
    info.binning_x = info.binning_y = 2
    assert camera_of(info) == CAMERA.cropped(10, 0, 32, 24).resized(16, 12)
    info.k[0] = 0.0
    assert camera_of(info) is None


def test_a_focal_stack_comes_back(tmp_path: Path) -> None:
    slices = tuple(FocusSlice(frame(n), d, START + n) for n, d in enumerate((0.5, math.inf)))
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/focal_stack", FOCAL_STACK)
        messages = MessageFactory(bag.store, "camera")
        for camera in (CAMERA, None):
            bag.write("/focal_stack", START, messages.focal_stack(FocalStack(slices, camera)))
    with BagReader(tmp_path / "bag") as bag:
        calibrated, plain = [stack_of(m.message) for m in bag.messages(["/focal_stack"])]
    assert calibrated.camera == CAMERA
    assert plain.camera is None
    assert calibrated.focus_distances_m.tolist() == [0.5, math.inf]
    assert [item.stamp_ns for item in calibrated.slices] == [START, START + 1]
    np.testing.assert_array_equal(calibrated.slices[1].image, frame(1))


def test_depth_is_metres_whatever_its_encoding() -> None:
    messages = MessageFactory(bags.message_store(), "camera")
    millimetres = np.array([[0, 1500]], np.uint16)
    depth = depth_of(messages.image(START, millimetres, "16UC1"))
    assert math.isnan(depth[0, 0])
    assert depth[0, 1] == pytest.approx(1.5)
    metres = np.array([[np.nan, 2.5]], np.float32)
    np.testing.assert_array_equal(depth_of(messages.image(START, metres)), metres)
    with pytest.raises(InputError, match="bgr8"):
        depth_of(messages.image(START, frame(0)))


def test_types_without_a_definition_are_named() -> None:
    store = bags.message_store()
    with pytest.raises(InputError, match="other_msgs/msg/Strange"):
        add_type(store, "other_msgs/msg/Strange")
    for name in ("../../etc/passwd", "a/msg/../b", "os/path", ""):
        with pytest.raises(InputError, match="not the name"):
            add_type(store, name)


def test_types_of_other_packages_are_found_in_a_sourced_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "share" / "lens_msgs" / "msg"
    folder.mkdir(parents=True)
    (folder / "Lens.msg").write_text("std_msgs/Header header\nVoltage[] volts # Not/AType\n")
    (folder / "Voltage.msg").write_text("uint8 MAXIMUM=70\nfloat32 value\n")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    store = bags.message_store()
    add_type(store, "lens_msgs/msg/Lens")
    assert {"lens_msgs/msg/Lens", "lens_msgs/msg/Voltage"} <= set(store.types)
