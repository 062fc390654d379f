"""Drives as folders."""

import json

import numpy as np
import pytest

from ddff_perception.files.drive_folder import is_drive, read_drive, write_drive
from ddff_perception.types import InputError

IMAGES = [np.full((12, 16, 3), 20 * n, np.uint8) for n in range(5)]
FACTS = {"route": "hall 1", "assets": ["a chair"]}


@pytest.fixture
def folder(tmp_path):
    write_drive(tmp_path / "a", IMAGES, np.arange(5) / 4, np.arange(5) * 2.0, FACTS)
    return tmp_path / "a"


def test_a_drive_is_read_as_it_was_written(folder):
    drive = read_drive(folder)
    assert is_drive(folder) and not is_drive(folder.parent)
    assert (len(drive), drive.route, drive.assets) == (5, "hall 1", ["a chair"])
    np.testing.assert_allclose(drive.places, [0, 2, 4, 6, 8])
    assert np.abs(drive.image(3).astype(int) - 60).max() <= 2


def test_when_the_reference_was_at_a_place_is_told_by_both(folder, tmp_path):
    write_drive(tmp_path / "b", IMAGES, np.arange(5) / 2, np.arange(5) + 5.0, FACTS)
    times = read_drive(tmp_path / "b").true_seconds(read_drive(folder))
    np.testing.assert_allclose(times, [0.625, 0.75, 0.875, 1.0, np.nan])
    write_drive(tmp_path / "c", IMAGES, np.arange(5) / 2, np.arange(5), {"route": "other"})
    with pytest.raises(InputError, match="of two routes"):
        read_drive(tmp_path / "c").true_seconds(read_drive(folder))


WRONG = [{"format": "x"}, {"seconds": [0, 0, 0, 0, 0]}, {"places": [1]}, {"places": "x"}]


@pytest.mark.parametrize("change", WRONG)
def test_a_description_that_cannot_be_used_is_refused(folder, change):
    content = json.loads((folder / "drive.json").read_text())
    (folder / "drive.json").write_text(json.dumps(content | change))
    with pytest.raises(InputError, match="describes no drive"):
        read_drive(folder)
