import numpy as np
import pytest

from ddff_perception.reflection.reading.packed import read_packed
from ddff_perception.types import InputError

PIXELS = np.random.default_rng(0).integers(0, 4096, (6, 10)).astype(np.uint16)


def packed_p(values):
    low, high = values.ravel()[0::2], values.ravel()[1::2]
    return np.stack([low & 255, low >> 8 | (high & 15) << 4, high >> 4], 1).astype(np.uint8)


def packed_old(values):
    first, second = values.ravel()[0::2], values.ravel()[1::2]
    shared = first & 15 | (second & 15) << 4
    return np.stack([first >> 4, shared, second >> 4], 1).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "pack", "bayer"),
    [
        ("Mono12p", packed_p, None),
        ("mono12packed", packed_old, None),
        ("BayerRG12p", packed_p, "rggb"),
        ("BayerBG12Packed", packed_old, "bggr"),
        ("Polarized12p", packed_p, None),
        ("BayerRGPolarized12p", packed_p, "rggb"),
    ],
)
def test_twelve_bits_come_out_as_the_highest_of_sixteen(tmp_path, name, pack, bayer):
    file = tmp_path / "raw.bin"
    file.write_bytes(pack(PIXELS).tobytes())
    raw, pattern = read_packed(file, name, "10x6")
    assert pattern == bayer
    np.testing.assert_array_equal(raw, PIXELS << 4)


def test_an_odd_number_of_pixels_ends_in_half_a_triple(tmp_path):
    values = np.append(PIXELS.ravel()[:15], 0).astype(np.uint16)
    (tmp_path / "raw.bin").write_bytes(packed_p(values).tobytes()[:23])
    raw, _ = read_packed(tmp_path / "raw.bin", "Mono12p", "5x3")
    np.testing.assert_array_equal(raw.ravel(), PIXELS.ravel()[:15] << 4)


@pytest.mark.parametrize(("name", "kind"), [("Mono8", np.uint8), ("Mono16", np.uint16)])
def test_whole_bytes_are_taken_as_they_are(tmp_path, name, kind):
    (tmp_path / "raw.bin").write_bytes(PIXELS.astype(kind).tobytes())
    raw, _ = read_packed(tmp_path / "raw.bin", name, "10x6")
    np.testing.assert_array_equal(raw, PIXELS.astype(kind))


@pytest.mark.parametrize(
    ("name", "size", "match"),
    [
        ("Mono10p", "10x6", "no pixel format 'Mono10p' here"),
        ("Mono12p", "10 by 6", "--size is WIDTHxHEIGHT"),
        ("Mono12p", "99999x99999", "--size is WIDTHxHEIGHT up to 16384"),
        ("Mono12p", "12x6", "has 90 bytes, 12x6 in Mono12p are 108"),
    ],
)
def test_what_does_not_fit_the_file_is_refused_in_words(tmp_path, name, size, match):
    (tmp_path / "raw.bin").write_bytes(packed_p(PIXELS).tobytes())
    with pytest.raises(InputError, match=match):
        read_packed(tmp_path / "raw.bin", name, size)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*raw\.bin"):
        read_packed(tmp_path / "raw.bin", "Mono12p", "10x6")
