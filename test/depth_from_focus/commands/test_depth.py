import json
import math

import cv2
import numpy as np
import pytest
from command_line import ddff
from folders import names
from sweeps import wall_depth, wall_stack, write_wall

from ddff_perception import __version__
from ddff_perception.depth_from_focus.capture.stack_alignment import align_stack
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.methods import METHODS
from ddff_perception.files.stack_folder import read_stack, write_stack
from ddff_perception.types import FocalStack, FocusSlice

ALL_FILES = [
    "all_in_focus.png", "cloud.ply", "confidence.npy", "depth.npy", "depth.png", "depth_color.png",
    "source.png", "summary.json",
]  # fmt: skip


@pytest.fixture
def stack(tmp_path):
    return write_wall(tmp_path / "stack")


def vertices(cloud):
    head, _, body = cloud.read_bytes().partition(b"end_header\n")
    fields = [("xyz", "<f4", 3), ("bgr", "u1", 3)]
    count = int(head.decode().split("element vertex ")[1].split()[0])
    values = np.frombuffer(body, fields)
    assert len(values) == count
    return values


def test_the_results_are_those_of_the_estimator(stack, tmp_path, capfd):
    output = tmp_path / "out"
    assert ddff(capfd, "depth", stack, "-o", output).status == 0
    assert names(output) == ALL_FILES
    expected = DepthFromFocus().process(read_stack(stack).stack)
    np.testing.assert_array_equal(np.load(output / "depth.npy"), expected.depth)
    np.testing.assert_array_equal(np.load(output / "confidence.npy"), expected.confidence)
    composite = cv2.imread(str(output / "all_in_focus.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(composite, expected.all_in_focus)
    picture = cv2.imread(str(output / "depth_color.png"))
    assert picture.shape == (64, 96, 3)


def test_the_depth_of_the_wall_is_right_in_every_file(stack, tmp_path, capfd):
    output = tmp_path / "out"
    assert ddff(capfd, "depth", stack, "-o", output).status == 0
    depth = np.load(output / "depth.npy")
    assert np.median(np.abs(1 / depth - 1 / wall_depth())) < 0.1
    millimetres = cv2.imread(str(output / "depth.png"), cv2.IMREAD_UNCHANGED)
    assert millimetres.dtype == np.uint16
    assert np.abs(millimetres - depth * 1000).max() <= 0.51
    points = vertices(output / "cloud.ply")
    camera = wall_stack().camera
    u, v = np.meshgrid(np.arange(96), np.arange(64))
    rays = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u)], -1)
    expected = (rays * depth[..., None]).reshape(-1, 3)
    np.testing.assert_allclose(points["xyz"], expected, rtol=1e-5, atol=1e-6)


def test_the_summary_says_what_was_done(stack, tmp_path, capfd):
    output = tmp_path / "out"
    arguments = ("--method", "focus_measure", "-p", "radius=5", "-p", "minimum_confidence=0.2")
    printed = ddff(capfd, "depth", stack, "-o", output, *arguments, "--json").output
    summary = json.loads((output / "summary.json").read_text())
    assert json.loads(printed) == summary
    depth = np.load(output / "depth.npy")
    assert summary["version"] == __version__
    assert summary["stack"] == str(stack)
    assert (summary["slices"], summary["width"], summary["height"]) == (6, 96, 64)
    assert summary["method"] == "focus_measure"
    assert summary["parameters"]["focus_measure.radius"] == 5
    assert summary["parameters"]["focus_measure.measure"] == "sum_modified_laplacian"
    assert summary["unit"] == "m"
    assert summary["coverage"] == pytest.approx(np.isfinite(depth).mean())
    assert summary["median_depth"] == pytest.approx(float(np.nanmedian(depth)))
    assert summary["cloud_points"] == np.isfinite(depth).sum()
    assert set(summary["timings_ms"]) == {"slice", "solve", "depth", "all_in_focus"}


def test_the_table_is_for_people(stack, tmp_path, capfd):
    output = ddff(capfd, "depth", stack, "-o", tmp_path / "out").output
    for words in ("6 of 96x64", "multiscale", "coverage", "100.0%", "median depth", "time, solve"):
        assert words in output
    assert str(tmp_path / "out") in output.replace("\n", "")


def test_names_with_brackets_are_shown_as_they_are(tmp_path, capfd):
    folder = write_wall(tmp_path / "a[1][/b]")
    outcome = ddff(capfd, "depth", folder, "-o", tmp_path / "[red]out")
    assert outcome.status == 0
    assert "a[1][/b]" in outcome.output.replace("\n", "")
    assert "[red]out" in outcome.output.replace("\n", "")


