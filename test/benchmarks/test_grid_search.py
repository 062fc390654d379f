import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ddff_perception.files.stack_folder import write_stack
from ddff_perception.types import FocalStack, FocusSlice

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks")]

import grid_search
import typer
from focus_volumes import SLICES, focal_stack, ramp

DIOPTRES = np.linspace(0.4, 2.2, SLICES)


@pytest.fixture
def stack_folder(tmp_path):
    """Slices in shuffled order, of a scene whose dioptres rise from left to right."""
    index = ramp()
    images = focal_stack(index)
    order = np.random.default_rng(41).permutation(SLICES)
    slices = tuple(FocusSlice(images[i], 1 / DIOPTRES[i]) for i in order)
    truth = (1 / np.interp(index, np.arange(SLICES), DIOPTRES)).astype(np.float32)
    folder = tmp_path / "ramp"
    write_stack(folder, FocalStack(slices), truth=truth)
    return folder


def run(*arguments):
    app = typer.Typer()
    app.command()(grid_search.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_every_combination_is_scored_beside_the_references(stack_folder, tmp_path):
    record = tmp_path / "grid.json"
    options = ["--alpha", "1,6", "--denominator", "0.3", "--degree", "4,6", "--iterations", "100"]
    result = run(stack_folder, *options, "--json", record)
    assert result.exit_code == 0, result.output
    rows = json.loads(record.read_text())["rows"]
    by_method = {entry["method"]: entry for entry in rows}
    assert {"best constant", "yardstick", "tv", "nonlinear", "vdff (paper)"} < set(by_method)
    tuned = [entry for entry in rows if entry["method"] == "vdff"]
    assert {(e["alpha"], e["degree"]) for e in tuned} == {(1, 4), (1, 6), (6, 4), (6, 6)}
    assert by_method["vdff (paper)"]["iterations"] == 400
    # A ramp over 1.8 dioptres is 0.35 from its median on average; VDFF finds most of it.
    assert by_method["best constant"]["mae_dioptres"] == pytest.approx(0.35, abs=0.02)
    assert by_method["vdff (paper)"]["mae_dioptres"] < 0.07


def test_a_stack_without_truth_is_refused(stack_folder):
    (stack_folder / "depth.npy").unlink()
    result = run(stack_folder)
    assert result.exit_code == 2
    assert "depth.npy" in result.output
