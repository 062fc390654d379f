"""What is a recording, and when its frames were."""

import numpy as np
from drawn_drives import write_bag, write_images

from ddff_perception.alignment.capture.frames import recordings_in
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
