"""From a plan to triples that are learned from: what is said, what is refused, what comes out."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from command_line import ddff
from defocus_scenes import scene
from triple_scenes import LENS, SHOWN, write_scene

from ddff_perception.defocus.triples.folder import read_triples
from ddff_perception.defocus.triples.plan import CaptureSettings, foreseen
from ddff_perception.defocus.triples.preparation import exposed_like, inside
from ddff_perception.defocus.triples.raw_folder import read_capture
from ddff_perception.types import InputError


@pytest.fixture
def capture(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "capture"
    made = ddff(capfd, "triples", "plan", "-o", folder, "--scenes", 2, "--focus", "0.8", *LENS)
    assert made.status == 0 and "2 scenes are planned" in made.output
    return folder


def test_a_plan_tells_what_the_lens_will_show(capfd: pytest.CaptureFixture[str], tmp_path: Path):
    said = ddff(capfd, "triples", "plan", "-o", tmp_path / "c", "--focus", "1,3")
    assert said.status == 0
    # 14 mm at f/2.8 are 5 mm; from 0.5 m to 1 m is a dioptre.
    assert "17.5 and 12.9" in said.output and "12.8 times as long (3.7 stops)" in said.output
    assert "Focused at 1 m, the narrow aperture blurs by 4.9 px: close it further" in said.errors
    names = [name for name, _ in read_capture(tmp_path / "c").scenes]
    assert (names[0], len(names)) == ("0001", 24)
    assert ddff(capfd, "triples", "plan", "-o", tmp_path / "c").status == 2
    assert foreseen(CaptureSettings(pixel_um=40.0, narrow_f_number=16), 1.0).advice.endswith(
        "px only: open it further"
    )
    for distance in (0.0, float("inf")):
        with pytest.raises(InputError, match="must be metres over 0"):
            foreseen(CaptureSettings(), distance)
    with pytest.raises(InputError, match="smaller f-number"):
        CaptureSettings(wide_f_number=16.0)


def test_a_capture_becomes_triples(capfd: pytest.CaptureFixture[str], capture: Path) -> None:
    write_scene(capture, "0001")
    said = ddff(capfd, "triples", "prepare", capture, "-o", capture.parent / "triples")
    assert said.status == 0 and "1 triples are in" in said.output
    assert "wide moved 3.0 px" in said.output and "depth by its own pixels" in said.output
    assert "Scene 0002 is left out: it has no wide and no narrow and no depth image" in said.errors
    (triple,) = read_triples(capture.parent / "triples")
    height, width = triple.image.shape[:2]
    assert height == 144 and 186 <= width <= 192
    left = round((SHOWN.image.shape[1] - 1) / 2 - triple.camera.cx)
    true = (slice(None), slice(left, left + width))
    # Laid over each other again, as bright, without holes.
    inner = (slice(4, -4), slice(4, -4))
    assert np.abs(triple.image.astype(int) - SHOWN.image[true])[inner].mean() < 1.5
    assert np.abs(triple.sharp.astype(int) - SHOWN.sharp[true])[inner].mean() < 2.0
    np.testing.assert_allclose(triple.depth, SHOWN.depth[true], atol=2e-3)
    assert np.isnan(triple.measured).sum() == 600
    # 5 mm of aperture times 2000 px.
    assert triple.blur_scale == pytest.approx(10.0) and triple.focus_distance_m == 0.8


def test_depth_of_another_camera_is_registered(
    capfd: pytest.CaptureFixture[str], capture: Path
) -> None:
    write_scene(capture, "0001")
    # The sensor sees the same at half the size and from 2 cm aside, where 1 m moves by 4 px.
    depth = cv2.imread(str(capture / "depth" / "0001.png"), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(capture / "depth" / "0001.png"), depth[::2, ::2])
    camera = {"width": 192, "height": 144, "fx": 200, "fy": 200, "cx": 95.5, "cy": 71.5}
    half = {"width": 96, "height": 72, "fx": 100, "fy": 100, "cx": 47.5, "cy": 35.5}
    told = {"camera": camera, "depth_camera": half, "extrinsics": [0.02, 0, 0, 0, 0, 0, 1]}
    (capture / "cameras.json").write_text(json.dumps(told))
    said = ddff(capfd, "triples", "prepare", capture, "-o", capture.parent / "triples")
    assert said.status == 0 and "depth by the calibrated cameras" in said.output
    (triple,) = read_triples(capture.parent / "triples")
    edge = int(np.argmax(np.diff(triple.depth[20]))) + 0.5
    # Where the near half ends: moved by 0.02 m of 200 px at 0.8 m.
    left = (192 - 1) / 2 - triple.camera.cx
    assert edge + left == pytest.approx(95.5 + 5.0, abs=1.5)


def test_depth_follows_its_own_colour(capfd: pytest.CaptureFixture[str], capture: Path) -> None:
    big = scene(size=(240, 320))
    write_scene(capture, "0001", big)
    (capture / "depth_color").mkdir()
    # The sensor's view is wider: a border of its own, then the same.
    wider = [cv2.copyMakeBorder(i, 30, 30, 40, 40, cv2.BORDER_REFLECT) for i in (big.sharp,)]
    cv2.imwrite(str(capture / "depth_color" / "0001.png"), wider[0])
    depth = cv2.copyMakeBorder((big.depth * 1e3).astype(np.uint16), 30, 30, 40, 40, 1)
    cv2.imwrite(str(capture / "depth" / "0001.png"), depth)
    said = ddff(capfd, "triples", "prepare", capture, "-o", capture.parent / "triples")
    assert said.status == 0 and "depth by a homography" in said.output
    (triple,) = read_triples(capture.parent / "triples")
    left = round((320 - 1) / 2 - triple.camera.cx)
    true = big.depth[: triple.depth.shape[0], left : left + triple.depth.shape[1]]
    assert (np.abs(triple.depth - true) > 0.01).mean() < 0.02


def test_what_does_not_serve_is_refused_in_a_sentence(
    capfd: pytest.CaptureFixture[str], capture: Path
) -> None:
    write_scene(capture, "0001")
    write_scene(capture, "0002")
    other = np.random.default_rng(0).integers(0, 255, (144, 192, 3), dtype=np.uint8)
    cv2.imwrite(str(capture / "wide" / "0001.png"), cv2.GaussianBlur(other, (0, 0), 4))
    cv2.imwrite(str(capture / "depth" / "0002.png"), np.zeros((144, 192), np.uint16))
    said = ddff(capfd, "triples", "prepare", capture, "-o", capture.parent / "triples")
    assert said.status == 2 and "no scene of" in said.errors
    assert "Scene 0001 is left out: wide and narrow" in said.errors
    assert "Scene 0002 is left out: depth is known of 0% of it only" in said.errors
    assert not (capture.parent / "triples" / "triples.json").exists()
    cv2.imwrite(str(capture / "wide" / "third.png"), other)
    said = ddff(capfd, "triples", "prepare", capture, "-o", capture.parent / "triples")
    assert said.status == 2 and "holds 3 images for 2 scenes" in said.errors
    with pytest.raises(InputError, match="triples plan"):
        read_capture(capture.parent)


def test_exposures_are_made_alike_or_refused() -> None:
    darker = (SHOWN.sharp * 0.7).astype(np.uint8)
    made, gain = exposed_like(darker, SHOWN.image)
    assert gain > 1.5 and abs(float(made.mean()) - float(SHOWN.image.mean())) < 3.0
    with pytest.raises(InputError, match="black or burnt out"):
        exposed_like(np.zeros_like(SHOWN.sharp), SHOWN.image)


def test_a_rectangle_inside_holds_what_is_good_alone() -> None:
    good = np.zeros((40, 60), bool)
    good[5:38, 10:55] = True
    assert inside(good) == (10, 5, 45, 33)
    with pytest.raises(InputError, match="less than a third"):
        inside(np.zeros((40, 60), bool))


def test_networks_learn_from_triples(capfd: pytest.CaptureFixture[str], capture: Path) -> None:
    pytest.importorskip("torch")
    from ddff_perception.defocus.data.sources import training_data

    write_scene(capture, "0001")
    write_scene(capture, "0002")
    triples = capture.parent / "triples"
    assert ddff(capfd, "triples", "prepare", capture, "-o", triples).status == 0
    sizes = {"height": 64, "width": 96}
    found = training_data([triples], sizes, 1)
    assert "1 images of known truth" in found.source
    item = found.held_out[0]
    assert bool(item["known"].all()) and bool(item["restorable"])
    # From 0.8 m to 2 m are 0.75 dioptres of 10 px.
    assert float(item["defocus"].max()) == pytest.approx(7.5, abs=0.02)
    measured = training_data([triples], {**sizes, "inpainted": False}, 40).held_out
    assert not all(bool(measured[n]["known"].all()) for n in range(6))
