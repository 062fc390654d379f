"""Restoration's benchmarks in small: class labels compared, and what each degradation gains."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

for package in ("torch", "lightning"):
    pytest.importorskip(package)

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks")]

import restoration
import restoration_classes
from degraded_images import clean

from ddff_perception.restoration.data.published_sets import FACADES


def write_facades(folder: Path) -> Path:
    """Two labelled pictures in the layout of CMP Facades."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in (1, 2):
        cv2.imwrite(str(folder / f"cmp_b{number:04}.jpg"), clean(64, seed=number))
        labels = np.repeat(np.repeat(rng.integers(1, 13, (4, 4)), 16, 0), 16, 1)
        cv2.imwrite(str(folder / f"cmp_b{number:04}.png"), labels.astype(np.uint8))
    return folder


def test_networks_with_and_without_labels_are_trained_alike_and_compared_by_class(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    views, judges = write_facades(tmp_path / "views"), write_facades(tmp_path / "judges")
    restoration_classes.main(
        views, judges, steps=4, batch=1, seeds=1, size=16, blocks=3, capacity=20_000,
        blurs=["blur_2"], judged=1, folder=tmp_path / "runs", record=tmp_path / "table.json",
    )  # fmt: skip
    record = json.loads((tmp_path / "table.json").read_text())
    rows, names = record["rows"], [*restoration_classes.NETWORKS, "cut and paste", "as it came"]
    assert [row["network"] for row in rows] == names
    assert rows[0]["more_db"] == 0 and all(10 < row["mean_db"] < 60 for row in rows)
    assert rows[-2]["psnr_db"] != rows[-3]["psnr_db"]
    said = capfd.readouterr().out
    assert "above SSN" in said and "Streams by class, blur_2" in said
    # A row per stream, a column per class, each row from its worst to its best class.
    (matrix,) = record["streams"].values()
    there = [[value for value in line if value is not None] for line in matrix]
    assert len(matrix) == len(matrix[0]) == len(FACADES)
    assert all((min(line), max(line)) == (0, 1) for line in there)
    assert sum(record["setup"]["shares"].values()) == pytest.approx(1, abs=1e-3)
    stages = [folder.name for folder in (tmp_path / "runs" / "blur_2_msn_0").iterdir()]
    assert sorted(stages) == ["fusion", "joint", "streams"]


def test_each_degradation_has_its_gain_and_clean_images_stay(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), clean(128))
    (image,) = restoration.photographs(tmp_path, 3)
    assert image.shape == (128, 128, 3)
    noisy = restoration.measured(image, "low_light", {"method": "adaptive"}, 0)
    assert noisy["made_db"] > noisy["came_db"] + 3
    kept = restoration.measured(image, "clean", {"method": "adaptive"}, 0)
    assert kept["untouched"] == 1 and kept["made_db"] == 99
