from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.image_payload import ENCODINGS, decode_image, encode_image
from ddff_perception.types import InputError


def sample(encoding: str, height: int = 5, width: int = 7) -> np.ndarray:
    rng = np.random.default_rng(3)
    if encoding == "32FC1":
        image = rng.uniform(0.1, 9.0, (height, width)).astype(np.float32)
        image[0, 0], image[1, 1] = np.nan, np.inf
        return image
    kind = np.uint16 if "16" in encoding else np.uint8
    shape = (height, width) if encoding in GREY else (height, width, 3)
    return rng.integers(0, np.iinfo(kind).max + 1, shape, dtype=kind)


GREY = {"mono8", "8UC1", "mono16", "16UC1", "32FC1"}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_comes_back_as_it_was_sent(encoding: str) -> None:
    image = sample(encoding)
    payload = encode_image(image, encoding)
    assert payload.data.nbytes == payload.step * payload.height
    back = decode_image(*payload[:4], False, array("B", payload.data))
    assert back.dtype == image.dtype
    np.testing.assert_array_equal(back, image)


def test_colour_orders_put_blue_first() -> None:
    pixel = bytes([10, 20, 30])
    assert decode_image("rgb8", 1, 1, 3, 0, pixel).tolist() == [[[30, 20, 10]]]
    assert decode_image("bgr8", 1, 1, 3, 0, pixel).tolist() == [[[10, 20, 30]]]
    assert decode_image("rgba8", 1, 1, 4, 0, pixel + b"\x00").tolist() == [[[30, 20, 10]]]
    assert decode_image("bgra8", 1, 1, 4, 0, pixel + b"\x00").tolist() == [[[10, 20, 30]]]


def test_padding_at_the_end_of_rows_is_skipped() -> None:
    data = bytes([1, 2, 99, 99, 3, 4, 99, 99])
    assert decode_image("mono8", 2, 2, 4, 0, data).tolist() == [[1, 2], [3, 4]]


def test_big_endian_data_become_native() -> None:
    image = decode_image("16UC1", 1, 2, 4, 1, bytes([1, 2, 3, 4]))
    assert image.tolist() == [[0x0102, 0x0304]]
    assert image.dtype.isnative
    depth = np.array([[1.5, -2.0]], ">f4")
    assert decode_image("32FC1", 1, 2, 8, 1, depth.tobytes()).tolist() == [[1.5, -2.0]]


@pytest.mark.parametrize("encoding", ["mono8", "16UC1", "32FC1", "bgr8"])
def test_decoding_the_common_encodings_makes_no_copy(encoding: str) -> None:
    payload = encode_image(sample(encoding), encoding)
    data = array("B", payload.data)
    image = decode_image(*payload[:4], False, data)
    assert np.shares_memory(image, np.frombuffer(data, np.uint8))
    assert not image.flags.writeable


def test_encoding_makes_no_copy_of_a_contiguous_array() -> None:
    image = sample("32FC1")
    assert np.shares_memory(image, np.frombuffer(encode_image(image).data, np.uint8))


def test_the_step_of_a_one_row_view_is_the_row() -> None:
    image = sample("mono8", 8, 6)[::8]
    payload = encode_image(image)
    assert payload.step == 6
    np.testing.assert_array_equal(decode_image(*payload[:4], 0, payload.data), image)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bayer_rggb8", 2, 2, 2, 0, bytes(4)), "image_proc"),
        (("yuv422_yuy2", 2, 2, 4, 0, bytes(8)), "yuv422_yuy2"),
        (("mono8", 2, 2, 2, 0, bytes(3)), "3 bytes"),
        (("mono8", 2, 2, 2, 0, bytes(5)), "5 bytes"),
        (("bgr8", 2, 2, 5, 0, bytes(10)), "step"),
        (("mono8", 0, 2, 2, 0, b""), "empty"),
        (("mono8", 2, 2, 2, 0, b""), "0 bytes"),
        (("mono8", 2, 2, 2, 0, object()), "CPU"),
        (("mono8", 2, 2, 2, 0, [1, 2, 3, 4]), "CPU"),
    ],
)
def test_bad_payloads_are_refused_with_a_reason(arguments: tuple, words: str) -> None:
    with pytest.raises(InputError, match=words):
        decode_image(*arguments)


def test_an_array_that_does_not_fit_its_encoding_is_refused() -> None:
    with pytest.raises(InputError, match="bgr8"):
        encode_image(np.zeros((4, 4), np.uint8), "bgr8")
    with pytest.raises(InputError, match="float64"):
        encode_image(np.zeros((4, 4)))
    with pytest.raises(InputError, match="mono8"):
        encode_image(np.zeros((0, 4), np.uint8))


UINT32 = st.one_of(st.integers(0, 8), st.integers(0, 2**32 - 1))


@given(
    st.sampled_from([*ENCODINGS, "", "bayer_gbrg16", "nv12", "\x00"]),
    UINT32,
    UINT32,
    UINT32,
    st.integers(0, 255),
    st.binary(max_size=64),
)
def test_random_payloads_decode_or_are_refused(
    encoding: str, height: int, width: int, step: int, big: int, data: bytes
) -> None:
    try:
        image = decode_image(encoding, height, width, step, big, data)
    except InputError:
        return
    assert image.shape[:2] == (height, width)
