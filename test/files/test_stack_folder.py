import json
import math
import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from folders import names
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddff_perception.files.images import read_array, read_image, write_array, write_image
from ddff_perception.files.stack_folder import read_camera, read_stack, write_stack
from ddff_perception.types import CameraModel, FocalStack, FocusSlice, InputError

RNG = np.random.default_rng(6)
COLOUR = RNG.integers(0, 256, (16, 20, 3), np.uint8)
CAMERA = CameraModel(20, 16, 30.0, 31.0, 9.5, 7.5, aperture_diameter_m=0.01)


def stack_of(image=COLOUR, distances=(0.5, 2.0), camera=CAMERA):
    slices = (FocusSlice(image, d, 7 * number) for number, d in enumerate(distances))
    return FocalStack(tuple(slices), camera)


@pytest.fixture
def folder(tmp_path):
    write_stack(tmp_path / "stack", stack_of(), truth=np.ones((16, 20), np.float32))
    return tmp_path / "stack"


def describe(folder, **changes):
    """Rewrites stack.json with the second slice, or a top-level entry, changed."""
    content = json.loads((folder / "stack.json").read_text())
    for name, value in changes.items():
        where = content if name in ("camera", "slices") else content["slices"][1]
        where[name] = value
    (folder / "stack.json").write_text(json.dumps(content))


def refused(folder):
    with pytest.raises(InputError) as caught:
        read_stack(folder)
    text = str(caught.value)
    assert "\n" not in text
    assert text.count(str(folder)) == 1
    return text


def npy(array, **options):
    buffer = BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def chunk(kind, body):
    content = kind + body
    return struct.pack(">I", len(body)) + content + struct.pack(">I", zlib.crc32(content))


def png(width, height, rows):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    "image",
    [COLOUR, COLOUR[..., 0].copy(), COLOUR.astype(np.uint16) * 251, COLOUR[..., 1] * np.uint16(99)],
    ids=["colour", "grey", "16-bit colour", "16-bit grey"],
)
def test_a_stack_comes_back_as_it_was_written(tmp_path, image):
    truth = RNG.uniform(0.3, 3, (16, 20)).astype(np.float32)
    truth[0, 0], truth[0, 1] = math.nan, math.inf
    stack = stack_of(image, (0.5, math.inf, math.nan))
    write_stack(tmp_path, stack, truth=truth, all_in_focus=image)
    content = read_stack(tmp_path)
    np.testing.assert_array_equal(content.stack.focus_distances_m, [0.5, math.inf, math.nan])
    assert [item.stamp_ns for item in content.stack.slices] == [0, 7, 14]
    for item in content.stack.slices:
        np.testing.assert_array_equal(item.image, image)
        assert item.image.dtype == image.dtype
    assert content.stack.camera == CAMERA
    np.testing.assert_array_equal(content.truth, truth)
    np.testing.assert_array_equal(content.all_in_focus, image)
    assert content.folder == tmp_path


def test_only_the_slices_are_needed(tmp_path):
    write_image(tmp_path / "a.png", COLOUR)
    (tmp_path / "stack.json").write_text('{"slices": [{"image": "a.png"}]}')
    content = read_stack(tmp_path)
    assert math.isnan(content.stack.slices[0].focus_distance_m)
    assert content.stack.camera is None
    assert content.truth is None
    assert content.all_in_focus is None
    assert read_camera(tmp_path) is None


def test_the_description_is_what_the_documentation_shows(folder):
    assert json.loads((folder / "stack.json").read_text()) == {
        "slices": [
            {"image": "000.png", "focus_distance_m": 0.5},
            {"image": "001.png", "focus_distance_m": 2.0, "stamp_ns": 7},
        ],
        "camera": {
            "width": 20, "height": 16, "fx": 30.0, "fy": 31.0, "cx": 9.5, "cy": 7.5,
            "aperture_diameter_m": 0.01,
        },
    }  # fmt: skip
    assert names(folder) == [
        "000.png", "001.png", "depth.npy", "stack.json",
    ]  # fmt: skip


def test_a_camera_alone_can_be_read(folder):
    assert read_camera(folder) == CAMERA
    assert read_camera(folder / "stack.json") == CAMERA


def test_another_stack_in_the_same_folder_replaces_truth_and_all(folder):
    write_stack(folder, stack_of(COLOUR[:, ::-1].copy(), (1.0, 3.0, 5.0)))
    content = read_stack(folder)
    assert content.truth is None
    assert content.stack.focus_distances_m.tolist() == [1.0, 3.0, 5.0]


def test_a_folder_that_was_cut_short_is_no_stack(folder, monkeypatch):
    def full(file, array):
        raise InputError("cannot write: No space left on device")

    monkeypatch.setattr("ddff_perception.files.stack_folder.write_array", full)
    with pytest.raises(InputError, match="No space left"):
        write_stack(folder, stack_of(), truth=np.ones((16, 20), np.float32))
    assert "has no stack.json" in refused(folder)


