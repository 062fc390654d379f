import sys
from array import array
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception import image_payload
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
SENT = (*sorted(GREY), "bgr8", "8UC3", "rgb8", "bgra8", "rgba8", "bgr16")
CONVERTED = sorted(set(ENCODINGS) - set(SENT))


@pytest.mark.parametrize("encoding", SENT)
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


@pytest.mark.parametrize("encoding", ["mono8", "16UC1", "32FC1", "bgr8", "bgr16"])
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
        (("bayer_rgbg8", 2, 2, 2, 0, bytes(4)), "bayer_rgbg8.* image_proc"),
        (("yuv411", 2, 2, 4, 0, bytes(8)), "yuv411"),
        (("rgb16", 2, 2, 13, 0, bytes(26)), "step of 13 bytes is no whole number"),
        (("mono16", 2, 2, 5, 0, bytes(10)), "step of 5 bytes is no whole number"),
        (("yuv422", 2, 3, 6, 0, bytes(12)), "yuv422 image has an even width, not 3"),
        (("nv12", 3, 2, 2, 0, bytes(9)), "even width and height, not 2x3"),
        (("nv12", 2, 2, 2, 0, bytes(4)), "4 bytes where 3 rows of 2 bytes are 6"),
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


@pytest.mark.parametrize("encoding", CONVERTED)
def test_what_is_no_view_is_not_sent(encoding: str) -> None:
    with pytest.raises(InputError, match="use mono8, bgr8, mono16 or bgr16"):
        encode_image(np.zeros((4, 4, 3), np.uint16), encoding)


def yuv(y: int, u: int, v: int, order: str, size: int = 4) -> bytes:
    """A `size` x `size` image of one colour, its bytes in an order such as "uyvy"."""
    return bytes({"y": y, "u": u, "v": v}[name] for name in order) * (size * size // 2)


# Limited-range BT.601: red of full strength is Y 81, U 90, V 240.
RED = (81, 90, 240)
RED_IMAGES = {
    **dict.fromkeys(("yuv422", "uyvy"), (yuv(*RED, "uyvy"), 8)),
    **dict.fromkeys(("yuv422_yuy2", "yuyv"), (yuv(*RED, "yuyv"), 8)),
    "nv12": (bytes([81] * 16 + [90, 240] * 4), 4),
    "nv21": (bytes([81] * 16 + [240, 90] * 4), 4),
}


@pytest.mark.parametrize("encoding", RED_IMAGES)
def test_red_is_red_in_every_kind_of_yuv(encoding: str) -> None:
    data, step = RED_IMAGES[encoding]
    image = decode_image(encoding, 4, 4, step, 0, data)
    assert image.shape == (4, 4, 3) and image.dtype == np.uint8
    np.testing.assert_allclose(image.reshape(-1, 3), [[0, 0, 255]] * 16, atol=3)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("padding", [0, 2, 6])
@pytest.mark.parametrize("encoding", sorted(set(CONVERTED) - {"nv12", "nv21"}))
def test_padding_and_byte_order_do_not_reach_cv_bridge(
    encoding: str, padding: int, big: bool
) -> None:
    wide = encoding.endswith("16")
    values = 1 if encoding.startswith("bayer") else len(encoding) - 2 if wide else 2
    kind = np.dtype("u2" if wide else "u1")
    noise = np.random.default_rng(4)
    pixels = noise.integers(0, np.iinfo(kind).max, (6, 8 * values), kind)
    plain = decode_image(
        encoding, 6, 8, pixels.strides[0], sys.byteorder == "big", pixels.tobytes()
    )
    rows = pixels.astype(kind.newbyteorder(">" if big else "<")).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xA5)
    image = decode_image(encoding, 6, 8, padded.shape[1], big, padded.tobytes())
    assert image.shape == (6, 8, 3) and image.dtype == kind
    np.testing.assert_array_equal(image, plain)


@pytest.fixture(params=["missing", "broken"])
def no_cv_bridge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """cv_bridge is not installed, or its compiled part was built for another NumPy."""

    class Broken:
        def imgmsg_to_cv2(self, *_: object) -> None:
            raise ImportError("numpy.core.multiarray failed to import")

    module = None if request.param == "missing" else SimpleNamespace(CvBridge=Broken)
    image_payload._cv_bridge.cache_clear()
    monkeypatch.setitem(sys.modules, "cv_bridge", module)
    yield
    image_payload._cv_bridge.cache_clear()


@pytest.mark.usefixtures("no_cv_bridge")
@pytest.mark.parametrize("encoding", [*SENT, "nv12"])
def test_views_need_no_cv_bridge(encoding: str) -> None:
    if encoding == "nv12":
        data, step = RED_IMAGES["nv12"]
        assert decode_image("nv12", 4, 4, step, 0, data).shape == (4, 4, 3)
        return
    payload = encode_image(sample(encoding), encoding)
    np.testing.assert_array_equal(decode_image(*payload[:4], 0, payload.data), sample(encoding))


@pytest.mark.usefixtures("no_cv_bridge")
def test_without_cv_bridge_one_sentence_says_what_is_missing() -> None:
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            decode_image("yuv422", 4, 4, 8, 0, bytes(32))
        assert str(caught.value) == (
            "images in encoding yuv422 need cv_bridge, which cannot be imported (was it built for "
            "another NumPy?): install it, or let the driver publish bgr8, rgb8 or mono8"
        )


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
