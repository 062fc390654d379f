"""Image messages as pictures: what colours say, and that nothing large or wrong gets through."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ddff_perception.capability import Reference
from ddff_perception.image_payload import encode_image
from ddff_perception.segmentation.palette import label_colours
from ddff_perception.types import InputError
from ddff_perception.viewing.pictures import MAX_HEIGHT, MAX_WIDTH, guessed_look, show


def image(pixels: np.ndarray, encoding: str | None = None) -> SimpleNamespace:
    payload = encode_image(pixels, encoding)
    return SimpleNamespace(
        encoding=payload.encoding,
        height=payload.height,
        width=payload.width,
        step=payload.step,
        is_bigendian=0,
        data=bytes(payload.data),
    )


def ramp(near: float, far: float, width: int = 100) -> np.ndarray:
    return np.tile(np.linspace(near, far, width, dtype=np.float32), (40, 1))


def test_an_image_is_shown_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    shown = show(image(pixels), "image")
    np.testing.assert_array_equal(shown.picture, pixels)
    assert shown.facts == "40 × 30, bgr8"
    assert shown.scale is None


@pytest.mark.parametrize("shape", [(3000, 4000), (9000, 50), (20, 9000)])
@pytest.mark.parametrize("look", ["image", "raw", "number", "confidence", "depth", "angle"])
def test_nothing_larger_than_a_screen_is_sent(shape: tuple[int, int], look: str) -> None:
    kind = np.uint8 if look in ("image", "raw") else np.float32
    height, width = show(image(np.ones(shape, kind)), look).picture.shape[:2]
    assert height <= MAX_HEIGHT and width <= MAX_WIDTH


def test_depth_says_its_true_range_and_what_its_colours_stand_for() -> None:
    depth = ramp(0.5, 4.0)
    depth[:, 50:] = np.where(depth[:, 50:] > 3.0, np.float32(np.nan), depth[:, 50:])
    depth[0, 0] = 0.01  # one pixel beside the truth does not rule the colours
    shown = show(image(depth), "depth")
    unknown = np.isnan(depth).mean()
    assert f"0.01 .. {np.nanmax(depth):.3g} m, {unknown:.0%} unknown" in shown.facts
    assert shown.scale is not None and shown.scale.unknown
    assert shown.scale.marks[0][1].endswith(" m")
    assert shown.ends is not None and 0.4 < shown.ends[0] < 0.6
    red, blue = shown.picture[20, 2], shown.picture[20, 60]
    assert red[2] > red[0] and blue[0] > blue[2]
    assert tuple(shown.picture[20, 99]) == (128, 128, 128)


def test_millimetres_are_depth_as_well() -> None:
    millimetres = (ramp(0.5, 4.0) * 1000).astype(np.uint16)
    assert "0.5 .. 4 m" in show(image(millimetres, "16UC1"), "depth").facts


def test_colours_do_not_flicker_while_the_range_moves() -> None:
    first = show(image(ramp(0.5, 4.0)), "depth")
    second = show(image(ramp(1.0, 2.0)), "depth", first.ends)
    third = show(image(ramp(0.25, 8.0)), "depth", first.ends)
    assert first.ends and second.ends and third.ends
    assert first.ends[0] < second.ends[0] < 0.6 and 3.5 < second.ends[1] < first.ends[1]
    # What is outside counts at once.
    assert third.ends[0] < 0.4 and third.ends[1] > 7.0


def test_confidence_is_painted_between_none_and_all() -> None:
    shown = show(image(ramp(0.0, 1.0)), "confidence")
    assert "mean 0.50" in shown.facts
    assert shown.picture[0, 0].sum() < shown.picture[0, -1].sum()


@pytest.mark.parametrize("look", ["depth", "confidence", "number", "angle"])
def test_nothing_known_is_grey_and_said(look: str) -> None:
    shown = show(image(np.full((20, 30), np.nan, np.float32)), look)
    assert (shown.picture == 128).all()
    assert look == "angle" or "no pixel" in shown.facts


def test_an_angle_goes_around() -> None:
    shown = show(image(np.array([[0.0, np.pi / 2, np.pi]], np.float32)), "angle")
    assert np.abs(shown.picture[0, 0].astype(int) - shown.picture[0, 2]).max() <= 8
    assert np.abs(shown.picture[0, 0].astype(int) - shown.picture[0, 1]).max() > 100


def test_a_capability_paints_its_labels_itself() -> None:
    labels = np.array([[0, 4], [11, 255]], np.uint8)
    look = Reference("ddff_perception.segmentation.palette:label_colours")
    np.testing.assert_array_equal(show(image(labels), look).picture, label_colours(labels))


def test_a_compressed_image_and_the_newest_slice_of_a_stack_are_images() -> None:
    pixels = np.full((16, 16, 3), 200, np.uint8)
    packed = SimpleNamespace(format="bgr8; png", data=cv2.imencode(".png", pixels)[1].tobytes())
    np.testing.assert_array_equal(show(packed, "image").picture, pixels)
    stack = SimpleNamespace(images=[image(pixels // 2), image(pixels)])
    np.testing.assert_array_equal(show(stack, "image").picture, pixels)


@pytest.mark.parametrize(
    ("message", "look", "words"),
    [
        (SimpleNamespace(images=[]), "image", "the focal stack is empty"),
        (image(np.ones((4, 4, 3), np.uint8)), "depth", "are no depth"),
        (image(np.ones((4, 4, 3), np.uint8)), "confidence", "more than one value"),
        (
            SimpleNamespace(**{**vars(image(np.ones((4, 4), np.float32))), "step": 1}),
            "number",
            "step",
        ),
        (SimpleNamespace(format="jpeg", data=b"no image"), "image", "compressed image"),
    ],
)
def test_what_is_no_such_image_is_one_sentence(message, look: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        show(message, look)


@pytest.mark.parametrize(
    ("topic", "encoding", "look"),
    [
        ("/camera/image_raw", "bayer_rggb8", "raw"),
        ("/camera/image_raw", "rgb8", "image"),
        ("/camera/depth/image_rect", "32FC1", "depth"),
        ("/camera/aligned", "16UC1", "depth"),
        ("/camera/depth/confidence", "32FC1", "confidence"),
        ("/polarization/angle", "32FC1", "angle"),
        ("/polarization/degree", "32FC1", "number"),
    ],
)
def test_what_no_capability_tells_is_guessed(topic: str, encoding: str, look: str) -> None:
    assert guessed_look(topic, encoding) == look
