import math
import struct
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ddff_perception.files.camera_formats import register_heif, require_package
from ddff_perception.files.focus_distances import (
    FocusDistances,
    distances_from_names,
    distances_from_table,
)
from ddff_perception.files.images import read_image, write_image
from ddff_perception.files.photographs import (
    find_photographs,
    open_photographs,
    read_photographs,
)
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
    found = distances_from_names([tmp_path / name])
    assert (found and found.metres[0]) == distance


def read(folder, **given):
    return read_photographs(open_photographs(folder), **given)


def test_distances_come_from_the_names_only_if_every_name_has_one(tmp_path):
    photographs(tmp_path, "a_0.5.png", "b_2.0.png")
    assert read(tmp_path).stack.focus_distances_m.tolist() == [0.5, 2.0]
    photographs(tmp_path, "c.png")
    assert np.isnan(read(tmp_path).stack.focus_distances_m).all()


def test_given_distances_go_before_those_in_names(tmp_path):
    photographs(tmp_path, "a_0.5.png", "b_2.0.png", "c_3.0.png")
    given = FocusDistances((0.3, math.inf, math.nan), "a list")
    stack = read(tmp_path, distances=given).stack
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
    image = read(tmp_path).stack.images[0]
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
    photographs(tmp_path, "a.png", "b.png")
    with pytest.raises(InputError, match=words):
        read(tmp_path, distances=FocusDistances(tuple(distances), "a list"))


def test_a_photograph_of_another_size_is_named_with_its_orientation(tmp_path):
    photographs(tmp_path, "a.png", "b.png", "c.png")
    write_image(tmp_path / "b.png", IMAGE[:, :-1])
    words = r"b.png is 15x12, the others are 16x12: all slices must have one size"
    with pytest.raises(InputError, match=words):
        read(tmp_path)
    turned = Image.Exif()
    turned[274] = 6
    Image.fromarray(IMAGE).save(tmp_path / "b.png", exif=turned)
    words = r"b.png is 12x16 \(its EXIF orientation is 6\), the others are 16x12"
    with pytest.raises(InputError, match=words):
        read(tmp_path)
    cv2.imwrite(str(tmp_path / "b.png"), IMAGE[..., 0])
    with pytest.raises(
        InputError, match=r"b.png is \(12, 16\) uint8, the others are \(12, 16, 3\)"
    ):
        read(tmp_path)


def test_a_folder_named_like_an_image_is_named(tmp_path):
    photographs(tmp_path, "a.png", "b.png")
    (tmp_path / "c.png").mkdir()
    with pytest.raises(InputError, match=r"cannot read the image .*c\.png: Is a directory"):
        open_photographs(tmp_path)


def test_hidden_files_and_those_of_a_macs_card_are_none(tmp_path):
    photographs(tmp_path, "a.png", "b.png")
    (tmp_path / "._a.png").write_bytes(b"\0\5\x16\7" + bytes(99))
    (tmp_path / ".hidden.png").write_bytes(b"")
    assert [file.name for file in find_photographs(tmp_path)] == ["a.png", "b.png"]


def test_images_in_sub_folders_are_found_where_the_folder_has_none(tmp_path):
    for folder in ("101CANON", "100CANON", "9CANON"):
        (tmp_path / folder).mkdir()
        photographs(tmp_path / folder, "IMG_10.png", "IMG_9.png")
    found = [f"{file.parent.name}/{file.name}" for file in find_photographs(tmp_path)]
    assert found[:3] == ["9CANON/IMG_9.png", "9CANON/IMG_10.png", "100CANON/IMG_9.png"]
    photographs(tmp_path, "a.png", "b.png")
    assert [file.name for file in find_photographs(tmp_path)] == ["a.png", "b.png"]


def require_pillow(suffix):
    if suffix not in Image.registered_extensions():
        pytest.skip(f"this Pillow has no {suffix}")


