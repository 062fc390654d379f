"""Reflection separation by its parameters: the command and the pipeline that the node runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from command_line import ddff
from other_values import other_value, settings_within
from panes import small_pane
from robot_files import assert_refused, node_values, robot_files

from ddff_perception.files.bags import BagReader
from ddff_perception.files.bags_messages import mosaic_image_of, stamp_of
from ddff_perception.files.images import read_image
from ddff_perception.files.polarization_folder import write_polarization
from ddff_perception.reflection.interface import REFLECTION_SEPARATION
from ddff_perception.reflection.methods import METHODS
from ddff_perception.reflection.parameters import pipeline_parameters
from ddff_perception.reflection.pipeline import SeparationPipeline
from ddff_perception.reflection.rendering import rendered

CHANGES = {
    'method: "auto"': 'method: "schechner"',
    "refractive_index: 1.5": "refractive_index: 1.33",
    'response: "linear"': 'response: "gamma"',
    "angles_deg: [0.0, 45.0, 90.0]": "angles_deg: [0, 45, 135]",
}


robot = robot_files("reflection_separation", CHANGES)


def test_the_command_gives_with_a_nodes_file_what_its_pipeline_gives(robot, tmp_path, capfd):
    write_polarization(tmp_path / "pane", small_pane())
    images = [tmp_path / "pane" / f"{number:03}.png" for number in (0, 1, 3)]
    output = tmp_path / "out"
    assert ddff(capfd, "reflection", *images, "-o", output, "--params-file", robot).status == 0
    values = node_values(REFLECTION_SEPARATION, robot)
    pipeline = SeparationPipeline.from_values(values)
    pipeline.add_set(1, [read_image(path) for path in images], values["angles_deg"])
    expected = pipeline.separate()
    found = np.load(output / "polarization_degree.npy")
    # Arrays that begin elsewhere in memory may differ in the last bit.
    np.testing.assert_allclose(found, expected.degree, atol=1e-6)
    summary = json.loads((output / "summary.json").read_text())
    assert summary["method"] == pipeline.method
    assert summary["polarizer_angles_deg"] == list(values["angles_deg"])
    shown = rendered(expected.layers.transmission, expected.kind, pipeline.capture)
    assert np.abs(read_image(output / "transmission.png").astype(int) - shown).max() <= 1
    assert summary["parameters"]["response"] == values["response"]


def test_the_bag_evaluation_gives_with_a_nodes_file_what_its_pipeline_gives(robot, tmp_path, capfd):
    write_polarization(tmp_path / "pane", small_pane())
    made = ("--camera", "mosaic", "--frames", "3")
    bag, output = tmp_path / "bag", tmp_path / "out"
    assert ddff(capfd, "simulate", "polarizer-bag", tmp_path / "pane", "-o", bag, *made).status == 0
    outcome = ddff(capfd, "bag", "eval", bag, "--params-file", robot, "-o", output, "--json")
    assert outcome.status == 0
    pipeline = SeparationPipeline.from_values(node_values(REFLECTION_SEPARATION, robot))
    with BagReader(bag) as reader:
        for read in reader.messages([name for name in reader.topics if "image_raw" in name]):
            pipeline.add_mosaic(stamp_of(read.message), mosaic_image_of(read.message))
    expected = pipeline.separate()
    found = np.load(output / "polarization_degree.npy")
    np.testing.assert_allclose(found, expected.degree, atol=1e-6)
    assert json.loads(outcome.output)["method"] == pipeline.method
    shown = rendered(expected.layers.transmission, expected.kind, pipeline.capture)
    assert np.abs(read_image(output / "transmission.png").astype(int) - shown).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "schechner.plane=upright"), "schechner.plane changes nothing here"),
        (("-p", "rotating.max_frames=4"), "rotating.max_frames changes nothing here"),
        (("-p", "engine.device=1"), "engine.device changes nothing here"),
        (("-p", "magic=1"), "there is no parameter 'magic'; there are: alignment"),
        (("--method", "magic"), "there is no method 'magic'"),
    ],
)
def test_what_would_change_nothing_is_refused(arguments, words, tmp_path, capfd):
    write_polarization(tmp_path / "pane", small_pane())
    images = sorted((tmp_path / "pane").glob("00*.png"))
    outcome = ddff(capfd, "reflection", *images, "-o", tmp_path / "out", *arguments)
    assert_refused(outcome, words)


def read_by(values):
    """Every settings object of the pipeline of these values, and the method's values, as a text."""
    pipeline = SeparationPipeline.from_values(values)
    found = [settings.values() for settings in settings_within(pipeline)]
    return json.dumps([found, dict(pipeline.parameters)])


@pytest.mark.parametrize("method", METHODS)
def test_every_parameter_that_is_taken_changes_what_the_code_reads(method):
    usual = node_values(REFLECTION_SEPARATION, method=method)
    before = read_by(usual)
    for parameter in pipeline_parameters(method):
        if parameter.name == "network.model":  # a file
            continue
        after = read_by({**usual, parameter.name: other_value(parameter)})
        assert after != before, parameter.name


def test_incidences_that_leave_none_are_refused_when_they_are_set():
    with pytest.raises(Exception, match="min_incidence 80 must not exceed max_incidence 20"):
        METHODS["kong"].settings.from_values({"min_incidence": 80.0, "max_incidence": 20.0})
