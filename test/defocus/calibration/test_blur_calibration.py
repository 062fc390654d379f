"""A chart at known distances tells how much a lens blurs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from ddff_perception.defocus.calibration.chart import Shot, calibrate_blur, chart_blur
from ddff_perception.optics.defocus import disc_blur
from ddff_perception.types import InputError

SCALE, FOCUS_M, RESIDUAL = 9.0, 0.6, 1.8
DISTANCES = (0.35, 0.45, 0.55, 0.7, 0.9, 1.5)


def chart(distance_m: float) -> np.ndarray:
    y, x = np.mgrid[:240, :240]
    squares = (0.15 + 0.6 * ((x // 40 + y // 40) % 2)).astype(np.float32)
    disc = SCALE * abs(1 / FOCUS_M - 1 / distance_m)
    return (255 * disc_blur(squares, disc / 2)).astype(np.uint8)


def test_a_lens_is_found_by_its_charts() -> None:
    found = calibrate_blur([chart_blur(chart(d), d) for d in DISTANCES])
    assert found.blur_per_dioptre_px == pytest.approx(SCALE, rel=0.08)
    assert found.focus_distance_m == pytest.approx(FOCUS_M, rel=0.04)
    assert found.rms_px < 0.5


def test_a_known_focus_needs_fewer_distances_and_one_wrong_shot_moves_little() -> None:
    shots = [
        Shot(d, float(np.hypot(RESIDUAL, SCALE * (1 / FOCUS_M - 1 / d))), 99) for d in DISTANCES
    ]
    found = calibrate_blur(shots[:1] + shots[-1:], FOCUS_M)
    assert found.blur_per_dioptre_px == pytest.approx(SCALE, rel=1e-3)
    wrong = [*shots[:2], Shot(0.55, 9.0, 99), *shots[3:]]
    found = calibrate_blur(wrong, FOCUS_M)
    assert found.blur_per_dioptre_px == pytest.approx(SCALE, rel=0.05)
    assert [shot.distance_m for shot in found.doubtful] == [0.55]


def test_charts_that_say_too_little_are_refused() -> None:
    with pytest.raises(InputError, match="shows no chart"):
        chart_blur(np.full((100, 100), 90, np.uint8), 0.5)
    shots = [Shot(d, 2.0, 99) for d in DISTANCES]
    with pytest.raises(InputError, match="as sharp at every distance"):
        calibrate_blur(shots)
    with pytest.raises(InputError, match="2 distances do not tell"):
        calibrate_blur(shots[:2])


def test_shots_that_no_lens_makes_are_refused() -> None:
    discs = [float(np.hypot(RESIDUAL, SCALE * (1 / FOCUS_M - 1 / d))) for d in DISTANCES]
    right = [Shot(d, disc, 99) for d, disc in zip(DISTANCES, discs, strict=True)]
    mixed = [Shot(d, discs[n], 99) for d, n in zip(DISTANCES, (3, 1, 4, 0, 5, 2), strict=True)]
    with pytest.raises(InputError, match="in the images' order"):
        calibrate_blur(mixed)
    with pytest.raises(InputError, match="the focus distance right"):
        calibrate_blur(right, 3.0)
    assert not calibrate_blur(right).doubtful


def test_the_command_writes_what_the_other_takes(tmp_path: Path, accepted, refused) -> None:
    files = []
    for distance in DISTANCES:
        files.append(tmp_path / f"{distance}.png")
        cv2.imwrite(str(files[-1]), chart(distance))
    lens, listed = tmp_path / "lens.yaml", ",".join(map(str, DISTANCES))
    run = ("calibrate", "defocus", *files, "-o", lens)
    said = accepted(*run, "--distances", listed)
    assert "px per dioptre" in said.output and "badly" not in said.errors
    values = yaml.safe_load(lens.read_text())["/**/depth_from_defocus"]["ros__parameters"]["lens"]
    assert values["focus_distance_m"] == pytest.approx(FOCUS_M, rel=0.04)
    out = tmp_path / "out"
    accepted("defocus", files[0], "--params-file", lens, "-p", "side=near", "-o", out)
    depth = np.load(out / "metric_depth.npy")
    assert np.median(depth) == pytest.approx(DISTANCES[0], rel=0.1)
    told = json.loads((out / "summary.json").read_text())["lens"]
    assert told["blur_per_dioptre_px"] == pytest.approx(values["blur_per_dioptre_px"])
    assert "6 images but 1 distances" in refused(*run, "--distances", "0.5")
    assert "must be metres over 0" in refused(*run, "--distances", "0,1,2,3,4,5")
    assert "the focus distance must be over 0" in refused(
        *run, "--distances", listed, "--focus-distance", 0
    )