@pytest.mark.parametrize("value", ["inf", "Infinity", "INF", math.inf, 1e12, 10**400])
def test_infinity_can_be_written_in_many_ways(folder, value):
    describe(folder, focus_distance_m=value)
    assert read_stack(folder).stack.focus_distances_m.tolist() == [0.5, math.inf]


@pytest.mark.parametrize("value", [0, -1.5, math.nan, -math.inf, "near", True, [], {}, -(10**400)])
def test_a_focus_distance_that_is_none_is_refused(folder, value):
    describe(folder, focus_distance_m=value)
    assert "focus_distance_m of slice 1" in refused(folder)


def test_distances_may_be_unsorted_and_repeated(tmp_path):
    write_stack(tmp_path, stack_of(distances=(2.0, 0.5, 2.0, 1.0)))
    assert read_stack(tmp_path).stack.focus_distances_m.tolist() == [2.0, 0.5, 2.0, 1.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not valid JSON"),
        ("", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("[]", "must hold a JSON object"),
        ("{}", "lists no slices"),
        ('{"slices": []}', "lists no slices"),
        ('{"slices": {"image": "000.png"}}', "lists no slices"),
        ('{"slices": ["000.png"]}', "slice 0 names no image"),
        ('{"slices": [{"image": 3}]}', "slice 0 names no image"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(folder, text, words):
    (folder / "stack.json").write_text(text)
    assert words in refused(folder)


def test_a_description_in_another_encoding_is_refused(folder):
    (folder / "stack.json").write_bytes("{}".encode("utf-16"))
    assert "is not valid JSON" in refused(folder)


def test_a_description_that_is_far_too_large_is_not_read(folder, monkeypatch):
    monkeypatch.setenv("DDFF_MAX_FILE_MIB", "1e-5")
    assert "MiB, more than the 1e-05 that may be" in refused(folder)


@pytest.mark.parametrize(
    "name",
    ["../outside.png", "{outside}", "a/../../outside.png", "a\0b", "\ud800.png", "link.png"],
)
def test_an_image_outside_the_folder_is_never_read(folder, name):
    outside = folder.parent / "outside.png"
    write_image(outside, COLOUR)
    (folder / "link.png").symlink_to(outside)
    describe(folder, image=name.replace("{outside}", str(outside)))
    assert "slice 1 leaves the folder" in refused(folder)


def test_an_image_in_a_folder_below_or_behind_a_link_inside_is_read(folder):
    (folder / "images").mkdir()
    (folder / "001.png").rename(folder / "images" / "b.png")
    (folder / "c.png").symlink_to("images/b.png")
    for name in ("images/b.png", "c.png"):
        describe(folder, image=name)
        np.testing.assert_array_equal(read_stack(folder).stack.images[1], COLOUR)


@pytest.mark.parametrize("name", ["gone.png", "", ".", "a\nb.png"])
def test_a_missing_image_is_named(folder, name):
    describe(folder, image=name)
    assert f"the image {name!r} does not exist" in refused(folder)


def test_links_and_names_that_lead_nowhere_are_refused(folder):
    (folder / "loop.png").symlink_to("loop.png")
    describe(folder, image="loop.png")
    refused(folder)
    describe(folder, image="x" * 5000)
    assert "File name too long" in refused(folder)


@pytest.mark.parametrize("stamp", [-1, 1.5, "3", True, None])
def test_a_stamp_is_whole_nanoseconds(folder, stamp):
    describe(folder, stamp_ns=stamp)
    assert "slice 1 has a bad stamp_ns" in refused(folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 21}, "the camera is 21x16, the images are 20x16"),
        ({"width": "wide"}, "camera needs the numbers width, height, fx, fy, cx, cy"),
        ({"width": 1e400}, "camera needs the numbers"),
        ({"fx": None}, "camera needs the numbers"),
        ({"fx": 10**400}, "camera needs the numbers"),
        ({"fx": 0}, "fx, fy > 0"),
        ({"cy": math.nan}, "must be finite"),
        ({"aperture_diameter_m": -1}, "aperture_diameter_m must be metres > 0"),
    ],
)
def test_a_camera_that_cannot_be_is_refused(folder, changes, words):
    camera = json.loads((folder / "stack.json").read_text())["camera"]
    describe(folder, camera=camera | changes)
    assert words in refused(folder)


@pytest.mark.parametrize("camera", [[], "pinhole", 3, {"width": 20}])
def test_a_camera_that_is_none_is_refused(folder, camera):
    describe(folder, camera=camera)
    assert "camera needs the numbers" in refused(folder)


def test_images_of_different_sizes_or_types_are_refused(folder):
    write_image(folder / "001.png", COLOUR[:, :-1])
    assert "slice 1 is (16, 19, 3) uint8, slice 0 is (16, 20, 3) uint8" in refused(folder)
    write_image(folder / "001.png", COLOUR.astype(np.uint16))
    assert "all slices must have one size and type" in refused(folder)


