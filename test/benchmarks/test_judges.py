"""`benchmarks/judges.py` and what it measures with: patches, depth of nothing, the worst family."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks")]

import judges
import zedd
from _families import BLANK, blank_stacks, headline, score_family, shows_nothing
from _patches import off_plane, positions, smooth, torn

from ddff_perception.files.stack_folder import StackFolder
from ddff_perception.optics.thin_lens import focus_distances_linear_in_dioptres
from ddff_perception.types import DepthEstimate, FocalStack, FocusSlice


def estimate(depth, relative=True):
    return DepthEstimate(depth.astype(np.float32), np.ones(depth.shape, np.float32), None, relative)


def test_a_patch_is_torn_where_the_image_is_smooth_and_only_there():
    position = np.full((60, 80), 0.2, np.float32)
    position[20:26, 30:36] = 0.9
    everywhere = np.ones(position.shape, bool)
    assert torn(position, everywhere) == pytest.approx(36 / 4800)
    assert torn(position, ~everywhere) == 0
    # Steps of an eighth of the sweep, slopes, and what has no depth are no patches.
    position[20:26, 30:36] = 0.35
    assert torn(position, everywhere) == 0
    position[20:26, 30:36] = np.nan
    assert torn(position, everywhere) == 0
    slope = np.linspace(0, 1, 80, dtype=np.float32) * np.ones((60, 1), np.float32)
    assert torn(slope, everywhere) == 0


def test_an_image_is_smooth_where_every_slice_is():
    rng = np.random.default_rng(0)
    plain = (128 + rng.normal(0, 1.5, (60, 80, 3))).astype(np.uint8)
    part = plain.copy()
    part[:, 50:] = rng.integers(0, 255, (60, 30, 3))
    even = smooth([plain, part])
    assert even[:, :40].all() and not even[:, 60:].any()
    assert smooth([(plain.astype(np.uint16) * 257)])[:, :40].all()


def test_positions_are_shares_of_the_sweep_in_dioptres():
    metres = estimate(np.array([[0.5, 1.0, 2.0]]), relative=False)
    assert positions(metres, [0.5, 2.0]) == pytest.approx(np.array([[1, 1 / 3, 0]]))
    relative = estimate(np.array([[0.3]]))
    assert positions(relative, [float("nan")] * 2) == pytest.approx(np.array([[0.3]]))


def test_a_slope_is_whole_and_two_steps_are_not():
    rows = np.linspace(0, 1, 100)[:, None] * np.ones((1, 50))
    assert off_plane(rows.astype(np.float32)) == 0
    # Its ends lie before and behind the sweep.
    assert off_plane(np.clip(3 * rows - 1, 0, 1).astype(np.float32)) == 0
    steps = np.select([rows > 0.8, rows > 0.3], [0.9, 0.5], 0.1).astype(np.float32)
    assert off_plane(steps) > 0.2
    assert off_plane(np.full((4, 4), np.nan, np.float32)) == 1
    # What stands upright has no slope.
    assert off_plane(rows.astype(np.float32), upright=True) == pytest.approx(0.8, abs=0.01)


def test_nothing_is_seen_where_the_sharp_image_is_even():
    image = np.full((120, 160, 3), 130, np.uint8)
    image[:, 100:] = np.random.default_rng(0).integers(0, 255, (120, 60, 3))
    stack = FocalStack((FocusSlice(image, 1.0), FocusSlice(image, 2.0)))
    empty = shows_nothing(StackFolder(Path("one"), stack, None, image))
    assert empty[:, :80].all() and not empty[:, 100:].any()


def test_blank_stacks_show_nothing_and_have_no_truth():
    stacks = blank_stacks(32, 24, 3)
    assert len(stacks) == 3
    for stack in stacks:
        assert stack.truth is None and shows_nothing(stack).all()
        assert max(float(image.std()) for image in stack.stack.images) < 4
    scores = score_family(BLANK, stacks, {"yardstick": {}, "multiscale": {}}, lambda: None)
    assert [row["method"] for row in scores.rows] == ["yardstick", "multiscale"]
    assert all("mae_dpt" not in row and "blank_percent" in row for row in scores.rows)
    assert scores.stacks == []


def ramp_stack():
    """A textured plane from 0.5 m to 2 m, blurred by how far each slice's focus is off."""
    rng = np.random.default_rng(5)
    texture = rng.integers(0, 255, (48, 96)).astype(np.float32)
    dioptres = np.linspace(0.5, 2.0, 96, dtype=np.float32) * np.ones((48, 1), np.float32)
    slices = []
    for distance in focus_distances_linear_in_dioptres(0.5, 2.0, 6):
        levels = [cv2.GaussianBlur(texture, (0, 0), 0.3 + 0.4 * k) for k in range(12)]
        index = np.clip(np.abs(dioptres - 1 / distance) * 6, 0, 11).astype(int)
        image = np.take_along_axis(np.stack(levels), index[None], axis=0)[0]
        slices.append(
            FocusSlice(np.repeat(image[..., None], 3, 2).astype(np.uint8), float(distance))
        )
    sharp = np.repeat(texture[..., None], 3, 2).astype(np.uint8)
    return StackFolder(Path("ramp"), FocalStack(tuple(slices)), 1 / dioptres, sharp)


