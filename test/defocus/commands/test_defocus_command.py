"""`ddff defocus`: one image in, files, a summary and sentences out."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from defocus_scenes import scene

from ddff_perception.files.stack_folder import write_stack
from ddff_perception.optics.blur_kernels import blurred, motion_kernel
from ddff_perception.types import CameraModel, FocalStack, FocusSlice

SHOWN = scene()
LENS = ("-p", "lens.blur_per_dioptre_px=10", "-p", "lens.focus_distance_m=0.8", "-p", "side=far")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "photo.png"), SHOWN.image)
    np.save(tmp_path / "truth.npy", SHOWN.depth)
    return tmp_path / "photo.png"


def test_depth_defocus_and_a_sharp_image_are_written_and_scored(
    photo: Path, tmp_path: Path, accepted
) -> None:
    out = tmp_path / "out"
    said = accepted("defocus", photo, "-o", out, *LENS, "--truth", tmp_path / "truth.npy").output
    depth, defocus = np.load(out / "metric_depth.npy"), np.load(out / "defocus.npy")
    assert depth.shape == defocus.shape == SHOWN.depth.shape
    assert cv2.imread(str(out / "all_in_focus.png")).shape == SHOWN.image.shape
    summary = json.loads((out / "summary.json").read_text())
    assert summary["scores"]["mae_dioptres"] < 0.8 * summary["scores"]["constant_dioptres"]
    assert "edge_divergence: " in said and summary["scores"]["edge_divergence"] > 0
    assert summary["lens"] == {
        "focus_distance_m": 0.8, "blur_per_dioptre_px": 10.0, "side": "far",
    }  # fmt: skip
    assert "behind the plane in focus" in said
    accepted("report", out, "-o", tmp_path / "page.html", "--truth", tmp_path / "truth.npy")
    page = (tmp_path / "page.html").read_text()
    for words in ("Depth from defocus", "Defocus", "Accuracy", "focused at 0.8 m"):
        assert words in page, words


def test_a_slice_of_a_stack_folder_knows_its_lens(tmp_path: Path, accepted) -> None:
    camera = CameraModel.centred(192, 144, 500.0, aperture_diameter_m=0.02)
    slices = tuple(FocusSlice(SHOWN.image, distance) for distance in (0.8, 1.5))
    write_stack(tmp_path / "stack", FocalStack(slices, camera))
    accepted("defocus", tmp_path / "stack" / "001.png", "-o", tmp_path / "out")
    lens = json.loads((tmp_path / "out" / "summary.json").read_text())["lens"]
    assert lens["focus_distance_m"] == pytest.approx(1.5)
    assert lens["blur_per_dioptre_px"] == pytest.approx(10.0)


def test_a_lens_set_to_infinity_is_known(tmp_path: Path, accepted) -> None:
    camera = CameraModel.centred(192, 144, 500.0, aperture_diameter_m=0.02)
    slices = tuple(FocusSlice(SHOWN.image, distance) for distance in (0.8, math.inf))
    write_stack(tmp_path / "stack", FocalStack(slices, camera))
    out = tmp_path / "out"
    accepted("defocus", tmp_path / "stack" / "001.png", "-o", out, "-p", "side=near")
    assert json.loads((out / "summary.json").read_text())["lens"]["focus_distance_m"] == "inf"
    # Discs of 10 px per dioptre.
    defocus, depth = np.load(out / "defocus.npy"), np.load(out / "metric_depth.npy")
    np.testing.assert_allclose(10.0 / depth, np.abs(defocus), atol=1e-3)
    accepted("report", out, "-o", tmp_path / "page.html")
    assert "focused at infinity" in (tmp_path / "page.html").read_text()


def test_where_all_would_lie_beyond_infinity_no_depth_is_made_up(photo: Path, accepted) -> None:
    out = photo.parent / "out"
    wrong = ("-p", "lens.blur_per_dioptre_px=90", "-p", "lens.focus_distance_m=900000")
    given = ("-p", "side=far", "--truth", photo.parent / "truth.npy")
    said = accepted("defocus", photo, "-o", out, *wrong, *given)
    assert "nan" not in said.output and "Nothing is compared" in said.errors
    assert "blurred more than anything behind" in " ".join(said.errors.split())


def test_without_a_lens_there_is_no_depth_and_an_older_one_goes(
    photo: Path, tmp_path: Path, accepted
) -> None:
    out = tmp_path / "out"
    accepted("defocus", photo, "-o", out, *LENS)
    assert (out / "metric_depth.npy").is_file()
    said = accepted("defocus", photo, "-o", out, "--truth", tmp_path / "truth.npy")
    assert "The lens is not known" in " ".join(said.errors.split())
    assert "Nothing is compared with the truth" in " ".join(said.errors.split())
    assert (out / "defocus.npy").is_file() and not (out / "metric_depth.npy").exists()
    accepted("report", out, "-o", tmp_path / "page.html")
    assert "so there is no depth" in (tmp_path / "page.html").read_text()


def test_motion_is_said(tmp_path: Path, accepted) -> None:
    moved = blurred(scene(near_m=0.8, far_m=0.8).image, motion_kernel(9.0, 20.0))
    cv2.imwrite(str(tmp_path / "moved.png"), moved)
    outcome = accepted("defocus", tmp_path / "moved.png", "-o", tmp_path / "out", *LENS)
    assert "blurred in one direction" in " ".join(outcome.errors.split())


def test_what_it_cannot_use_ends_with_one_sentence(photo: Path, tmp_path: Path, refused) -> None:
    out, small = ("-o", tmp_path / "out"), tmp_path / "small.npy"
    np.save(small, np.ones((3, 3), np.float32))
    cv2.imwrite(str(tmp_path / "even.png"), np.full((40, 60, 3), 90, np.uint8))
    assert "nowhere.png" in refused("defocus", tmp_path / "nowhere.png", *out)
    assert "side must be one of" in refused("defocus", photo, *out, "-p", "side=left")
    assert "nowhere.npy" in refused("defocus", photo, *out, "--truth", tmp_path / "nowhere.npy")
    assert "the truth 3x3" in refused("defocus", photo, *out, *LENS, "--truth", small)
    assert "pixels on edges" in refused("defocus", tmp_path / "even.png", *out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "image.png").write_bytes(b"mine")
    assert "image.png is there already" in refused("defocus", photo, "-o", tmp_path / "mine")
