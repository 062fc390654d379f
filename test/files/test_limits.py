"""Small files that unpack to a lot: refused by their headers, before anything is unpacked."""

from __future__ import annotations

import json
import re
import resource
import sys
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from hostile_files import png_of
from PIL import Image
from sweep_stacks import sweep_bag

from ddff_perception.files.bags import BagReader
from ddff_perception.files.bags_messages import image_of
from ddff_perception.files.bags_salvage import unpacked_lz4, unpacked_zstd
from ddff_perception.files.image_header import image_header
from ddff_perception.files.images import decode_image_file, read_array, read_image
from ddff_perception.files.light_fields import hdf5_arrays, read_matlab
from ddff_perception.files.limits import GIB, IMAGE_MEGAPIXELS, MESSAGE_GIB
from ddff_perception.files.photographs import Photograph, read_photographs
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.types import InputError

zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


@pytest.fixture
def little_memory():
    """The process may take 300 MB more than it has."""
    status = Path("/proc/self/status").read_text()
    used = int(re.search(r"VmSize:\s+(\d+)", status)[1]) << 10
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 10**6, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_small_picture_of_a_great_size_is_refused_before_it_is_unpacked(
    tmp_path, little_memory, monkeypatch
):
    (tmp_path / "bomb.png").write_bytes(png_of(30_000, 10_000))
    with pytest.raises(InputError, match=r"bomb.png has 300 megapixels, more than the 250"):
        read_image(tmp_path / "bomb.png")
    with pytest.raises(InputError, match="megapixels"):
        decode_image_file((tmp_path / "bomb.png").read_bytes(), "it")
    monkeypatch.setenv("DDFF_MAX_MEGAPIXELS", "0.01")
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((200, 100), np.uint8))
    with pytest.raises(InputError, match="set the environment variable DDFF_MAX_MEGAPIXELS"):
        read_image(tmp_path / "small.png")
    monkeypatch.setenv("DDFF_MAX_MEGAPIXELS", "0.02")
    assert read_image(tmp_path / "small.png").shape == (200, 100)


def test_a_limit_that_is_no_number_is_refused(monkeypatch):
    for text in ("much", "-1", "0", "nan"):
        monkeypatch.setenv("DDFF_MAX_MEGAPIXELS", text)
        with pytest.raises(InputError, match="DDFF_MAX_MEGAPIXELS is"):
            IMAGE_MEGAPIXELS.check(1, "it")


@pytest.mark.parametrize(
    ("suffix", "array", "size"),
    [
        (".png", np.zeros((4, 6, 3), np.uint8), 3),
        (".png", np.zeros((4, 6, 3), np.uint16), 6),
        (".png", np.zeros((4, 6), np.uint16), 2),
        (".tif", np.zeros((4, 6, 4), np.uint16), 8),
        (".tif", np.zeros((4, 6, 3), np.float32), 12),
        (".jpg", np.zeros((4, 6, 3), np.uint8), 3),
        (".ppm", np.zeros((4, 6, 3), np.uint16), 3),
    ],
)
def test_headers_tell_what_the_pixels_will_take(tmp_path, suffix, array, size):
    file = tmp_path / f"a{suffix}"
    cv2.imwrite(str(file), array)
    header = image_header(file, "it")
    assert (header.width, header.height, header.bytes_per_pixel) == (6, 4, size)


def test_the_header_of_a_png_does_not_unpack_it(tmp_path, monkeypatch):
    def load(image):
        raise AssertionError("unpacked")

    monkeypatch.setattr(Image.Image, "load", load)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 6, 3), np.uint8))
    assert image_header(tmp_path / "a.png", "it").exif == {}


def test_damaged_exif_costs_nothing(tmp_path):
    file = tmp_path / "a.jpg"
    exif = b"Exif\0\0II*\0\xff\xff\xff\xff"
    Image.new("RGB", (6, 4)).save(file, exif=exif)
    assert image_header(file, "it").exif == {}
    assert read_image(file).shape == (4, 6, 3)


def test_one_image_named_too_often_is_refused(tmp_path, monkeypatch):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((200, 100, 3), np.uint8))
    entries = [{"image": "a.png"}] * 300_000
    (tmp_path / "stack.json").write_text(json.dumps({"slices": entries}))
    with pytest.raises(InputError, match=r"stack.json has 3e\+05 images, more than the 2000"):
        read_stack(tmp_path)
    (tmp_path / "stack.json").write_text(json.dumps({"slices": entries[:1500]}))
    monkeypatch.setenv("DDFF_MAX_ARRAY_GIB", "0.05")
    with pytest.raises(InputError, match=r"GiB, more than the 0\.05"):
        read_stack(tmp_path)
    with pytest.raises(InputError, match=r"GiB, more than the 0\.05"):
        image = Photograph(tmp_path / "a.png", image_header(tmp_path / "a.png", "it"))
        read_photographs([image] * 1500)