@pytest.mark.parametrize("suffix", [".ppm", ".avif", ".webp", ".bmp"])
def test_formats_that_people_have_are_read(tmp_path, suffix):
    require_pillow(suffix)
    for name in "ab":
        Image.fromarray(IMAGE[..., ::-1]).save(tmp_path / f"{name}{suffix}")
    assert np.abs(read(tmp_path).stack.images[0].astype(int) - IMAGE).mean() < 40


@pytest.mark.parametrize("suffix", [".avif", ".ppm"])
def test_what_this_opencv_lacks_pillow_reads(tmp_path, monkeypatch, suffix):
    require_pillow(suffix)

    def lacks(*_):
        return None

    flat = np.full((16, 16, 3), (10, 100, 200), np.uint8)
    for name in "ab":
        Image.fromarray(flat).save(tmp_path / f"{name}{suffix}", quality=100)
    monkeypatch.setattr(cv2, "imdecode", lacks)
    if suffix == ".ppm":
        with pytest.raises(InputError, match="cannot be decoded"):
            read(tmp_path)
        return
    found = read(tmp_path).stack.images[0]
    assert np.abs(found.astype(int) - flat[..., ::-1]).max() < 6


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_the_pages_of_a_tiff_are_photographs(tmp_path, kind):
    pages = [np.full((12, 16, 3), number, kind) for number in (3, 60_000 % 256, 9)]
    pages[1] = pages[1] + (60_000 if kind == np.uint16 else 0)
    cv2.imwritemulti(str(tmp_path / "zstack.tif"), pages)
    for place in (tmp_path, tmp_path / "zstack.tif"):
        found = open_photographs(place)
        assert [item.name for item in found] == [f"zstack.tif page {n}" for n in (1, 2, 3)]
        stack = read_photographs(found).stack
        for image, page in zip(stack.images, pages, strict=True):
            np.testing.assert_array_equal(image, page)


