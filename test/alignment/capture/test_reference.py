"""References: one file, whole or refused."""

import json
import struct
import tempfile
import weakref
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawn_drives import drive, frames, reference

from ddff_perception.alignment.capture.folder import reference_file
from ddff_perception.alignment.capture.frames import Frame, thinned
from ddff_perception.alignment.capture.reference import REFERENCE, Reference, build_reference
from ddff_perception.files import array_file
from ddff_perception.files.results import written_by
from ddff_perception.types import InputError


@pytest.fixture(scope="module")
def made():
    return reference()


@pytest.fixture
def saved(made, tmp_path):
    made.save(tmp_path / "wall.route")
    return tmp_path / "wall.route"


def test_a_saved_reference_is_the_same_one(made, saved):
    found = Reference.load(saved)
    np.testing.assert_array_equal(found.descriptors, made.descriptors)
    assert len(found) == 60 and found.size == (160, 120)
    assert found.stamps[1] - found.stamps[0] == 200_000_000
    assert found.facts["method"] == "sift" and found.facts["values"]["width"] == 128
    error = found.picture(7).astype(int) - drive()[7]
    assert np.abs(error).mean() < 8


def test_a_reference_cut_short_anywhere_is_refused(saved):
    content = saved.read_bytes()
    for size in (0, 7, 15, 100, 4096, len(content) // 2, len(content) - 1):
        saved.write_bytes(content[:size])
        with pytest.raises(InputError, match=r"truncated|is no reference of ddff align build"):
            Reference.load(saved)


def test_a_reference_is_known_by_how_it_begins(saved, tmp_path, refused):
    other = saved.rename(tmp_path / "wall.v2")
    assert Reference.is_one(other) and not Reference.is_one(tmp_path)
    said = refused("align", "match", other, other, "-o", tmp_path / "o", "--method", "sift")
    assert "the reference was built with the method sift (spacing=16 width=128)" in said


def test_a_foreign_and_a_damaged_file_are_refused(saved, tmp_path):
    (tmp_path / "a.route").write_bytes(b"\x89PNG\r\n\x1a\n" * 1000)
    with pytest.raises(InputError, match="is no reference of ddff align build"):
        Reference.load(tmp_path / "a.route")
    with pytest.raises(InputError, match="cannot read the reference"):
        Reference.load(tmp_path / "none.route")
    content = bytearray(saved.read_bytes())
    content[4097] ^= 1
    saved.write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged \(descriptors\)"):
        Reference.load(saved)


@pytest.mark.parametrize(
    "change",
    [
        {"stamps": np.zeros(60, np.int64)},
        {"numbers": np.zeros(3, np.int64)},
        {"offsets": np.zeros(61, np.int64)},
        {"descriptors": np.zeros((60, 768), np.float32)},
        {"descriptors": np.full((60, 768), np.nan, np.float32)},
    ],
)
def test_contents_that_cannot_be_are_refused(made, tmp_path, change):
    names = ("descriptors", "stamps", "numbers", "offsets", "pictures")
    arrays = {name: getattr(made, name) for name in names} | change
    array_file.write(REFERENCE, tmp_path / "a.route", made.facts, arrays)
    with pytest.raises(InputError, match="contents that cannot be"):
        Reference.load(tmp_path / "a.route")


def test_a_header_that_promises_other_sizes_is_refused(saved):
    content = saved.read_bytes()
    _, length, _ = struct.unpack("<8sII", content[:16])
    header = json.loads(content[16 : 16 + length])
    header["arrays"]["descriptors"]["shape"] = [10**9, 768]
    text = json.dumps(header).encode()
    prefix = struct.pack("<8sII", REFERENCE.magic, len(text), zlib.crc32(text))
    saved.write_bytes((prefix + text).ljust(4096, b"\0") + content[4096:])
    with pytest.raises(InputError, match="truncated"):
        Reference.load(saved)


def test_what_is_no_route_is_refused():
    def describe(image):
        return np.ones(4, np.float32) / 2

    with pytest.raises(InputError, match="there are 5 frames"):
        build_reference(frames(drive()[:5]), describe, {})
    mixed = [*frames(drive()[:9]), Frame(9, 10**15, np.zeros((60, 80, 3), np.uint8))]
    with pytest.raises(InputError, match="frame 9 is 80x60, the first one 160x120"):
        build_reference(mixed, describe, {})
    twice = build_reference([*frames(drive()[:9]), *frames(drive()[:9])], describe, {})
    assert len(twice) == 9


def test_of_a_long_recording_one_image_is_held_at_a_time(tmp_path):
    held = []

    def read():
        for number in range(12):
            image = np.full((12, 16, 3), number * 20, np.uint8)
            held.append(weakref.ref(image))
            yield Frame(number, number * 10**8, image)
            del image
            assert sum(one() is not None for one in held) <= 1

    built = build_reference(read(), lambda image: np.ones(4, np.float32) / 2, {"method": "sift"})
    assert isinstance(built.pictures, np.memmap)
    built.save(tmp_path / "long.route")
    assert abs(int(Reference.load(tmp_path / "long.route").picture(7).mean()) - 140) <= 1


def test_a_disk_without_room_for_the_pictures_is_told(monkeypatch):
    full = Path("/dev/full").open("wb")  # noqa: SIM115
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: full)
    many = [Frame(n, n * 10**8, np.zeros((12, 16, 3), np.uint8)) for n in range(9)]
    with pytest.raises(InputError, match="TMPDIR"):
        build_reference(many, lambda image: np.ones(4, np.float32) / 2, {})


def test_images_of_another_camera_are_refused(made):
    made.require_camera(320, 240)
    with pytest.raises(InputError, match="of images of 160x120, these are 640x360"):
        made.require_camera(640, 360)


def test_frames_are_thinned_on_a_grid():
    stamps = [f.stamp_ns for f in thinned(iter(frames(np.zeros((40, 2, 2, 3), np.uint8))), 2.0)]
    assert np.diff(stamps).mean() / 1e9 == pytest.approx(0.5, abs=0.06)
    assert len(list(thinned(iter(frames(drive()[:9])), 0.0))) == 9


NO_NAMES = ("", "../wall", "/etc/passwd", ".hidden", "a/b", "a\0b", "x" * 300)


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_is_a_path_reaches_nothing(name, tmp_path):
    with pytest.raises(InputError, match="is no name of a reference"):
        reference_file(str(tmp_path), name)


def test_references_are_found_by_name_in_their_folder_alone(saved, tmp_path):
    assert reference_file(str(tmp_path), "wall") == reference_file(str(tmp_path), "wall.route")
    folder = tmp_path / "routes"
    folder.mkdir()
    (folder / "led_out.route").symlink_to(saved)
    with pytest.raises(InputError, match="there is no reference 'led_out'"):
        reference_file(str(folder), "led_out")


def test_what_others_wrote_is_not_replaced(made, tmp_path):
    (tmp_path / "mine.route").write_bytes(b"mine")
    with written_by("ddff align build"), pytest.raises(InputError, match="is there already"):
        made.save(tmp_path / "mine.route")
