"""Depth from focus by its parameters: the command and the pipeline that the node runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from command_line import ddff
from other_values import other_value, settings_within
from robot_files import CONFIG, assert_refused, node_values, robot_files
from sweep_stacks import sweep_bag
from sweeps import wall_stack, write_wall

from ddff_perception.depth_from_focus.interface import DEPTH_FROM_FOCUS
from ddff_perception.depth_from_focus.methods import METHODS
from ddff_perception.depth_from_focus.parameters import pipeline_parameters
from ddff_perception.depth_from_focus.pipeline import DepthPipeline
from ddff_perception.engines.settings import ENGINE_PARAMETERS
from ddff_perception.files.bags import BagReader
from ddff_perception.files.bags_messages import image_of, stamp_of

CHANGES = {
    'method: "multiscale"': 'method: "focus_measure"',
    "minimum_confidence: 0.0": "minimum_confidence: 0.6",
    "radius: 4": "radius: 2",
    'peak: "gaussian"': 'peak: "parabola"',
}


robot = robot_files("depth_from_focus", CHANGES)


def test_the_command_gives_with_a_nodes_file_what_its_pipeline_gives(robot, tmp_path, capfd):
    stack, output = write_wall(tmp_path / "stack"), tmp_path / "out"
    assert ddff(capfd, "depth", stack, "-o", output, "--params-file", robot).status == 0
    pipeline = DepthPipeline.from_values(node_values(DEPTH_FROM_FOCUS, robot))
    pipeline.replace(wall_stack())
    expected = pipeline.estimate()
    np.testing.assert_array_equal(np.load(output / "depth.npy"), expected.depth)
    np.testing.assert_array_equal(np.load(output / "confidence.npy"), expected.confidence)
    summary = json.loads((output / "summary.json").read_text())
    assert summary["method"] == pipeline.estimator.method
    changed = summary["method"] == "focus_measure"
    assert summary["parameters"].get("focus_measure.radius") == (2 if changed else None)


def replayed(bag, pipeline):
    """The last depth of a pipeline that is fed with a bag's messages as the node feeds it."""
    last = None
    with BagReader(bag) as reader:
        for read in reader.messages([name for name in reader.topics if "truth" not in name]):
            message, stamp = read.message, stamp_of(read.message)
            if hasattr(message, "focus_distance"):
                lens = message.focus_distance, message.lens_position, message.settled
                changed = pipeline.add_focus(stamp, *lens)
            else:
                changed = hasattr(message, "encoding") and pipeline.add_image(
                    stamp, image_of(message)
                )
            last = pipeline.estimate() if changed else last
    return last if not pipeline.flush() else pipeline.estimate()


def test_the_bag_evaluation_gives_with_a_nodes_file_what_its_pipeline_gives(robot, tmp_path, capfd):
    bag, output = sweep_bag(tmp_path / "bag", sweeps=2), tmp_path / "out"
    text = robot.read_text().replace("max_slices: 64", "max_slices: 4")
    robot.write_text(text)
    arguments = ("--params-file", robot, "-o", output, "--json")
    outcome = ddff(capfd, "bag", "eval", bag, *arguments)
    assert outcome.status == 0
    expected = replayed(bag, DepthPipeline.from_values(node_values(DEPTH_FROM_FOCUS, robot)))
    np.testing.assert_array_equal(np.load(output / "depth.npy"), expected.depth)
    np.testing.assert_array_equal(np.load(output / "confidence.npy"), expected.confidence)
    assert json.loads(outcome.output)["slices"] == 4


def test_what_is_given_goes_before_the_file(tmp_path, capfd):
    stack, output = write_wall(tmp_path / "stack"), tmp_path / "out"
    arguments = (
        "--params-file",
        CONFIG / "depth_from_focus.yaml",
        "-p",
        "method=tv",
        "--param",
        "tv.radius=3",
    )
    assert ddff(capfd, "depth", stack, "-o", output, *arguments).status == 0
    summary = json.loads((output / "summary.json").read_text())
    assert summary["parameters"]["method"] == "tv"
    assert summary["parameters"]["tv.radius"] == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "vdff.alpha=3"), "vdff.alpha changes nothing here with the method multiscale"),
        (("-p", "lazy=false"), "lazy changes nothing here"),
        (("-p", "capture.max_slices=4"), "capture.max_slices changes nothing here"),
        (("--engine", "openvino"), "engine.backend changes nothing here"),
        (("-p", "magic=1"), "there is no parameter 'magic'; there are: alignment"),
        (("--method", "magic"), "there is no method 'magic'"),
        (("--params-file", "/nowhere.yaml"), "cannot read the parameter file /nowhere.yaml"),
    ],
)
def test_what_would_change_nothing_is_refused(arguments, words, tmp_path, capfd):
    stack = write_wall(tmp_path / "stack")
    outcome = ddff(capfd, "depth", stack, "-o", tmp_path / "out", *arguments)
    assert_refused(outcome, words)


def read_by(monkeypatch, values):
    """Every settings object of the pipeline of these values, as a text."""
    made = []
    for module in ("focus_stream", "stack_networks"):
        name = f"ddff_perception.depth_from_focus.learned.{module}.EngineSet"
        monkeypatch.setattr(name, lambda _models, **given: made.append(given))
    pipeline = DepthPipeline.from_values(values)
    found = [settings.values() for settings in settings_within(pipeline)]
    return json.dumps([found, made])


@pytest.mark.parametrize("method", METHODS)
def test_every_parameter_that_is_taken_changes_what_the_code_reads(method, monkeypatch):
    """Models are files: their names are covered where a model that is not there is asked for."""
    usual = node_values(DEPTH_FROM_FOCUS, method=method)
    before = read_by(monkeypatch, usual)
    table = pipeline_parameters(method)
    files = {"method", f"{method}.model", f"{method}.precision"}
    checked = [parameter for parameter in table if parameter.name not in files]
    assert {p.name for p in ENGINE_PARAMETERS} <= {p.name for p in table} or (
        not METHODS[method].network
    )
    for parameter in checked:
        value = "ecc" if parameter.name == "alignment" else other_value(parameter)
        after = read_by(monkeypatch, {**usual, parameter.name: value})
        assert after != before, parameter.name


def test_the_node_takes_everything_that_the_pipeline_reads():
    names = {parameter.name for parameter in pipeline_parameters()}
    assert names <= {parameter.name for parameter in DEPTH_FROM_FOCUS.parameters}
    assert {"capture.max_slices", "vdff.alpha", "engine.cuda_graph", "alignment"} <= names