def test_every_method_stands_beside_the_yardsticks():
    calls = []
    methods = {"yardstick": {}, "multiscale": {}, "tv": {}}
    scores = score_family("odd", [ramp_stack()], methods, lambda: calls.append(1))
    assert len(calls) == 3
    by_method = {row["method"]: row for row in scores.rows}
    assert set(by_method) == {*methods, "best constant map"}
    assert by_method["yardstick"]["ratio_to_yardstick"] == 1
    assert by_method["multiscale"]["ratio_to_multiscale"] == 1
    assert by_method["multiscale"]["ratio_to_constant"] < 0.5
    # A ramp over 1.5 dioptres is 0.375 from its median on average.
    assert by_method["best constant map"]["mae_dpt"] == pytest.approx(0.375, abs=0.01)
    assert scores.stacks[0]["stack"] == "ramp"
    assert scores.stacks[0]["tv"] == pytest.approx(by_method["tv"]["mae_dpt"])


def row(family, multiscale, calibration, blank):
    return {
        "family": family, "method": "focus_stream", "mae_dpt": 0.1, "delta_1": 70.0,
        "ratio_to_multiscale": multiscale, "ratio_to_yardstick": 0.2,
        "calibration_error": calibration, "blank_percent": blank,
    }  # fmt: skip


def test_the_headline_is_of_the_worst_family():
    rows = [
        row("rooms", 0.4, 0.02, 1.0),
        row("odd", 0.7, 0.01, 2.0),
        row("light_fields", 0.3, 0.1, 0),
    ]
    captures = [
        {"capture": c, "method": m, "torn_percent": t}
        for c, m, t in (("a", "focus_stream", 0.5), ("b", "focus_stream", 2.5), ("b", "vdff", 1.0))
    ]
    text = headline(rows, captures)
    assert "worst family is odd: 0.100 dioptres, 0.70 x multiscale" in text
    assert "worst in light_fields: calibration error 0.100" in text
    assert "2.0 % (odd)" in text
    assert "Most torn is b: 2.50 % (vdff 1.00)" in text
    assert headline([], []) == ""


def test_only_a_whole_run_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["judges.py", "--folder", str(tmp_path)])
    whole = judges._arguments()
    assert judges._lacks(whole, [{"capture": "a"}]) == "0 of 16 judges are rendered"
    monkeypatch.setattr(judges, "ready", lambda folder, of: list(of))
    assert judges._lacks(whole, [{"capture": "a"}]) == ""
    assert "captures" in judges._lacks(whole, [])
    for name, value in (
        ("weights", "mine/net"),
        ("families", ["rooms"]),
        ("methods", ["multiscale"]),
        ("light_fields", tmp_path),
    ):
        other = judges.argparse.Namespace(**{**vars(whole), name: value})
        assert judges._lacks(other, [{"capture": "a"}])


def test_weights_are_held_against_the_judges_by_their_own_card(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["judges.py", "--trained", "more.json"])
    card, more = judges._trained(judges._arguments())
    assert card.name == "focus_stream_encoder.json" and more.name == "more.json"


def test_zedd_is_scored_as_its_rows_are():
    truth = np.array([[1.0, 2.0, 4.0, np.nan]], np.float32)
    depth = np.array([[1.0, 2.2, 5.2, 9.0]], np.float32)
    found = zedd.scores(depth, truth)
    assert found["abs_rel"] == pytest.approx((0 + 0.1 + 0.3) / 3)
    thirds = [found[key] for key in ("delta_1_05", "delta_1_15", "delta_1_25")]
    assert thirds == pytest.approx([100 / 3, 200 / 3, 200 / 3])


def test_zedd_rows_are_means_over_the_validation_scenes(monkeypatch, tmp_path):
    monkeypatch.setattr(zedd, "read_focus_runs", lambda root: {})
    monkeypatch.setattr(zedd, "find_scenes", lambda root, split: [tmp_path, tmp_path])
    monkeypatch.setattr(zedd, "read_scene", lambda path, runs: ramp_stack())
    (row,) = zedd.validation_rows(tmp_path, {"multiscale": {}})
    assert row["method"] == "multiscale" and "2 scenes" in row["source"]
    assert 0 < row["abs_rel"] < 0.2 and row["delta_1_25"] > 80


def test_published_rows_say_where_they_come_from():
    assert {row["method"].split()[0] for row in zedd.PUBLISHED} == {"FOSSA", "DFV"}
    assert all(row["source"] for row in zedd.PUBLISHED)