# What a network that judges each slice by itself makes of a wall is only roughly right.
WORST = {"ddffnet": 0.5}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_chosen(method, stack, tmp_path, capfd):
    outputs = tmp_path / "option", tmp_path / "parameter"
    assert ddff(capfd, "depth", stack, "-o", outputs[0], "--method", method).status == 0
    assert ddff(capfd, "depth", stack, "-o", outputs[1], "-p", f"method={method}").status == 0
    for output in outputs:
        assert json.loads((output / "summary.json").read_text())["method"] == method
        error = np.abs(1 / np.load(output / "depth.npy") - 1 / wall_depth())
        assert np.median(error) < WORST.get(method, 0.15)


def test_a_model_that_is_not_there_is_asked_for(stack, tmp_path, capfd):
    outcome = ddff(
        capfd, "depth", stack, "-o", tmp_path / "out", "--method", "ddffnet", "-p", "model=mine"
    )
    assert outcome.status == 2
    assert "there is no model" in outcome.errors
    assert "give your own" in outcome.errors


def test_the_engine_is_an_option_of_methods_with_a_network(stack, tmp_path, capfd):
    run = ("depth", stack, "-o", tmp_path / "out", "--engine")
    assert ddff(capfd, *run, "onnxruntime", "--method", "dynamic_fusion").status == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["parameters"]["engine.backend"] == "onnxruntime"
    for arguments, told in (
        (("onnxruntime",), "engine"),
        (("steam", "--method", "dynamic_fusion"), "onnxruntime"),
    ):
        outcome = ddff(capfd, *run, *arguments)
        assert outcome.status == 2
        assert told in outcome.errors and "Traceback" not in outcome.errors


def test_unknown_distances_give_relative_depth_and_no_metres(tmp_path, capfd):
    slices = tuple(FocusSlice(s.image, math.nan) for s in wall_stack().slices)
    write_stack(tmp_path / "stack", FocalStack(slices, wall_stack().camera))
    outcome = ddff(capfd, "depth", tmp_path / "stack", "-o", tmp_path / "out")
    assert outcome.status == 0
    assert "relative (0 first slice, 1 last)" in outcome.output
    assert names(tmp_path / "out") == [
        "all_in_focus.png", "confidence.npy", "depth.npy", "depth_color.png", "source.png",
        "summary.json",
    ]  # fmt: skip
    depth = np.load(tmp_path / "out" / "depth.npy")
    assert depth[:, :20].mean() < 0.3 < 0.7 < depth[:, -20:].mean()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["relative"]
    assert summary["cloud_points"] is None


def test_without_a_camera_there_is_no_cloud(tmp_path, capfd):
    write_stack(tmp_path / "stack", FocalStack(wall_stack().slices))
    assert ddff(capfd, "depth", tmp_path / "stack", "-o", tmp_path / "out").status == 0
    assert names(tmp_path / "out") == [n for n in ALL_FILES if n != "cloud.ply"]


def test_nothing_of_an_earlier_result_stays_beside_a_new_one(stack, tmp_path, capfd):
    output = tmp_path / "out"
    ddff(capfd, "depth", stack, "-o", output)
    (output / "notes.txt").write_text("the user's own")
    slices = tuple(FocusSlice(s.image, math.nan) for s in wall_stack().slices)
    write_stack(tmp_path / "other", FocalStack(slices))
    assert ddff(capfd, "depth", tmp_path / "other", "-o", output).status == 0
    assert "cloud.ply" not in names(output)
    assert "depth.png" not in names(output)
    assert "notes.txt" in names(output)


def test_sixteen_bit_and_grey_stacks_give_grey_points_and_the_same_depth(stack, tmp_path, capfd):
    def grey(image):
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 257

    content = wall_stack()
    slices = tuple(FocusSlice(grey(s.image), s.focus_distance_m) for s in content.slices)
    write_stack(tmp_path / "grey", FocalStack(slices, content.camera))
    for name in ("stack", "grey"):
        assert ddff(capfd, "depth", tmp_path / name, "-o", tmp_path / f"out_{name}").status == 0
    depth = [np.load(tmp_path / f"out_{name}" / "depth.npy") for name in ("stack", "grey")]
    np.testing.assert_allclose(depth[1], depth[0], rtol=0.02)
    composite = cv2.imread(str(tmp_path / "out_grey" / "all_in_focus.png"), cv2.IMREAD_UNCHANGED)
    assert composite.dtype == np.uint16
    colours = vertices(tmp_path / "out_grey" / "cloud.ply")["bgr"]
    np.testing.assert_allclose(colours[:, 0], composite.reshape(-1) / 257, atol=1)
    assert (colours == colours[:, :1]).all()


