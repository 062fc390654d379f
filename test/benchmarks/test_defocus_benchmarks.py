"""The comparison of regularisers in small, and how real slices are judged."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "lightning"):
    pytest.importorskip(package)

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks")]

import defocus_regularisers
from _real_slices import order, shares
from _trained import trained
from defocus import side_of


def write_views(folder: Path) -> Path:
    """Two views with a nearer square."""
    folder.mkdir()
    for number in range(2):
        view = np.random.default_rng(number).random((40, 72, 4)).astype(np.float16)
        view[..., 3] = 0.4
        view[10:30, 20:50, 3] = 1.5
        np.save(folder / f"{number}.npy", view)
    return folder


def test_what_is_trained_with_a_regulariser_stands_in_the_table(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    views, judges = write_views(tmp_path / "views"), write_views(tmp_path / "judges")
    small = {"steps": 1, "batch": 1, "seeds": 1, "size": (32, 64), "narrow": 16, "weight": 1.0}
    defocus_regularisers.main(
        views, judges, **small, judged=1, defocused=False, folder=tmp_path / "runs",
        only=["xian"], record=tmp_path / "table.json",
    )  # fmt: skip
    rows = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert [row["regulariser"] for row in rows] == ["xian", "best constant"]
    measures = {"rms", "abs_rel", "log10", "delta_1", "delta_2", "delta_3"}
    assert all(measures <= row.keys() and row["log10"] > 0 for row in rows)
    assert rows[0]["edges"] > 0 and "edges" not in rows[1]
    assert "KLD" in capfd.readouterr().out
    # Another run has nothing left to train.
    weights = tmp_path / "runs" / "xian_0" / "weights.safetensors"
    before = weights.stat().st_mtime_ns
    assert trained("defocus", "two_headed", weights.parent, [], [views]) == weights
    assert weights.stat().st_mtime_ns == before


def test_pairs_in_order_are_counted_and_half_is_chance() -> None:
    rng = np.random.default_rng(0)
    away = rng.random((40, 60)).astype(np.float32)
    sure = np.ones(away.shape, bool)
    assert order(away, 3 * away + 1, sure) == 1.0
    assert order(away, -away, sure) == 0.0
    assert order(away, rng.random(away.shape), sure) == pytest.approx(0.5, abs=0.03)


def test_slices_stand_where_the_stack_s_depth_has_them() -> None:
    assert shares([float("nan")] * 3, relative=True).tolist() == [0.0, 0.5, 1.0]
    assert shares([0.5, 1.0, 2.0], relative=False) == pytest.approx([1.0, 1 / 3, 0.0])


def test_a_side_is_named_where_nearly_all_lies_on_it() -> None:
    discs = np.linspace(0.1, 5.0, 100)
    assert side_of(np.r_[discs, np.nan]) == "far"
    assert side_of(-discs - 1) == "near" and side_of(discs - 2.5) == "both"