@pytest.mark.parametrize(
    ("name", "words"),
    [("IMG_1.HEIC", "HEIC photograph: .*pip install pillow-heif"), ("a.NEF", "rawpy")],
)
def test_formats_that_need_a_package_are_named_with_it(tmp_path, monkeypatch, name, words):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setitem(sys.modules, "rawpy", None)
    register_heif.cache_clear()
    for number in (1, 2):
        (tmp_path / f"{number}{name}").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    with pytest.raises(InputError, match=words):
        open_photographs(tmp_path)
    # Telephones name them .jpg at times.
    if name.endswith("HEIC"):
        (tmp_path / "c.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
        with pytest.raises(InputError, match=r"c\.jpg is a HEIC photograph"):
            read_image(tmp_path / "c.jpg")
    register_heif.cache_clear()


def test_heic_is_read_where_its_package_is(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    flat = np.full((64, 80, 3), (10, 100, 200), np.uint8)
    for name in "ab":
        Image.fromarray(flat).save(tmp_path / f"{name}.heic", quality=90)
    found = read(tmp_path).stack.images[0]
    assert found.shape == (64, 80, 3)
    assert np.abs(found.astype(int) - flat[..., ::-1]).max() < 8


@pytest.mark.parametrize(
    ("names", "unit", "metres"),
    [
        (("img_30cm", "img_200cm"), None, (0.3, 2.0)),
        (("a_0_2m", "a_1_0.5m", "a_2_inf"), None, (2.0, 0.5, math.inf)),
        (("a_1.5", "a_2", "a_2.5"), None, (1.5, 2.0, 2.5)),
        (("z_2.5um", "z_5um"), None, (2.5e-6, 5e-6)),
        (("z_2.5", "z_5.0"), "um", (2.5e-6, 5e-6)),
        (("a_30", "a_45"), "cm", (0.3, 0.45)),
        (("z_2.5", "z_5.0"), None, None),
        (("a_f2.8", "b_f4.0"), None, None),
        (("a_f_2.8", "b_f_5.6"), "m", None),
        (("f_2.8", "b_f-5.6"), None, None),
        (("IMG_0001", "IMG_0002"), None, None),
        (("a_1", "a_2", "a_2.5"), None, None),
        (("a_0.5m", "b"), None, None),
        (("a_0,5m", "b_2m"), None, (0.5, 2.0)),
        (("a_infinity", "b_2m"), None, (math.inf, 2.0)),
    ],
)
def test_names_say_distances_with_units(names, unit, metres):
    found = distances_from_names([Path(f"{name}.png") for name in names], unit)
    assert found is None if metres is None else found.metres == pytest.approx(metres)


def test_what_was_understood_can_be_printed(tmp_path):
    photographs(tmp_path, "a_35cm.png", "b_2.214m.png")
    assert str(read(tmp_path).distances) == "0.35 .. 2.214 m, from the names"
    (tmp_path / "z").mkdir()
    photographs(tmp_path / "z", "z_0.0.png", "z_2.5.png")
    assert "unknown (positions such as z_2.5" in str(read(tmp_path / "z").distances)
    (tmp_path / "some").mkdir()
    photographs(tmp_path / "some", "a_35cm.png", "b_2.2m.png", "c.png")
    assert str(read(tmp_path / "some").distances).endswith(
        "unknown (2 of 3 names end in a distance, but not c.png)"
    )


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_the_frames_of_an_animation_are_photographs(tmp_path, suffix):
    shades = [Image.new("L", (16, 12), level).convert("RGB") for level in (10, 90, 200)]
    shades[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=shades[1:])
    levels = [int(image.mean()) for image in read(tmp_path).stack.images]
    assert levels == pytest.approx([10, 90, 200], abs=2)


def test_avif_that_this_pillow_lacks_is_named(tmp_path):
    file = tmp_path / "a.avif"
    file.write_bytes(b"\0\0\0\x1cftypavif" + bytes(100))
    with pytest.raises(InputError, match=r"AVIF photograph: .*pip install pillow>=11.3"):
        require_package(file, file.read_bytes()[:12])


def test_jpeg_2000_is_read(tmp_path):
    Image.fromarray(np.full((16, 24, 3), (10, 90, 200), np.uint8)).save(tmp_path / "a.jp2")
    assert tuple(read_image(tmp_path / "a.jp2")[8, 8]) == pytest.approx((200, 90, 10), abs=3)


@pytest.mark.parametrize(
    ("name", "words"),
    [("sweep.mp4", "is a video: take its frames first"), ("notes.pdf", "no photograph that can")],
)
def test_a_folder_of_something_else_is_told_what_to_give(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(InputError, match=words):
        find_photographs(tmp_path)


@pytest.mark.parametrize("names", [("z_-2.5um.png", "z_2.5um.png"), ("z_0um.png", "z_5um.png")])
def test_positions_about_zero_are_no_distances(tmp_path, names):
    photographs(tmp_path, *names)
    assert "unknown (positions such as z_-2.5um are none" in str(read(tmp_path).distances)


def test_a_table_says_distances(tmp_path):
    files = photographs(tmp_path, "a.png", "b.png")
    table = tmp_path / "d.csv"
    table.write_text("file,distance\nb.png,30 cm\n\na,inf\nother.png,3\n")
    assert distances_from_table(table, files, None).metres == (math.inf, 0.3)
    for text, words in (
        ("a.png,1\n", "has no distance for b.png"),
        ("a.png,1\nb.png,far\n", "'b.png,far' is no file's name and a distance"),
        ("a.png,1\nb.png\n", "'b.png' is no file's name"),
    ):
        table.write_text(text)
        with pytest.raises(InputError, match=words):
            distances_from_table(table, files, None)
    for text in (
        "file;distance\na.png;0,5\nb.png;2\n",
        "file\tdistance [cm]\na.png\t50\nb.png\t200\n",
        "file,distance_mm\na,500\nb,2 m\n",
    ):
        table.write_text(text)
        assert distances_from_table(table, files, None).metres == (0.5, 2.0)
    table.write_bytes(b"\xff\xfe\0")
    with pytest.raises(InputError, match="cannot read the table"):
        distances_from_table(table, files, None)


def exif_photograph(file, image=IMAGE, **tags):
    numbers = {"distance": 37382, "focal": 37386, "f_number": 33437, "film": 41989, "taken": 36867}
    exif = Image.Exif()
    exif[0x8769] = {numbers[name]: value for name, value in tags.items()}
    Image.fromarray(image).save(file, quality=95, exif=exif)


def test_exif_says_distances_and_camera(tmp_path):
    lens = {"focal": 6.0, "f_number": 1.5, "film": 27}
    for number, distance in enumerate((0.5, 1.25)):
        exif_photograph(tmp_path / f"{number}.jpg", distance=distance, **lens)
    found = read(tmp_path)
    assert found.stack.focus_distances_m.tolist() == [0.5, 1.25]
    assert found.distances.source == "EXIF"
    camera = found.stack.camera
    assert (camera.fx, camera.aperture_diameter_m) == (pytest.approx(12.0), pytest.approx(0.004))
    exif_photograph(tmp_path / "2.jpg", distance=0.0, **lens)
    assert np.isnan(read(tmp_path).stack.focus_distances_m).all()


def test_capture_times_decide_where_they_disagree_with_names(tmp_path):
    names = ("DSC_9998.jpg", "DSC_9999.jpg", "DSC_0001.jpg")
    for second, name in enumerate(names):
        image = np.full_like(IMAGE, 50 * second)
        exif_photograph(tmp_path / name, image, taken=f"2024:05:01 10:00:{second:02}")
    found = read(tmp_path)
    assert [int(image.mean()) for image in found.stack.images] == [0, 50, 100]
    assert found.notes == (
        "the capture times say another order than the names: DSC_9998.jpg .. DSC_0001.jpg",
    )
    # One without a time: nothing is known about the order.
    photographs(tmp_path, "DSC_0002.jpg")
    assert read(tmp_path).notes == ()


def test_of_several_photographs_at_one_distance_the_sharpest_stays(tmp_path):
    sharp = np.random.default_rng(1).integers(0, 255, (40, 50, 3), np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 2)
    for name, image in (
        ("0_0.5m", blurred), ("1_0.5m", sharp), ("2_2m", sharp), ("3_2m", sharp[:, ::-1]),
    ):  # fmt: skip
        write_image(tmp_path / f"{name}.png", image)
    found = read(tmp_path)
    assert found.stack.focus_distances_m.tolist() == [0.5, 2.0]
    for image in found.stack.images:
        np.testing.assert_array_equal(image, sharp)
    assert found.notes == (
        "4 photographs at 2 distances: the sharpest of each stays, without 0_0.5m.png, 3_2m.png",
    )


def test_neighbours_that_do_not_resemble_each_other_are_said(tmp_path):
    rng = np.random.default_rng(1)
    scene, other = (rng.integers(0, 255, (40, 50, 3), np.uint8) for _ in range(2))
    for number in range(6):
        image = other if number == 5 else cv2.GaussianBlur(scene, (0, 0), 1 + 0.2 * number)
        write_image(tmp_path / f"{number}.png", image)
    assert read(tmp_path).notes == (
        "4.png and 5.png do not resemble each other: are they neighbours?",
    )


@pytest.mark.parametrize(("bits", "held"), [(8, 8), (9, 10), (12, 12), (15, 0), (16, 0)])
def test_16_bit_files_that_hold_fewer_bits_are_scaled_and_that_is_said(tmp_path, bits, held):
    ramp = np.linspace(0, (1 << bits) - 1, 12 * 16).reshape(12, 16).astype(np.uint16)
    for name in "ab":
        write_image(tmp_path / f"{name}.tif", ramp)
    found = read(tmp_path)
    full = 65535 / ((1 << held) - 1) if held else 1.0
    np.testing.assert_array_equal(found.stack.images[0], np.rint(ramp * full))
    said = f"the images hold {held} of 16 bits: scaled to fill them"
    assert found.notes == ((said,) if held else ())


def test_real_photographs_are_a_stack(real_captures):
    found = open_photographs(real_captures / "phone_stack_balls")
    stack = read_photographs(found[:2]).stack
    assert stack.images[0].ndim == 3
    assert stack.images[0].std() > 10
