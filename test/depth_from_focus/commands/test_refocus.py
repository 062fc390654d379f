import numpy as np
import pytest
from command_line import ddff
from light_field_folders import write_benchmark_folder
from light_fields import plane_light_field

from ddff_perception.files.images import write_array
from ddff_perception.files.stack_folder import read_stack


def test_a_benchmark_scene_becomes_a_metric_stack(tmp_path, capfd):
    # 64 px wide: b f = 18.29 px m, so 9 m is 0.203 px.
    views = plane_light_field(0.2032).views
    scene = write_benchmark_folder(tmp_path / "scene", views, depth=9.0)
    outcome = ddff(capfd, "refocus", scene, "-o", tmp_path / "stack", "--slices", 8)
    assert outcome.status == 0, outcome.errors
    assert "8 slices, disparity 0.75 to -1 px" in outcome.output
    content = read_stack(tmp_path / "stack")
    distances = content.stack.focus_distances_m
    assert (np.diff(1 / distances) < 0).all()
    np.testing.assert_allclose(content.truth, 9.0, rtol=1e-5)
    centre = views[2, 3].astype(float)
    sharpness = [-np.abs(image - centre)[8:-8, 8:-8].mean() for image in content.stack.images]
    nearest = np.argmin(np.abs(1 / distances - 1 / 9.0))
    assert np.argmax(sharpness) == nearest
    np.testing.assert_array_equal(content.all_in_focus, views[2, 3])


def test_the_depth_of_a_refocused_plane_is_found(tmp_path, capfd):
    """Through the whole chain: views, stack folder, `ddff depth`."""
    scene = write_benchmark_folder(tmp_path / "scene", plane_light_field(0.2032).views, depth=9.0)
    assert ddff(capfd, "refocus", scene, "-o", tmp_path / "stack").status == 0
    outcome = ddff(capfd, "depth", tmp_path / "stack", "-o", tmp_path / "depth")
    assert outcome.status == 0, outcome.errors
    depth = np.load(tmp_path / "depth" / "depth.npy")
    assert np.median(1 / depth) == pytest.approx(1 / 9.0, abs=0.01)


def test_an_uncalibrated_light_field_gives_a_stack_of_unknown_distances(tmp_path, capfd):
    write_array(tmp_path / "a.npy", plane_light_field(0.5).views)
    options = ("--disparities", "1,-1", "--slices", 5, "--interpolation", "bicubic")
    outcome = ddff(capfd, "refocus", tmp_path / "a.npy", "-o", tmp_path / "stack", *options)
    assert "5 slices" in outcome.output
    assert "focus distances unknown, without true depth" in outcome.output
    assert np.isnan(read_stack(tmp_path / "stack").stack.focus_distances_m).all()


def test_a_lytro_array_is_known_by_its_size(tmp_path, capfd):
    views = np.random.default_rng(0).integers(0, 255, (3, 3, 383, 552, 3), np.uint8)
    write_array(tmp_path / "lytro.npy", views)
    write_array(tmp_path / "depth.npy", np.full((383, 552), 2.0, np.float32))
    options = ("--slices", 3, "--truth", tmp_path / "depth.npy")
    outcome = ddff(capfd, "refocus", tmp_path / "lytro.npy", "-o", tmp_path / "s", *options)
    assert outcome.status == 0, outcome.errors
    content = read_stack(tmp_path / "s")
    assert content.stack.focus_distances_m == pytest.approx([0.504, 0.942, 7.06], rel=0.01)
    assert content.stack.camera.fx == pytest.approx(521.4, abs=0.1)
    assert (content.truth == 2).all()


def test_distances_are_focused_on_where_they_are_asked_for(tmp_path, capfd):
    scene = write_benchmark_folder(tmp_path / "scene", plane_light_field(0.2).views)
    options = ("--distances", "8,12,inf", "--views", "disc")
    assert ddff(capfd, "refocus", scene, "-o", tmp_path / "stack", *options).status == 0
    distances = read_stack(tmp_path / "stack").stack.focus_distances_m
    np.testing.assert_allclose(distances, [8, 12, np.inf])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--disparities", "1"), "must be nearest,farthest"),
        (("--disparities", "1,1"), "two different disparities"),
        (("--disparities", "1,-9"), "beyond infinity"),
        (("--distances", "1,-2"), "must be metres above 0"),
        (("--distances", "1,2", "--disparities", "1,2"), "not both"),
        (("--interpolation", "nearest"), "interpolation must be one of"),
        (("--views", "star"), "no pattern 'star'"),
        (("--grid", "nine"), "rows and columns such as 9x9"),
        (("--calibration", "mine"), "--calibration must be one of"),
        (("--calibration", "lytro_illum"), "calibration is of 552x383"),
        (("--slices", 1), "two or more slices"),
    ],
)
def test_wrong_options_say_what_is_right(refused, tmp_path, options, sentence):
    scene = write_benchmark_folder(tmp_path / "scene", plane_light_field(0.2).views)
    assert sentence in refused("refocus", scene, "-o", tmp_path / "stack", *options)


def test_without_any_range_the_command_asks_for_one(refused, tmp_path):
    write_array(tmp_path / "a.npy", plane_light_field(0.5).views)
    assert "give --disparities near,far" in refused(
        "refocus", tmp_path / "a.npy", "-o", tmp_path / "s"
    )


def test_the_views_are_never_overwritten(refused, tmp_path):
    scene = write_benchmark_folder(tmp_path / "scene", plane_light_field(0.2).views)
    assert "holds the light field" in refused("refocus", scene, "-o", scene)
