import math
import struct

import cv2
import numpy as np
import pytest

from ddff_perception.files.images import write_image
from ddff_perception.files.photographs import distance_in_name, find_photographs, read_photographs
from ddff_perception.types import InputError

IMAGE = np.arange(12 * 16 * 3, dtype=np.uint8).reshape(12, 16, 3)


def photographs(folder, *names):
    for name in names:
        write_image(folder / name, IMAGE)
    return [folder / name for name in names]


def test_numbers_in_names_are_ordered_as_numbers(tmp_path):
    names = ["IMG_10.png", "IMG_9.png", "IMG_100.png", "img_2.png", "IMG_2b.png", "cover.png"]
    photographs(tmp_path, *names)
    (tmp_path / "notes.txt").write_text("none of them")
    found = [path.name for path in find_photographs(tmp_path)]
    assert found == ["cover.png", "img_2.png", "IMG_2b.png", "IMG_9.png", "IMG_10.png",
                     "IMG_100.png"]  # fmt: skip


def test_names_with_other_digits_are_ordered_too(tmp_path):
    photographs(tmp_path, "²5.png", "x².png", "٣.png", "1.png")
    assert len(find_photographs(tmp_path)) == 4


def test_capital_suffixes_and_all_formats_count(tmp_path):
    for number, suffix in enumerate((".JPG", ".jpeg", ".png", ".TIF", ".bmp", ".webp")):
        data = cv2.imencode(suffix.lower(), IMAGE)[1].tobytes()
        (tmp_path / f"{number}{suffix}").write_bytes(data)
    assert len(find_photographs(tmp_path)) == 6


@pytest.mark.parametrize(
    ("name", "distance"),
    [
        ("image_3_0.6.png", 0.6),
        ("0.25.jpg", 0.25),
        ("a-1.50m.jpg", 1.5),
        ("far_inf.png", math.inf),
        ("far INF m.png", math.inf),
        ("IMG_0012.png", None),
        ("version1.2.png", None),
        ("0.6_left.png", None),
        ("a_-0.5.png", 0.5),
        ("info.png", None),
    ],
)
def test_a_distance_at_the_end_of_a_name_counts(tmp_path, name, distance):
    assert distance_in_name(tmp_path / name) == distance


def test_distances_come_from_the_names_only_if_every_name_has_one(tmp_path):
    files = photographs(tmp_path, "a_0.5.png", "b_2.0.png")
    assert read_photographs(files).focus_distances_m.tolist() == [0.5, 2.0]
    files = photographs(tmp_path, "a_0.5.png", "c.png")
    assert np.isnan(read_photographs(files).focus_distances_m).all()


def test_given_distances_go_before_those_in_names(tmp_path):
    files = photographs(tmp_path, "a_0.5.png", "b_2.0.png", "c_3.0.png")
    stack = read_photographs(files, [0.3, math.inf, math.nan])
    np.testing.assert_array_equal(stack.focus_distances_m, [0.3, math.inf, math.nan])
    np.testing.assert_array_equal(stack.images[2], IMAGE)
    assert stack.camera is None


def test_photographs_are_turned_by_their_exif_orientation(tmp_path):
    data = cv2.imencode(".jpg", IMAGE, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = b"II*\x00" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    exif = b"Exif\x00\x00" + tiff
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(data[:2] + segment + data[2:])
    image = read_photographs(find_photographs(tmp_path)).images[0]
    plain = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(image, np.rot90(plain, -1))


@pytest.mark.parametrize("names", [(), ("only.png",)])
def test_less_than_two_photographs_are_no_stack(tmp_path, names):
    photographs(tmp_path, *names)
    with pytest.raises(InputError, match=f"holds {len(names)} images"):
        find_photographs(tmp_path)


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        find_photographs(tmp_path / "gone")


@pytest.mark.parametrize(
    ("distances", "words"),
    [
        ([1.0], "2 images but 1 distances"),
        ([1.0, 2.0, 3.0], "2 images but 3 distances"),
        ([1.0, 0.0], r"focus distance 0 m of b\.png must be positive"),
        ([-1.0, 2.0], r"focus distance -1 m of a\.png must be positive"),
    ],
)
def test_distances_that_do_not_fit_are_refused(tmp_path, distances, words):
    files = photographs(tmp_path, "a.png", "b.png")
    with pytest.raises(InputError, match=words):
        read_photographs(files, distances)


def test_photographs_of_different_sizes_are_refused(tmp_path):
    files = photographs(tmp_path, "a.png", "b.png")
    write_image(files[1], IMAGE[:6])
    with pytest.raises(InputError, match="all slices must have one size"):
        read_photographs(files)


def test_a_folder_named_like_an_image_is_named(tmp_path):
    files = photographs(tmp_path, "a.png", "b.png")
    (tmp_path / "c.png").mkdir()
    with pytest.raises(InputError, match=r"cannot read the image .*c\.png: Is a directory"):
        read_photographs([*files, tmp_path / "c.png"])


def test_real_photographs_are_a_stack(real_captures):
    files = find_photographs(real_captures / "phone_stack_balls")
    stack = read_photographs(files[:2])
    assert stack.images[0].ndim == 3
    assert stack.images[0].std() > 10