WHOLE_PNG = cv2.imencode(".png", COLOUR)[1].tobytes()
WHOLE_JPEG = cv2.imencode(".jpg", COLOUR)[1].tobytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        WHOLE_PNG[:8],
        WHOLE_PNG[: len(WHOLE_PNG) // 2],
        WHOLE_PNG[:-20],
        WHOLE_PNG[:-20] + chunk(b"IEND", b""),
        WHOLE_JPEG[: len(WHOLE_JPEG) // 2],
        WHOLE_JPEG[:-2],
        cv2.imencode(".bmp", COLOUR)[1].tobytes()[:500],
        cv2.imencode(".webp", COLOUR)[1].tobytes()[:100],
        cv2.imencode(".tiff", COLOUR.astype(np.float32))[1].tobytes(),
        png(0, 0, b"\0" * 100),
        png(100_000, 100_000, b"\0" * 1000),
    ],
    ids=[
        "empty", "text", "PNG signature", "half a PNG", "PNG without end", "PNG with a hole",
        "half a JPEG", "JPEG without end", "half a BMP", "half a WebP", "float TIFF", "PNG 0x0",
        "PNG bomb",
    ],
)  # fmt: skip
def test_an_image_that_is_damaged_is_named(folder, content):
    (folder / "001.png").write_bytes(content)
    assert str(folder / "001.png") in refused(folder)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".webp", ".tiff"])
def test_the_content_decides_what_an_image_is(tmp_path, suffix):
    data = cv2.imencode(suffix, COLOUR)[1].tobytes()
    (tmp_path / "named.png").write_bytes(data + (b"appended" if suffix == ".jpg" else b""))
    image = read_image(tmp_path / "named.png")
    np.testing.assert_array_equal(image, cv2.imdecode(np.frombuffer(data, np.uint8), 1))


@pytest.mark.parametrize("name", ["a", "a.xyz", "a.npy"])
def test_a_name_that_is_no_image_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"name it like a\.png"):
        write_image(tmp_path / name, COLOUR)
    assert list(tmp_path.iterdir()) == []


def test_transparency_is_dropped(tmp_path):
    write_image(tmp_path / "a.png", np.dstack([COLOUR, COLOUR[..., :1]]))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), COLOUR)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        npy(np.ones((16, 20), np.float32))[:-9],
        npy(np.array([{}]), allow_pickle=True),
        npy(np.ones((16, 20), np.float32)).replace(b"(16, 20)", b"(9999999999, 20)"),
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 20) + b"(".ljust(19) + b"\n",
        b"PK\x03\x04 no archive",
        npy(np.ones((16, 21), np.float32)),
        npy(np.ones((16, 20), np.int32)),
        npy(np.ones((16, 20), complex)),
    ],
    ids=[
        "empty", "text", "truncated", "pickled", "lying header", "broken header", "broken archive",
        "another size", "integers", "complex",
    ],
)  # fmt: skip
def test_a_truth_that_cannot_be_used_is_named(folder, content):
    (folder / "depth.npy").write_bytes(content)
    assert str(folder / "depth.npy") in refused(folder)


def test_an_archive_of_arrays_is_no_array(tmp_path):
    np.savez(tmp_path / "a.npz", depth=np.ones(3))
    with pytest.raises(InputError, match=r"give a \.npy file"):
        read_array(tmp_path / "a.npz")


def test_truth_of_another_float_type_becomes_float32(folder):
    (folder / "depth.npy").write_bytes(npy(np.full((16, 20), 1.5)))
    assert read_stack(folder).truth.dtype == np.float32


def test_arrays_come_back(tmp_path):
    array = RNG.normal(0, 1, (3, 4)).astype(np.float32)
    write_array(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), array)
    with pytest.raises(ValueError, match="Object arrays"):
        write_array(tmp_path / "b.npy", np.array([{}]))
    assert not (tmp_path / "b.npy").exists()


def test_what_is_no_folder_is_refused(tmp_path):
    assert "is no folder" in refused(tmp_path / "gone")
    (tmp_path / "file").write_text("{}")
    assert "is no folder" in refused(tmp_path / "file")
    assert "has no stack.json" in refused(tmp_path)
    assert "File name too long" in refused(tmp_path / ("x" * 300))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
slice_entries = st.fixed_dictionaries(
    {"image": st.just("000.png") | json_values},
    optional={"focus_distance_m": json_values, "stamp_ns": json_values},
)
descriptions = st.fixed_dictionaries(
    {"slices": st.lists(slice_entries, max_size=3) | json_values},
    optional={"camera": json_values},
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(descriptions)
def test_any_description_is_read_or_refused_in_one_sentence(folder, description):
    (folder / "stack.json").write_text(json.dumps(description))
    try:
        content = read_stack(folder)
    except InputError as error:
        assert "\n" not in str(error)
        return
    distances = content.stack.focus_distances_m
    assert ((distances > 0) | np.isnan(distances)).all()
