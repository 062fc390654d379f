import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ddff_perception.commands.simulate import _scene_depths, app
from ddff_perception.console import parse_distances
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.simulation.rendering.presets import PRESETS
from ddff_perception.types import InputError

runner = CliRunner()
TINY = ["--width", "32", "--height", "24", "--samples", "4"]


def test_sweep_writes_a_stack_folder_with_the_options_given(tmp_path):
    pytest.importorskip("mitsuba")
    output = tmp_path / "stack"
    options = [
        "--seed",
        "2",
        "--clutter",
        "0.2",
        "--focus",
        "0.6,2,inf",
        "--aperture-mm",
        "8",
        "--plain-walls",
    ]
    result = runner.invoke(app, ["sweep", "-o", str(output), *TINY, *options, "--geometry"])
    assert result.exit_code == 0, result.output
    folder = read_stack(output)
    assert folder.stack.focus_distances_m.tolist() == [0.6, 2.0, np.inf]
    assert folder.truth is not None and folder.truth.shape == (24, 32)
    assert folder.stack.camera is not None
    assert folder.stack.camera.aperture_diameter_m == pytest.approx(0.008)
    assert (output / "labels.png").is_file()
    settings = json.loads((output / "sweep.json").read_text())["settings"]
    assert settings["scene"]["plain_walls"] is True and settings["scene"]["seed"] == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--preset", "garden"],
        ["--focus", "near,far"],
        ["--width", "1"],
        ["--near", "5", "--far", "1"],
    ],
)
def test_options_that_cannot_be_are_refused_before_rendering(tmp_path, options):
    result = runner.invoke(app, ["sweep", "-o", str(tmp_path / "stack"), *options])
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "stack").exists()


def test_focus_limits_move_the_scene_as_far_as_a_room_goes():
    base = PRESETS["room"]
    assert _scene_depths(base, None, None) == {}
    assert _scene_depths(base, 0.3, None) == {"near_m": 0.3, "far_m": 7.0}
    assert _scene_depths(base, None, np.inf) == {"near_m": None, "far_m": 20.0}
    assert _scene_depths(base, 1.0, 1.5) == {"near_m": 1.0, "far_m": 2.0}


def test_distances_are_read_from_a_list():
    assert parse_distances("0.5, 2,inf") == (0.5, 2.0, np.inf)
    with pytest.raises(InputError, match=r"0\.5,x"):
        parse_distances("0.5,x")