def test_arrays_are_refused_by_what_their_headers_say(tmp_path, monkeypatch, little_memory):
    np.save(tmp_path / "a.npy", np.zeros((100, 100), np.float32))
    content = (tmp_path / "a.npy").read_bytes()
    huge = content.replace(b"(100, 100)", b"(9999999,)")
    (tmp_path / "huge.npy").write_bytes(huge.replace(b"9999999,)", b"999999999999,)")[: len(huge)])
    with pytest.raises(InputError, match="cannot read the array"):
        read_array(tmp_path / "huge.npy")
    monkeypatch.setenv("DDFF_MAX_ARRAY_GIB", "1e-5")
    with pytest.raises(InputError, match="GiB, more than the 1e-05"):
        read_array(tmp_path / "a.npy")


def test_packed_arrays_are_refused_before_they_are_unpacked(tmp_path, monkeypatch, little_memory):
    h5py = pytest.importorskip("h5py")
    from scipy.io import savemat

    shape = (9, 9, 300, 300, 3)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("views", shape, "u1", chunks=(1, 1, 300, 300, 3), compression="gzip")
    savemat(tmp_path / "a.mat", {"views": np.zeros((2, 2, 300, 300, 3))}, do_compression=True)
    monkeypatch.setenv("DDFF_MAX_ARRAY_GIB", "0.001")
    for reader, name in ((hdf5_arrays, "a.h5"), (read_matlab, "a.mat")):
        with pytest.raises(InputError, match=r"GiB, more than the 0\.001"):
            reader(tmp_path / name)


@pytest.mark.parametrize("kind", ["zstd", "lz4"])
def test_a_message_is_unpacked_no_further_than_its_limit(kind, monkeypatch, little_memory):
    if kind == "zstd":
        parts = [zstd.compress(bytes(1 << 20)), zstd.compress(b"end")]
        unpack = unpacked_zstd
    else:
        lz4 = pytest.importorskip("lz4.frame")
        parts = [lz4.compress(bytes(1 << 20)), lz4.compress(b"end")]
        unpack = unpacked_lz4
    assert unpack(b"".join(parts)) == bytes(1 << 20) + b"end"
    assert unpack(parts[1], 3) == b"end"
    # 600 MB in all, of which the process could not take a half.
    monkeypatch.setenv("DDFF_MAX_MESSAGE_GIB", "0.05")
    with pytest.raises(ValueError, match="DDFF_MAX_MESSAGE_GIB"):
        unpack(parts[0] * 600)
    for size in (2, 4):
        with pytest.raises(ValueError):
            unpack(parts[1], size)
    with pytest.raises(ValueError, match="DDFF_MAX_MESSAGE_GIB"):
        unpack(parts[1], 1 << 40)
    with pytest.raises(ValueError):
        unpack(parts[1][:-2])


def test_a_recorded_message_that_unpacks_to_too_much_is_counted_and_the_others_are_read(
    tmp_path, monkeypatch
):
    bag = sweep_bag(tmp_path / "bag", "sqlite3", compress=True)
    with BagReader(bag) as reader:
        whole = [raw.data for raw in reader.raw_messages()]
        assert reader.unreadable == 0 and not any(data[:1] == b"\x28" for data in whole)
    largest = max(map(len, whole))
    monkeypatch.setenv("DDFF_MAX_MESSAGE_GIB", str((largest - 1) / GIB))
    with BagReader(bag) as reader:
        read = [raw.data for raw in reader.raw_messages()]
        assert reader.unreadable == sum(len(data) == largest for data in whole)
    assert read == [data for data in whole if len(data) < largest]
    assert MESSAGE_GIB.default == 1


def test_a_compressed_image_is_refused_by_its_header(monkeypatch):
    class Message:
        format = "png"
        data = np.frombuffer(png_of(300, 200), np.uint8)

    assert image_of(Message()).shape == (200, 300, 3)
    monkeypatch.setenv("DDFF_MAX_MEGAPIXELS", "0.05")
    with pytest.raises(InputError, match=r"compressed image \('png'\) has 0.06 megapixels"):
        image_of(Message())


def test_what_is_no_image_says_so(tmp_path):
    for content in (b"", b"text", b"\x89PNG\r\n\x1a\n", b"II*\0\xff\xff\xff\xff", b"GIF89a"):
        with pytest.raises(InputError, match="it cannot be decoded: it is truncated or no image"):
            image_header(content, "it")
    with pytest.raises(InputError, match="cannot read it: No such file"):
        image_header(tmp_path / "gone.png", "it")
    buffer = BytesIO()
    Image.new("L", (3, 2)).save(buffer, "BMP")
    assert image_header(buffer.getvalue(), "it").format == "BMP"
