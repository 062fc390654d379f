import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from board_sweeps import DISTANCES_M, board_image, true_dioptres
from typer.testing import CliRunner

from ddff_perception.depth_from_focus.calibration.files import (
    distance_of_name,
    position_of_name,
    read_sweeps,
)
from ddff_perception.depth_from_focus.commands.calibrate import app
from ddff_perception.optics.lens_table import read_lens_table
from ddff_perception.types import InputError

POSITIONS = range(0, 101, 10)


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweeps")
    for distance in DISTANCES_M[1:5]:
        sweep = folder / f"{distance * 100:g}cm"
        sweep.mkdir()
        for position in POSITIONS:
            cv2.imwrite(str(sweep / f"lens_{position}.png"), board_image(distance, position))
    return folder


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_focus_writes_a_table_and_a_plot_and_prints_the_residuals(sweeps, tmp_path):
    result = run("focus", sweeps, "-o", tmp_path / "lens.yaml")
    assert result.exit_code == 0, result.output
    table = read_lens_table(tmp_path / "lens.yaml")
    assert table.unit == "steps"
    assert float(table.dioptres_at(55.0)) == pytest.approx(float(true_dioptres(55.0)), abs=0.05)
    assert (tmp_path / "lens.png").read_bytes()[:4] == b"\x89PNG"
    assert "0.33 m" in result.output
    assert "rms" in result.output
    assert (tmp_path / "lens.yaml").read_text().startswith("# made by `ddff calibrate focus`")


def test_focus_prints_json_where_a_script_wants_it(sweeps, tmp_path):
    result = run("focus", sweeps, "-o", tmp_path / "new" / "lens.yaml", "--json")
    content = json.loads(result.stdout)
    assert content["rms_dpt"] < 0.05
    assert [sweep["used"] for sweep in content["sweeps"]] == [True] * 4
    assert Path(content["plot"]).is_file()
    assert Path(content["table"]).is_file()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--unit", "inches", "unit"), ("--squares", "many", "7x5"), ("--marker-m", "1", "smaller")],
)
def test_options_that_cannot_be_are_refused_before_any_work(tmp_path, option, value, message):
    result = run("focus", tmp_path / "nowhere", option, value)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)


def test_a_wrong_board_is_refused_in_one_sentence_and_nothing_is_written(sweeps, tmp_path):
    result = run("focus", sweeps, "-o", tmp_path / "l.yaml", "--dictionary", "DICT_4X4_50")
    assert isinstance(result.exception, InputError)
    assert "the board was not found in any image" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_board_draws_the_board_at_its_size(tmp_path):
    result = run("board", "-o", tmp_path / "board.png", "--dots-per-inch", 254)
    assert result.exit_code == 0, result.output
    image = cv2.imread(str(tmp_path / "board.png"), cv2.IMREAD_UNCHANGED)
    assert image.shape == (5 * 300, 7 * 300)
    assert "210 x 150 mm" in result.output


@pytest.mark.parametrize(
    ("name", "metres"),
    [("0.50m", 0.5), ("0.5", 0.5), ("50cm", 0.5), ("500 mm", 0.5), ("board_1.25m", 1.25), ("2", 2)],
)
def test_folder_names_say_the_distance(name, metres):
    assert distance_of_name(name) == pytest.approx(metres)


@pytest.mark.parametrize("name", ["near", "0m", "m5x"])
def test_folder_names_that_say_no_distance_are_refused(name):
    with pytest.raises(InputError, match=r"like 0\.50m"):
        distance_of_name(name)


@pytest.mark.parametrize(
    ("name", "position"),
    [("120.png", 120), ("lens-120.jpg", 120), ("pos_-12.5.png", -12.5), ("cam2_007.png", 7)],
)
def test_image_names_say_the_lens_position(name, position):
    assert position_of_name(name) == position


def stack_folder(folder, entries):
    folder.mkdir(parents=True)
    for number, entry in enumerate(entries):
        cv2.imwrite(str(folder / f"{number:03d}.png"), np.full((20, 30), number, np.uint8))
        entry["image"] = f"{number:03d}.png"
    (folder / "stack.json").write_text(json.dumps({"slices": entries}))


def test_stack_folders_give_lens_positions_or_nominal_dioptres(tmp_path):
    stack_folder(tmp_path / "1m", [{"lens_position": p} for p in (3.0, 1.0, 2.0)])
    stack_folder(tmp_path / "2m", [{"focus_distance_m": d} for d in ("inf", 2.0, 0.5)])
    near, far = read_sweeps(tmp_path)
    assert (near.distance_m, near.positions) == (1.0, (3.0, 1.0, 2.0))
    assert (far.distance_m, far.positions) == (2.0, (0.0, 0.5, 2.0))
    assert near.load(2)[0, 0] == 2


def empty(folder):
    pass


def no_distance(folder):
    (folder / "near").mkdir()


def too_few(folder):
    (folder / "1m").mkdir()
    (folder / "1m" / "1.png").write_bytes(b"")


def no_position(folder):
    (folder / "1m").mkdir()
    (folder / "1m" / "first.png").write_bytes(b"")


def twice(folder):
    (folder / "1m").mkdir()
    for name in ("1.png", "01.png", "2.png"):
        (folder / "1m" / name).write_bytes(b"")


def half_known(folder):
    stack_folder(folder / "1m", [{"lens_position": 1.0}, {}, {"lens_position": "x"}])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (empty, "holds no folders"),
        (no_distance, "must say the distance"),
        (too_few, "at least three"),
        (no_position, "must say the lens position"),
        (twice, "two images of one lens position"),
        (half_known, "every slice needs"),
    ],
)
def test_folders_that_hold_no_sweeps_are_refused(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(InputError, match=message):
        read_sweeps(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        read_sweeps(tmp_path / "nowhere")


def test_broken_images_are_named_when_they_are_read(tmp_path):
    (tmp_path / "1m").mkdir()
    for position in (1, 2, 3):
        (tmp_path / "1m" / f"{position}.png").write_bytes(b"no image")
    (sweep,) = read_sweeps(tmp_path)
    with pytest.raises(InputError, match=r"1\.png"):
        sweep.load(0)
    assert not math.isnan(sweep.distance_m)
