import json
import math

import cv2
import numpy as np
import pytest
import typer
from folders import names
from typer.testing import CliRunner

from ddff_perception.commands.report import report
from ddff_perception.depth_from_focus.commands.evaluate import evaluate
from ddff_perception.files.stack_folder import write_stack
from ddff_perception.types import CameraModel, FocalStack, FocusSlice, InputError

app = typer.Typer()
app.command("eval")(evaluate)
app.command("report")(report)


def run(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def files(tmp_path):
    truth = np.linspace(1, 2, 20 * 30, dtype=np.float32).reshape(20, 30)
    estimate = truth + np.float32(0.5)
    estimate[0] = math.nan
    np.save(tmp_path / "truth.npy", truth)
    np.save(tmp_path / "depth.npy", estimate)
    np.save(tmp_path / "confidence.npy", np.full_like(truth, 0.5))
    slices = tuple(FocusSlice(np.zeros((20, 30), np.uint8), d) for d in (1.0, 2.0))
    camera = CameraModel(30, 20, 50.0, 50.0, 14.5, 9.5, aperture_diameter_m=0.02)
    write_stack(tmp_path / "stack", FocalStack(slices, camera), truth=truth)
    return tmp_path


def test_every_measure_is_printed(files):
    output = run(
        "eval", "--estimate", files / "depth.npy", "--truth", files / "truth.npy",
        "--confidence", files / "confidence.npy",
    )  # fmt: skip
    for word in ("MAE", "RMS", "MSE", "log RMS", "log10", "Abs rel", "Sqr rel", "δ", "δ²", "δ³",
                 "BadPix", "bumpiness", "depth (m)", "disparity (px)", "dioptres (1/m)", "filled",
                 "constant", "AUSE", "Reliability", "coverage 95.0%"):  # fmt: skip
        assert word in output, word
    line = next(line for line in output.splitlines() if line.startswith("MAE"))
    assert line.split()[1] == "0.500"


def test_json_holds_the_numbers_and_disparity_follows_the_camera(files):
    run(
        "eval", "--estimate", files / "depth.npy", "--truth", files / "stack",
        "--camera", files / "stack" / "stack.json", "--json", files / "e.json",
    )  # fmt: skip
    content = json.loads((files / "e.json").read_text())
    assert content["settings"]["baseline_focal"] == pytest.approx(1.0)  # 0.02 m x 50 px
    assert content["scores"]["covered"]["depth"]["mae"] == pytest.approx(0.5)
    assert content["sparsification"] is None


def test_json_can_be_printed_instead(files):
    output = run(
        "eval", "--estimate", files / "depth.npy", "--truth", files / "truth.npy", "--json", "-",
        "--param", "baseline_focal=3",
    )  # fmt: skip
    content = json.loads(output)
    assert content["settings"]["baseline_focal"] == 3.0
    assert content["scores"]["covered"]["depth"]["coverage"] == pytest.approx(0.95)


def test_figures_are_written(files):
    run(
        "eval", "--estimate", files / "depth.npy", "--truth", files / "truth.npy",
        "--confidence", files / "confidence.npy", "--figures", files / "figures",
    )  # fmt: skip
    written = names(files / "figures")
    assert written == ["badpix_depth.png", "badpix_dioptres.png", "badpix_disparity.png",
                     "maps.png", "reliability.png", "sparsification.png"]  # fmt: skip
    for name in written:
        assert cv2.imread(str(files / "figures" / name)) is not None


def test_bad_input_is_one_sentence(files):
    np.save(files / "small.npy", np.ones((4, 4), np.float32))
    estimate = files / "depth.npy"
    cases = {
        "truth 4x4": ("--estimate", estimate, "--truth", files / "small.npy"),
        "no_such": ("--estimate", files / "no_such.npy", "--truth", files / "truth.npy"),
        "no parameter 'tau'": (
            "--estimate", estimate, "--truth", files / "truth.npy", "--param", "tau=1",
        ),
        "nothing to score": ("--estimate", estimate, "--truth", files / "zero.npy"),
        "the confidence is 4x4": (
            "--estimate", estimate, "--truth", files / "truth.npy",
            "--confidence", files / "small.npy",
        ),
    }  # fmt: skip
    np.save(files / "zero.npy", np.zeros((20, 30), np.float32))
    for text, arguments in cases.items():
        with pytest.raises(InputError) as caught:
            run("eval", *arguments)
        assert text in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_camera_without_an_aperture_gives_no_disparity(files):
    path = files / "stack" / "stack.json"
    content = json.loads(path.read_text())
    del content["camera"]["aperture_diameter_m"]
    path.write_text(json.dumps(content))
    arguments = ("--estimate", files / "depth.npy", "--truth", files / "truth.npy")
    with pytest.raises(InputError, match="aperture_diameter_m"):
        run("eval", *arguments, "--camera", path)
    run("eval", *arguments, "--camera", path, "--param", "baseline_focal=2")


def test_a_report_is_written_where_asked(files):
    output = run("report", files, "--truth", files / "stack", "-o", files / "new" / "page.html")
    assert "page.html" in output
    page = (files / "new" / "page.html").read_text(encoding="utf-8")
    assert "True depth" in page
    assert "Mean absolute error" in page


def test_help_has_examples():
    for command in ("eval", "report"):
        assert f"ddff {command}" in run(command, "--help")
