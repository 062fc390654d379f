"""What is a recording, and when its frames were."""

import struct

import cv2
import numpy as np
from drawn_drives import write_bag, write_images

from ddff_perception.alignment.capture.frames import read_frames, recordings_in
from ddff_perception.alignment.data.recordings import read_recordings

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 24, 32, 3), np.uint8)


def test_a_folder_of_recordings_is_all_of_them(tmp_path):
    for name in ("b", "a", "a10", "a9"):
        write_images(tmp_path / name, IMAGES)
    write_bag(tmp_path / "bag", IMAGES)
    (tmp_path / "film.mp4").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    write_images(tmp_path / ".hidden", IMAGES)
    found = [path.name for path in recordings_in(tmp_path)]
    assert found == ["a", "a9", "a10", "b", "bag", "film.mp4"]
    for one in recordings_in(tmp_path):
        assert recordings_in(one) == [one]
    assert recordings_in(tmp_path / "empty") == [tmp_path / "empty"]


def test_to_learn_from_a_folder_of_drives_each_is_read(tmp_path):
    for name in "ab":
        write_images(tmp_path / "drives" / name, IMAGES)
    found = read_recordings([tmp_path / "drives", tmp_path / "drives" / "a"], 0.0, 100)
    assert [len(recording) for recording in found] == [9, 9, 9]


def with_two_rates(content: bytes, first: int) -> bytes:
    """An MP4 whose frames after the `first` ones last half as long."""
    at = content.index(b"stts") + 8
    entries, count, lasts = struct.unpack_from(">III", content, at)
    assert entries == 1
    table = struct.pack(">5I", 2, first, lasts, count - first, lasts // 2)
    made = bytearray(content[:at] + table + content[at + 12 :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"):
        size = made.index(box) - 4
        struct.pack_into(">I", made, size, struct.unpack_from(">I", made, size)[0] + 8)
    return bytes(made)


def test_frames_of_a_video_are_stamped_as_they_were_filmed(tmp_path):
    writer = cv2.VideoWriter(
        str(tmp_path / "even.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 20.0, (32, 24)
    )
    for image in IMAGES:
        writer.write(image)
    writer.release()
    even = (tmp_path / "even.mp4").read_bytes()
    (tmp_path / "varying.mp4").write_bytes(with_two_rates(even, 4))
    stamps = [f.stamp_ns / 1e9 for f in read_frames(tmp_path / "even.mp4")]
    np.testing.assert_allclose(stamps, np.arange(9) / 20, atol=1e-6)
    stamps = [f.stamp_ns / 1e9 for f in read_frames(tmp_path / "varying.mp4")]
    np.testing.assert_allclose(np.diff(stamps), [0.05] * 4 + [0.025] * 4, atol=2e-3)
