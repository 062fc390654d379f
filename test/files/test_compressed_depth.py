"""Depth as image_transport's compressedDepth packs it."""

import struct

import cv2
import numpy as np
import pytest

from ddff_perception.files.bags_types import plain_name
from ddff_perception.files.images import compressed_pixels
from ddff_perception.types import InputError

A, B = 100.0, -5.0
DEPTH = np.float32([[0.5, 1.25, np.nan], [3.0, 8.0, 2.0]])


def png(values: np.ndarray, a: float = 0.0, b: float = 0.0) -> bytes:
    return struct.pack("<iff", 0, a, b) + cv2.imencode(".png", values)[1].tobytes()


def inverse_depth() -> bytes:
    """As compressed_depth_image_transport quantizes floats: a / depth + b, 0 where unknown."""
    with np.errstate(invalid="ignore"):
        packed = np.where(np.isnan(DEPTH), 0.0, np.round(A / DEPTH + B))
    return png(packed.astype(np.uint16), A, B)


@pytest.mark.parametrize("kind", ["16UC1; compressedDepth", "16UC1; compressedDepth png"])
def test_whole_millimetres_come_back_as_they_were(kind):
    values = np.uint16([[0, 500, 65535], [1, 2, 3]])
    np.testing.assert_array_equal(compressed_pixels(png(values), kind), values)


def test_metres_come_back_within_their_quantization_and_unknown_as_nan():
    found = compressed_pixels(inverse_depth(), "32FC1; compressedDepth png")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(found), np.isnan(DEPTH))
    np.testing.assert_allclose(1 / found, 1 / DEPTH, atol=0.51 / A)


@pytest.mark.parametrize(
    "content, kind, words",
    [
        (png(np.zeros((2, 3), np.uint16))[:-8], "16UC1; compressedDepth", "truncated or no image"),
        (b"\0" * 12, "16UC1; compressedDepth", "is truncated"),
        (png(np.zeros((2, 3), np.uint8)), "16UC1; compressedDepth", "no depth of 16 bits"),
        (b"\0" * 40, "16UC1; compressedDepth rvl", "packed by RVL: set its publisher's"),
    ],
)
def test_depth_that_cannot_be_unpacked_is_refused_in_one_sentence(content, kind, words):
    with pytest.raises(InputError, match=words):
        compressed_pixels(content, kind)


@pytest.mark.parametrize("end", ["", "/compressed", "/compressedDepth"])
def test_a_twins_topic_is_known_by_its_plain_name(end):
    assert plain_name(f"/depth/image_rect{end}") == "/depth/image_rect"
