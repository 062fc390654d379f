import json
import math
import shutil

import cv2
import numpy as np
import pytest
from command_line import ddff
from sweeps import wall_stack

from ddff_perception.files.images import write_image
from ddff_perception.files.results import RECORD
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.optics.resampling import shrunk_stack
from ddff_perception.types import CameraModel, FocalStack, FocusSlice


@pytest.fixture
def photographs(tmp_path):
    """Six photographs of a wall, IMG_8 to IMG_13, from near to far."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number, item in enumerate(wall_stack().slices):
        write_image(folder / f"IMG_{8 + number}.png", item.image)
    return folder


def test_photographs_become_a_stack_in_their_natural_order(photographs, tmp_path, capfd):
    distances = [s.focus_distance_m for s in wall_stack().slices]
    text = ",".join(map(str, distances))
    outcome = ddff(capfd, "stack", photographs, "-o", tmp_path / "s", "--distances", text)
    assert outcome.status == 0
    assert "from --distances: " in outcome.output and "6 slices, " in outcome.output
    stack = read_stack(tmp_path / "s").stack
    np.testing.assert_allclose(stack.focus_distances_m, distances)
    for image, item in zip(stack.images, wall_stack().slices, strict=True):
        np.testing.assert_array_equal(image, item.image)
    assert stack.camera is None


@pytest.mark.parametrize("distances", [(), ("--distances", "nan,nan,nan,nan,nan,nan")])
def test_without_distances_they_stay_unknown(photographs, tmp_path, capfd, distances):
    outcome = ddff(capfd, "stack", photographs, "-o", tmp_path / "s", *distances)
    assert "focus distances unknown" in outcome.output
    content = json.loads((tmp_path / "s" / "stack.json").read_text())
    assert [entry["focus_distance_m"] for entry in content["slices"]] == [None] * 6


def test_names_may_say_the_distances(tmp_path, capfd):
    (tmp_path / "p").mkdir()
    for name in ("a_0.5.png", "b_2.0.png", "c_inf.png"):
        write_image(tmp_path / "p" / name, np.zeros((8, 8), np.uint8))
    assert ddff(capfd, "stack", tmp_path / "p", "-o", tmp_path / "s").status == 0
    distances = read_stack(tmp_path / "s").stack.focus_distances_m
    assert distances.tolist() == [0.5, 2.0, math.inf]


def test_shrinking_keeps_what_the_camera_sees(photographs, tmp_path, capfd):
    arguments = ("stack", photographs, "-o", tmp_path / "s", "--width", 48, "--fx", 120)
    assert ddff(capfd, *arguments).status == 0
    stack = read_stack(tmp_path / "s").stack
    assert stack.images[0].shape == (32, 48, 3)
    assert stack.images[0].mean() == pytest.approx(wall_stack().images[0].mean(), abs=1)
    # 120 pixels of the photographs are 60 of the stack; the axis stays in the middle.
    assert stack.camera == CameraModel(48, 32, 60.0, 60.0, 23.5, 15.5)


def test_the_camera_of_photographs_of_full_size_is_the_given_one(photographs, tmp_path, capfd):
    assert ddff(capfd, "stack", photographs, "-o", tmp_path / "s", "--fx", 115.2).status == 0
    camera = read_stack(tmp_path / "s").stack.camera
    assert camera == CameraModel(96, 64, 115.2, 115.2, 47.5, 31.5)


def test_images_are_never_enlarged_and_never_vanish():
    stack = wall_stack()
    assert shrunk_stack(stack, 96) is stack
    assert shrunk_stack(stack, 5000) is stack
    flat = FocalStack((FocusSlice(np.zeros((10, 4000), np.uint8), 1.0),))
    assert shrunk_stack(flat, 16).images[0].shape == (1, 16)


def test_the_photographs_are_never_overwritten(photographs, tmp_path, capfd):
    before = {path.name: path.read_bytes() for path in photographs.iterdir()}
    (tmp_path / "link").symlink_to(photographs)
    for output in (photographs, tmp_path / "link", photographs / ".." / "photographs"):
        outcome = ddff(capfd, "stack", photographs, "-o", output, "--width", 48)
        assert outcome.status == 2
        assert "holds the photographs: give another folder" in outcome.errors
    assert {path.name: path.read_bytes() for path in photographs.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--distances", "1,2,3"), "there are 6 images but 3 distances"),
        (("--distances", "1,2,3,4,5,far"), "--distances must be numbers with commas"),
        (("--distances", "1,2,3,4,5,0"), "must be positive"),
        (("--distances", ""), "--distances must be numbers with commas"),
    ],
)
def test_distances_that_do_not_fit_are_refused(photographs, tmp_path, capfd, options, words):
    outcome = ddff(capfd, "stack", photographs, "-o", tmp_path / "s", *options)
    assert outcome.status == 2
    assert words in outcome.errors
    assert not (tmp_path / "s").exists()


def test_photographs_give_depth_directly_as_by_way_of_a_stack(photographs, tmp_path, capfd):
    assert ddff(capfd, "stack", photographs, "-o", tmp_path / "s").status == 0
    assert ddff(capfd, "depth", tmp_path / "s", "-o", tmp_path / "out").status == 0
    # A camera leaves no record of ours beside its files.
    card = shutil.copytree(photographs, tmp_path / "card", ignore=lambda *_: [RECORD])
    outcome = ddff(capfd, "depth", card, "-o", tmp_path / "direct")
    assert outcome.status == 0
    assert f"as by `ddff stack {card} -o STACK`" in outcome.errors
    assert "6 slices, focus distances unknown" in outcome.errors
    depth = [np.load(tmp_path / name / "depth.npy") for name in ("out", "direct")]
    np.testing.assert_array_equal(*depth)


def test_a_stack_that_was_cut_short_is_no_folder_of_photographs(photographs, tmp_path, capfd):
    assert ddff(capfd, "stack", photographs, "-o", tmp_path / "s").status == 0
    (tmp_path / "s" / "stack.json").unlink()
    outcome = ddff(capfd, "depth", tmp_path / "s", "-o", tmp_path / "out")
    assert outcome.status == 2
    assert "has no stack.json" in outcome.errors


def test_ones_own_photographs_give_depth(photographs, tmp_path, capfd):
    assert ddff(capfd, "stack", photographs, "-o", tmp_path / "s").status == 0
    assert ddff(capfd, "depth", tmp_path / "s", "-o", tmp_path / "out").status == 0
    depth = np.load(tmp_path / "out" / "depth.npy")
    assert depth[:, :20].mean() < 0.3 < 0.7 < depth[:, -20:].mean()
    assert cv2.imread(str(tmp_path / "out" / "all_in_focus.png")).shape == (64, 96, 3)
