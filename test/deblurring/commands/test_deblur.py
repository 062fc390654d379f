"""`ddff deblur`, `ddff simulate motion` and the report with its slider."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from bursts import psnr, shaken, write_shaken_folder

FRAMES, _ = shaken()
SHARP = FRAMES[-1][1]
ALWAYS = ("-p", "capture.sharp_below=0")


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """The frames as photographs, whose names sort otherwise than their numbers."""
    files = [tmp_path / f"img_{8 + n}.png" for n in range(5)]
    for file, (image, _) in zip(files, FRAMES, strict=True):
        cv2.imwrite(str(file), image)
    return files


def test_images_become_one_sharp_image(images, tmp_path, accepted) -> None:
    truth, out = tmp_path / "truth.png", tmp_path / "out"
    cv2.imwrite(str(truth), SHARP)
    accepted("deblur", *images, "-o", out, "--truth", truth, *ALWAYS)
    made = cv2.imread(str(out / "deblurred.png"))
    assert psnr(made, SHARP) > psnr(FRAMES[-1][0], SHARP) + 1
    np.testing.assert_array_equal(cv2.imread(str(out / "image.png")), FRAMES[-1][0])
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["images"], summary["images_used"], summary["method"]) == (5, 5, "fba")
    assert summary["scores"]["deblurred"]["psnr_db"] > summary["scores"]["image"]["psnr_db"] + 1
    assert 0 < summary["mean_confidence"] <= 1 and not summary["untouched"]
    sure = cv2.imread(str(out / "confidence.png"), cv2.IMREAD_UNCHANGED)
    assert sure.shape == SHARP.shape[:2]


def test_a_folder_is_read_in_natural_order(images, tmp_path, accepted) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for file in images:
        file.rename(folder / file.name)
    accepted("deblur", folder, "-o", tmp_path / "out", *ALWAYS)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out" / "image.png")), FRAMES[-1][0])


def test_a_frame_folder_brings_its_truth_and_every_frame_is_made(tmp_path, accepted) -> None:
    folder = write_shaken_folder(tmp_path / "frames")
    found = accepted("deblur", folder, "-o", tmp_path / "out", "--every", *ALWAYS, "--json")
    summary = json.loads(found.output)
    assert summary["scores"]["deblurred"]["psnr_db"] > summary["scores"]["image"]["psnr_db"]
    made = sorted(p.name for p in (tmp_path / "out").glob("deblurred_*.png"))
    assert made == [f"deblurred_{n:06d}.png" for n in range(5)]


def test_a_video_is_made_frame_by_frame(tmp_path, accepted) -> None:
    file = tmp_path / "video.avi"
    size = FRAMES[0][0].shape[1::-1]
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, size)
    for image, _ in FRAMES[:3]:
        writer.write(image)
    writer.release()
    accepted("deblur", file, "-o", tmp_path / "out", *ALWAYS)
    assert (tmp_path / "out" / "deblurred_000002.png").is_file()
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["images"] == 3


def test_a_sharp_image_is_said_to_be_one(tmp_path, accepted) -> None:
    file = tmp_path / "sharp.png"
    cv2.imwrite(str(file), SHARP)
    found = accepted("deblur", file, "-o", tmp_path / "out", "-p", "capture.sharp_below=0.9")
    assert "sharp already" in found.output
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out" / "deblurred.png")), SHARP)


def test_one_image_alone_is_said_to_come_back_as_it_is_and_why(tmp_path, accepted) -> None:
    small, last, out = (tmp_path / name for name in ("small.png", "last.png", "out"))
    cv2.imwrite(str(small), FRAMES[0][0][:100])
    cv2.imwrite(str(last), FRAMES[1][0])
    found = accepted("deblur", small, last, "-o", out, *ALWAYS)
    assert "the size or type changed" in found.output
    assert "fba needs several images" in found.output and "--method blind" in found.output
    summary = json.loads((out / "summary.json").read_text())
    assert summary["images_used"] == 1 and list(summary["left_out"].values()) == [1]
    alone = accepted("deblur", last, "-o", out, "--method", "wiener", *ALWAYS)
    assert "1 of 1 images used" in alone.output and "needs several" not in alone.output
    cv2.imwrite(str(last), np.full((40, 50), 90, np.uint8))
    assert "nothing to see" in accepted("deblur", last, "-o", out).output


def test_the_age_of_a_videos_frames_is_told_by_its_rate(tmp_path, accepted) -> None:
    file, old = tmp_path / "slow.avi", ("-p", "capture.max_age_s=0.5")
    size = FRAMES[0][0].shape[1::-1]
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 4.0, size)
    for image, _ in FRAMES:
        writer.write(image)
    writer.release()
    accepted("deblur", file, "-o", tmp_path / "out", "-p", "capture.frames=5", *old, *ALWAYS)
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["images_used"] == 3


def test_a_report_shows_both_with_a_slider(images, tmp_path, accepted) -> None:
    accepted("deblur", *images, "-o", tmp_path / "out", *ALWAYS)
    accepted("report", tmp_path / "out", "-o", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for words in ("Deblurring", 'class="slider"', "Confidence", "At a glance"):
        assert words in page, words
    assert "<script" not in page


def test_what_it_cannot_use_ends_with_one_sentence(images, tmp_path, refused) -> None:
    out = ("-o", tmp_path / "out")
    assert "gone.png" in refused("deblur", tmp_path / "gone.png", *out)
    (tmp_path / "empty").mkdir()
    assert "holds no images" in refused("deblur", tmp_path / "empty", *out)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    assert "cannot be decoded" in refused("deblur", broken, *out)
    assert "there is no video" in refused("deblur", tmp_path / "gone.mp4", *out)
    assert "frames must lie in 1 .. 32" in refused(
        "deblur", *images, *out, "-p", "capture.frames=0"
    )
    assert "there are: fba" in refused("deblur", *images, *out, "--method", "magic")
    assert "changes nothing here" in refused("deblur", *images, *out, "-p", "wiener.noise=1")
    assert not (tmp_path / "out").exists()
    # Nothing is worked on, and written, before the truth is known to be one.
    gone = ("--truth", tmp_path / "no_truth.png", "--every")
    assert "no_truth.png" in refused("deblur", *images, *out, *gone)
    assert "max_age_s changes nothing" in refused(
        "deblur", *images, *out, "-p", "capture.max_age_s=2"
    )
    assert not (tmp_path / "out").exists()
    small = tmp_path / "small.png"
    cv2.imwrite(str(small), SHARP[:50])
    assert "the truth is" in refused("deblur", *images, *out, "--truth", small)


def test_a_camera_shakes_before_a_photograph(tmp_path, accepted) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), SHARP)
    out = tmp_path / "shaken"
    accepted("simulate", "motion", photo, "-o", out, "--frames", 3, "--seed", 2, "--noise", 0)
    content = json.loads((out / "frames.json").read_text())
    assert len(content["frames"]) == 3 and content["camera"]["width"] == round(0.8 * 205)
    accepted("simulate", "motion", photo, "-o", tmp_path / "again", "--frames", 3, "--seed", 2,
             "--noise", 0)  # fmt: skip
    for name in ("image_002.png", "truth_002.png"):
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
