"""`ddff restore`, its results and the report with its slider."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from bursts import psnr
from degraded_images import clean, noisy, write_degraded_image

from ddff_perception.files.frame_folder import read_frames, write_frames
from ddff_perception.restoration.evaluation.demo import degraded_frames

CLEAN = clean(96)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return write_degraded_image(tmp_path / "in")


def read(file: Path) -> np.ndarray:
    return cv2.imread(str(file), cv2.IMREAD_UNCHANGED)


def test_an_image_is_restored_scored_and_reported(photo, tmp_path, accepted) -> None:
    out = tmp_path / "out"
    said = accepted("restore", photo, "-o", out, "--truth", photo.parent / "clean.png").output
    assert "photo.png: seen is noise of" in said
    assert psnr(read(out / "restored.png"), CLEAN) > psnr(read(photo), CLEAN) + 3
    np.testing.assert_array_equal(read(out / "image.png"), read(photo))
    summary = json.loads((out / "summary.json").read_text())
    assert summary["scores"]["restored"]["psnr_db"] > summary["scores"]["image"]["psnr_db"] + 3
    assert summary["method"] == "adaptive" and not summary["images"][0]["untouched"]
    accepted("report", out, "-o", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for words in ("Restoration", 'class="slider"', "Confidence", "At a glance"):
        assert words in page, words


def test_a_clean_image_is_handed_on_and_that_is_said(tmp_path, accepted) -> None:
    cv2.imwrite(str(tmp_path / "clean.png"), CLEAN)
    said = accepted("restore", tmp_path / "clean.png", "-o", tmp_path / "out").output
    assert "seen is nothing; handed on as it came" in said and "keep_clean=false" in said
    np.testing.assert_array_equal(read(tmp_path / "out" / "restored.png"), CLEAN)


def test_a_folder_of_grey_deep_and_odd_images_is_restored_one_by_one(tmp_path, accepted) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    images = [
        noisy(CLEAN[:61, :75, 0].copy(), 15),
        noisy(CLEAN.astype(np.uint16) * 257, 15),
        CLEAN[:33, :47],
    ]
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f"{number}.png"), image)
    accepted("restore", folder, "-o", tmp_path / "out", "-p", "enlarge.scale=2")
    for number, image in enumerate(images):
        made = read(tmp_path / "out" / f"restored_{number:06d}.png")
        height, width = image.shape[:2]
        assert made.shape[:2] == (2 * height, 2 * width) and made.dtype == image.dtype
    kept = [one["untouched"] for one in json.loads(
        (tmp_path / "out" / "summary.json").read_text())["images"]]  # fmt: skip
    assert kept == [False, False, False]


def test_scores_are_told_by_class_where_there_are_labels(photo, tmp_path, accepted) -> None:
    labels = np.zeros((96, 96), np.uint8)
    labels[:, 48:], labels[:8] = 2, 255
    cv2.imwrite(str(tmp_path / "labels.png"), labels)
    clean_file = photo.parent / "clean.png"
    given = ("--truth", clean_file, "--labels", tmp_path / "labels.png", "--json")
    found = json.loads(accepted("restore", photo, "-o", tmp_path / "out", *given).output)
    scores = found["scores"]["restored"]
    assert set(scores["class_psnr_db"]) == {"0", "2"}
    assert scores["class_mean_db"] == pytest.approx(np.mean(list(scores["class_psnr_db"].values())))
    assert scores["shares"]["0"] == pytest.approx(88 * 48 / 96**2)


def test_what_it_cannot_use_ends_with_one_sentence(photo, tmp_path, refused) -> None:
    out = ("-o", tmp_path / "out")
    assert "gone.png" in refused("restore", tmp_path / "gone.png", *out)
    gone = ("--truth", tmp_path / "gone.png")
    assert "gone.png" in refused("restore", photo, photo, *out, *gone)
    assert "scale must lie in 1 .. 4" in refused("restore", photo, *out, "-p", "enlarge.scale=5")
    assert "there are: adaptive" in refused("restore", photo, *out, "--method", "magic")
    assert "changes nothing here" in refused("restore", photo, *out, "-p", "wiener.noise=1")
    cv2.imwrite(str(tmp_path / "small.png"), CLEAN[:50])
    assert "give --truth as well" in refused("restore", photo, *out, "--labels", photo)
    truth = ("--truth", photo.parent / "clean.png")
    assert "labels are a grey image" in refused("restore", photo, *out, *truth, "--labels", photo)
    assert not (tmp_path / "out").exists()
    assert "the truth is" in refused("restore", photo, *out, "--truth", tmp_path / "small.png")


def test_frames_with_truth_can_be_enlarged_and_what_12_bits_need_is_said(
    tmp_path, accepted
) -> None:
    pairs = [(noisy(CLEAN, 12), CLEAN)] * 2
    write_frames(tmp_path / "in", pairs, 30.0)
    given = ("-o", tmp_path / "out", "-p", "enlarge.scale=2", "--json")
    found = json.loads(accepted("restore", tmp_path / "in", *given).output)
    assert found["width"] == 192 and found["scores"] == {}
    cv2.imwrite(str(tmp_path / "deep.png"), CLEAN.astype(np.uint16) * 16)
    said = accepted("restore", tmp_path / "deep.png", "-o", tmp_path / "deep").output
    assert "set bit_depth to 12" in said


def test_the_demo_makes_degraded_frames_of_sharp_ones(tmp_path) -> None:
    played, _ = degraded_frames(None, tmp_path, 64)
    frames = read_frames(Path(played))
    image, truth = frames[0]
    assert len(frames) == 16 and image.shape[1] == truth.shape[1] == 64
    assert 15 < psnr(image, truth) < 35 and frames.camera.width == 64
