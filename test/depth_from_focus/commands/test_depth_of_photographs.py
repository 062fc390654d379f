"""`ddff depth` on what people have: uneven exposures, cut-outs, large stacks, merges again."""

import json
import math
import tracemalloc

import cv2
import numpy as np
import pytest
from occluded_sweeps import SWEEP_DPT, occluded_stack, truth_dpt

from ddff_perception.files.images import read_image
from ddff_perception.files.slices import StoredSlice
from ddff_perception.files.stack_folder import read_stack, write_stack
from ddff_perception.types import FocalStack, FocusSlice

FLICKER = (1.0, 0.8, 1.15, 0.75, 1.1, 0.85, 1.2)


def changed_stack(folder, change, distances=True):
    """The disc before a wall, each image as `change(number, image)` makes it."""
    slices = tuple(
        FocusSlice(change(number, item.image), item.focus_distance_m if distances else math.nan)
        for number, item in enumerate(occluded_stack().slices)
    )
    write_stack(folder, FocalStack(slices))
    return folder


def exposed(factors):
    def change(number, image):
        return np.clip(image * factors[number], 0, 255).astype(np.uint8)

    return change


def plain(number, image):
    return image


def facts(output):
    return json.loads((output / "summary.json").read_text())


def islands(output, even):
    """How unevenly bright the all-in-focus image is against that of a stack of one exposure."""
    images = [read_image(one / "all_in_focus.png").astype(np.float32) for one in (output, even)]
    one, other = (cv2.GaussianBlur(image, (0, 0), 6) for image in images)
    return float(np.std(np.log(one / other)))


def test_exposures_that_differ_are_balanced_and_that_is_said(tmp_path, accepted):
    even = changed_stack(tmp_path / "even", plain)
    uneven = changed_stack(tmp_path / "uneven", exposed(FLICKER))
    told = accepted("depth", uneven, "-o", tmp_path / "balanced").errors
    assert "exposures differ by up to 60%: balanced" in told
    gains = facts(tmp_path / "balanced")["exposure"]["gains"]
    assert np.ptp(np.multiply(gains, FLICKER)) < 0.05
    assert "exposures" not in accepted("depth", even, "-o", tmp_path / "plain").errors
    told = accepted("depth", uneven, "-o", tmp_path / "as_is", "--no-balance").errors
    assert "left as they are" in told
    unevenness = [islands(tmp_path / name, tmp_path / "plain") for name in ("balanced", "as_is")]
    assert unevenness[0] < 0.3 * unevenness[1]
    error = np.abs(1 / np.load(tmp_path / "balanced" / "depth.npy") - truth_dpt())
    assert np.median(error) < 0.1


@pytest.mark.parametrize("distances", [True, False])
def test_a_slice_that_shows_nothing_is_named_and_left_out(tmp_path, accepted, distances):
    dark = (1.0, 1.0, 1.0, 0.03, 1.0, 1.0, 1.0)
    folder = changed_stack(tmp_path / "stack", exposed(dark), distances)
    told = accepted("depth", folder, "-o", tmp_path / "out").errors
    assert "too dark or burnt out, and left out: 3 (from 0 on)" in told
    assert facts(tmp_path / "out")["exposure"]["left_out"] == [3]
    depth = np.load(tmp_path / "out" / "depth.npy")
    span = SWEEP_DPT[-1] - SWEEP_DPT[0]
    position = 1 / depth if distances else SWEEP_DPT[0] + depth * span
    assert np.median(np.abs(position - truth_dpt())) < 0.15
    assert 3 not in np.unique(read_image(tmp_path / "out" / "source.png"))


def test_slices_that_all_show_nothing_are_refused(tmp_path, refused):
    def change(number, image):
        return image if number == 0 else np.zeros_like(image)

    folder = changed_stack(tmp_path / "stack", change)
    assert "black or burnt out" in refused("depth", folder, "-o", tmp_path / "out")


def test_photographs_that_show_nothing_give_no_depth_and_say_so(tmp_path, accepted):
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 64, 3), 255, np.uint8))
    told = accepted("depth", tmp_path, "-o", tmp_path / "out").errors
    assert "no depth: every pixel is black, burnt out or transparent" in told


@pytest.mark.parametrize("as_file", [True, False])
def test_what_holds_no_photographs_is_told_what_to_give(tmp_path, refused, as_file):
    video = tmp_path / "photographs" / "sweep.MOV"
    video.parent.mkdir()
    video.write_bytes(b"....ftypqt  ")
    place = video if as_file else video.parent
    assert "is a video: take its frames first" in refused("depth", place, "-o", tmp_path / "out")
    assert "is a video" in refused("stack", place, "-o", tmp_path / "out")


def test_where_photographs_are_transparent_depth_is_unknown(tmp_path, accepted):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    alpha = np.zeros((192, 256), np.uint8)
    alpha[20:-20, 20:-20] = 255
    for number, item in enumerate(occluded_stack().slices):
        # Other programs leave colours under what is transparent.
        image = np.where(alpha[..., None] > 0, item.image, 90 + 10 * number).astype(np.uint8)
        name = photographs / f"a_{item.focus_distance_m:.3f}.png"
        assert cv2.imwrite(str(name), np.dstack([image, alpha]))
    accepted("stack", photographs, "-o", tmp_path / "stack")
    for name in ("stack", "photographs"):
        accepted("depth", tmp_path / name, "-o", tmp_path / f"of_{name}")
        depth = np.load(tmp_path / f"of_{name}" / "depth.npy")
        confidence = np.load(tmp_path / f"of_{name}" / "confidence.npy")
        assert np.isnan(depth[alpha == 0]).all()
        assert np.isfinite(depth[alpha > 0]).all()
        assert not confidence[alpha == 0].any()


