"""Files of vectors in the exact formats of the public sets."""

import gzip
import struct

import numpy as np
import pytest

from ddff_perception.files.vectors import open_vectors, read_vectors, write_vectors
from ddff_perception.types import InputError

NUMBERS = np.array([[0, 1, 255], [7, 8, 9]])
TYPES = {".fvecs": np.float32, ".bvecs": np.uint8, ".ivecs": np.int32}


def by_hand(suffix: str) -> bytes:
    """As the sets' page describes them: the dimension as int32, then the components, per vector."""
    letter = {".fvecs": "f", ".bvecs": "B", ".ivecs": "i"}[suffix]
    return b"".join(struct.pack(f"<i3{letter}", 3, *row) for row in NUMBERS.tolist())


@pytest.mark.parametrize("suffix", TYPES)
def test_vectors_of_the_public_sets_are_read_and_written(suffix, tmp_path):
    path = tmp_path / f"base{suffix}"
    path.write_bytes(by_hand(suffix))
    found = read_vectors(path)
    assert found.dtype == TYPES[suffix] and np.array_equal(found, NUMBERS)
    source = open_vectors(path)
    assert source.shape == (2, 3) and len(source) == 2
    assert np.array_equal(source[1:2], NUMBERS[1:])
    write_vectors(tmp_path / f"again{suffix}", NUMBERS)
    assert (tmp_path / f"again{suffix}").read_bytes() == by_hand(suffix)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x03\x00", "begins with no dimension"),
        (b"\xff\xff\xff\xff" * 3, "begins with no dimension"),
        (by_hand(".fvecs")[:-1], "truncated"),
    ],
)
def test_files_that_are_no_vectors_are_refused(content, words, tmp_path):
    path = tmp_path / "base.fvecs"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        open_vectors(path)


def test_vectors_that_differ_in_their_dimensions_are_refused(tmp_path):
    path = tmp_path / "base.bvecs"
    path.write_bytes(struct.pack("<i4B", 4, 1, 2, 3, 4) + struct.pack("<i4B", 3, 1, 2, 3, 4))
    with pytest.raises(InputError, match="differ in their dimensions"):
        read_vectors(path)


def test_whole_numbers_are_not_rounded_in_silence(tmp_path):
    with pytest.raises(InputError, match="whole numbers"):
        write_vectors(tmp_path / "a.bvecs", np.array([[0.5, 1.0]]))
    with pytest.raises(InputError, match="whole numbers"):
        write_vectors(tmp_path / "a.bvecs", np.array([[256, 1]]))
    for number in (2**24 + 1, 2**53 + 1, 2**63 - 1):
        with pytest.raises(InputError, match="round whole numbers"):
            write_vectors(tmp_path / "a.fvecs", np.array([[number]]))
    assert list(tmp_path.iterdir()) == []
    write_vectors(tmp_path / "a.fvecs", np.array([[2**24, -1, 2**24 + 2]]))
    assert read_vectors(tmp_path / "a.fvecs").tolist() == [[2**24, -1, 2**24 + 2]]


def test_arrays_are_read_and_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", NUMBERS)
    assert np.array_equal(read_vectors(tmp_path / "a.npy"), NUMBERS)
    np.save(tmp_path / "b.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(InputError, match="cannot read the array"):
        read_vectors(tmp_path / "b.npy")
    np.save(tmp_path / "c.npy", np.zeros(3))
    with pytest.raises(InputError, match="n x dimensions"):
        read_vectors(tmp_path / "c.npy")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_images_of_mnist_are_rows_of_pixels(suffix, tmp_path):
    pixels = np.arange(2 * 28 * 28, dtype=np.uint32).astype(np.uint8)
    content = struct.pack(">4i", 0x803, 2, 28, 28) + pixels.tobytes()
    path = tmp_path / f"train-images-idx3-ubyte{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    assert np.array_equal(read_vectors(path), pixels.reshape(2, 784))
    cut = content[:-1]
    path.write_bytes(gzip.compress(cut) if suffix else cut)
    with pytest.raises(InputError, match="truncated"):
        read_vectors(path)
    path.write_bytes(b"\x00" * 20)
    with pytest.raises(InputError, match=r"MNIST|cannot read"):
        read_vectors(path)


def test_sets_of_ann_benchmarks_have_their_parts(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "sift-128-euclidean.hdf5"
    with h5py.File(path, "w") as file:
        file["train"] = NUMBERS.astype(np.float32)
        file["test"] = NUMBERS[:1].astype(np.float32)
        file["neighbors"] = np.array([[1, 0]], np.int32)
    assert np.array_equal(read_vectors(path), NUMBERS)
    assert read_vectors(path, "test").shape == (1, 3)
    assert read_vectors(path, "neighbors").tolist() == [[1, 0]]
    with pytest.raises(InputError, match="no data set 'base'; there are: neighbors, test, train"):
        open_vectors(path, "base")
    path.write_bytes(b"no HDF5")
    with pytest.raises(InputError, match="cannot read"):
        open_vectors(path)


def test_other_files_are_named_with_those_that_are_known(tmp_path):
    path = tmp_path / "base.csv"
    with pytest.raises(InputError, match="there is no file"):
        open_vectors(path)
    path.write_text("1,2")
    with pytest.raises(InputError, match=r"\.fvecs, \.bvecs"):
        open_vectors(path)
    with pytest.raises(InputError, match="must end in"):
        write_vectors(path, NUMBERS)