def test_slices_can_be_aligned_before(tmp_path, capfd):
    stack = wall_stack()
    moved = tuple(
        FocusSlice(np.roll(s.image, 2 * number, axis=1), s.focus_distance_m)
        for number, s in enumerate(stack.slices)
    )
    write_stack(tmp_path / "stack", FocalStack(moved, stack.camera))
    output = tmp_path / "out"
    outcome = ddff(capfd, "depth", tmp_path / "stack", "-o", output, "-p", "alignment=ecc")
    assert outcome.status == 0
    aligned = align_stack(FocalStack(moved, stack.camera), "ecc")
    estimator = DepthFromFocus()
    for item, weight in zip(aligned.stack.slices, aligned.weights, strict=True):
        estimator.update(item, weight=float(weight))
    expected = estimator.estimate()
    seen = aligned.valid.mean(axis=0) >= 0.5
    depth = np.load(output / "depth.npy")
    np.testing.assert_allclose(depth[seen], expected.depth[seen], rtol=1e-4)
    # A pixel that some slices do not see is less sure.
    share = aligned.valid.mean(axis=0)
    assert share.min() < 0.7
    confidence = np.load(output / "confidence.npy")
    np.testing.assert_allclose(confidence[seen], (expected.confidence * share)[seen], atol=0.01)
    assert json.loads((output / "summary.json").read_text())["parameters"]["alignment"] == "ecc"


def displaced_stack(folder, step_px=3, spoil=None):
    """The wall, each slice further to the side, and one of them replaced by another scene."""
    stack = wall_stack(192, 128)
    moved = [np.roll(s.image, step_px * number, axis=1) for number, s in enumerate(stack.slices)]
    if spoil is not None:
        moved[spoil] = np.random.default_rng(9).integers(0, 255, moved[0].shape, np.uint8)
    slices = zip(moved, stack.focus_distances_m, strict=True)
    write_stack(folder, FocalStack(tuple(FocusSlice(*one) for one in slices), stack.camera))
    return folder


def test_slices_that_lie_apart_are_aligned_and_that_is_said(tmp_path, accepted):
    stack = displaced_stack(tmp_path / "stack")
    outcome = accepted("depth", stack, "-o", tmp_path / "out")
    assert "px apart: aligned, as by --param alignment=ecc" in outcome.errors
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["alignment"]["kind"] == summary["parameters"]["alignment"] == "ecc"
    assert summary["alignment"]["displaced_px"] > 5
    depth = np.load(tmp_path / "out" / "depth.npy")
    known = np.isfinite(depth)
    assert 0.8 < known.mean() < 1.0
    image = cv2.imread(str(tmp_path / "out" / "all_in_focus.png"))
    assert not image[~known].any()
    assert not np.load(tmp_path / "out" / "confidence.npy")[~known].any()
    outcome = accepted("depth", stack, "-o", tmp_path / "plain", "-p", "alignment=none")
    assert "apart" not in outcome.errors
    summary = json.loads((tmp_path / "plain" / "summary.json").read_text())
    assert summary["alignment"] == {"kind": "none"}
    assert np.isfinite(np.load(tmp_path / "plain" / "depth.npy")).all()


def test_slices_that_lie_well_are_left_alone(tmp_path, accepted):
    write_stack(tmp_path / "stack", wall_stack())
    for name, given in (("auto", ()), ("none", ("-p", "alignment=none"))):
        outcome = accepted("depth", tmp_path / "stack", "-o", tmp_path / name, *given)
        assert "apart" not in outcome.errors
    depth = [np.load(tmp_path / name / "depth.npy") for name in ("auto", "none")]
    np.testing.assert_array_equal(*depth)
    summary = json.loads((tmp_path / "auto" / "summary.json").read_text())
    assert summary["alignment"]["kind"] == summary["parameters"]["alignment"] == "none"


def test_slices_that_cannot_be_aligned_are_named(tmp_path, accepted):
    stack = displaced_stack(tmp_path / "stack", spoil=5)
    outcome = accepted("depth", stack, "-o", tmp_path / "out")
    assert "slices that could not be aligned, and count less: 5" in outcome.errors
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["alignment"]["failed_slices"] == [5]