def test_it_is_known_which_slice_each_pixel_is_from(tmp_path, accepted):
    stack = occluded_stack()
    order = [4, 0, 6, 2, 1, 5, 3]
    write_stack(tmp_path / "stack", FocalStack(tuple(stack.slices[number] for number in order)))
    accepted("depth", tmp_path / "stack", "-o", tmp_path / "out")
    source = read_image(tmp_path / "out" / "source.png")
    depth = np.load(tmp_path / "out" / "depth.npy")
    assert source.dtype == np.uint16
    focused = np.asarray(SWEEP_DPT)[np.asarray(order)[source]]
    assert np.abs(focused - 1 / depth).max() <= 0.5 * (SWEEP_DPT[1] - SWEEP_DPT[0]) + 1e-3


def moved(number, image):
    shift = np.float32([[1, 0, 5 * np.sin(2.0 * number)], [0, 1, 4 * np.cos(3.0 * number)]])
    return cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


def test_an_aligned_stack_is_merged_again_without_aligning(tmp_path, accepted, monkeypatch):
    folder, kept = changed_stack(tmp_path / "stack", moved), tmp_path / "kept"
    accepted("depth", folder, "-o", tmp_path / "first", "--keep-aligned", kept)
    assert facts(tmp_path / "first")["alignment"]["kind"] == "ecc"
    monkeypatch.setattr(
        "ddff_perception.depth_from_focus.capture.stack_alignment.align_stack", None
    )
    accepted("depth", kept, "-o", tmp_path / "again")
    for name in ("depth.npy", "confidence.npy"):
        np.testing.assert_array_equal(
            *(np.load(tmp_path / run / name) for run in ("first", "again"))
        )
    images = [read_image(tmp_path / run / "all_in_focus.png") for run in ("first", "again")]
    np.testing.assert_array_equal(*images)
    accepted("depth", kept, "-o", tmp_path / "near", "-p", "preferred=near")
    assert (read_image(tmp_path / "near" / "all_in_focus.png") != images[0]).any()


def test_the_aligned_stack_takes_no_place_of_another(tmp_path, refused):
    folder = changed_stack(tmp_path / "stack", plain)
    for place in (folder, tmp_path / "out"):
        run = ("depth", folder, "-o", tmp_path / "out", "--keep-aligned", place)
        assert "give another folder" in refused(*run)
    assert read_stack(folder).alignment is None


def test_a_large_stack_stays_on_disk_and_gives_the_same(tmp_path, accepted, monkeypatch):
    folder = changed_stack(tmp_path / "stack", moved)
    accepted("depth", folder, "-o", tmp_path / "held")
    monkeypatch.setenv("DDFF_HELD_GIB", "1e-6")
    stored = read_stack(folder, held=False).stack
    assert all(isinstance(item, StoredSlice) for item in stored.slices)
    accepted("depth", folder, "-o", tmp_path / "stored")
    for name in ("depth.npy", "confidence.npy"):
        np.testing.assert_array_equal(
            *(np.load(tmp_path / run / name) for run in ("held", "stored"))
        )
    accepted("stack", folder, "-o", tmp_path / "copy")
    for image, item in zip(read_stack(tmp_path / "copy").stack.images, stored.slices, strict=True):
        np.testing.assert_array_equal(image, item.image)


def test_memory_does_not_grow_with_the_slices(tmp_path, accepted, monkeypatch):
    item = occluded_stack().slices
    large = [cv2.resize(one.image, (640, 480)) for one in item]
    count, image_bytes = 40, large[0].nbytes
    distances = 1 / np.linspace(0.5, 3.0, count)
    slices = [FocusSlice(large[n * 7 // count], float(d)) for n, d in enumerate(distances)]
    write_stack(tmp_path / "stack", FocalStack(tuple(slices)))
    del slices, large
    monkeypatch.setenv("DDFF_HELD_GIB", "0.01")
    # What is imported on the way does not count.
    accepted("depth", changed_stack(tmp_path / "small", plain), "-o", tmp_path / "small_out")
    tracemalloc.start()
    try:
        accepted("depth", tmp_path / "stack", "-o", tmp_path / "out", "-p", "alignment=none")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.8 * count * image_bytes


def test_a_method_that_holds_all_slices_says_what_it_needs_and_shrinks(
    tmp_path, accepted, refused, monkeypatch
):
    folder = changed_stack(tmp_path / "stack", plain)
    monkeypatch.setenv("DDFF_MAX_VOLUME_GIB", "0.002")
    run = ("depth", folder, "-o", tmp_path / "out", "--method", "tv")
    told = refused(*run)
    assert "the method tv holds all 7 slices at once, 0.0 GiB at 256x192" in told
    width = told.split("--width ")[1].split(",")[0]
    accepted(*run, "--width", width)
    assert facts(tmp_path / "out")["width"] == int(width)
    accepted("depth", folder, "-o", tmp_path / "out")
