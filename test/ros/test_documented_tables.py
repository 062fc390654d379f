"""Parameter files, RViz files and descriptions say what the nodes' tables say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ddff_perception.capability import Capability
from ddff_perception.parameters import ParameterTable
from ddff_perception.registry import CAPABILITIES, nodes
from ddff_perception.ros.describe import main, markdown, parameter_file, yaml_value
from ddff_perception.ros.interface import NodeInterface
from ddff_perception.ros.nodes import (
    PROFILE_VARIABLES,
    fastdds_profile,
    node_environment,
    node_interface,
)
from ddff_perception.types import InputError

ROOT = Path(__file__).resolve().parents[2]
SELF_MADE = [name for c in CAPABILITIES.values() for name in (*c.nodes, *c.sensors)]
DEMOS = (
    "demo",
    "reflection_demo",
    "segmentation_demo",
    "deblurring_demo",
    "defocus_demo",
    "restoration_demo",
)


def flat(values: dict, prefix: str = "") -> dict:
    result = {}
    for name, value in values.items():
        if isinstance(value, dict):
            result |= flat(value, f"{prefix}{name}.")
        else:
            result[prefix + name] = value
    return result


def given(name: str) -> dict:
    content = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())
    return {key.rpartition("/")[2]: flat(node["ros__parameters"]) for key, node in content.items()}


@pytest.mark.parametrize("name", nodes())
def test_the_parameter_file_holds_every_parameter_with_its_default(name: str) -> None:
    interface = node_interface(name)
    table: ParameterTable = interface.parameters
    values = given(name)[name]
    assert values == {parameter.name: parameter.default for parameter in table}
    for parameter in table:
        assert type(values[parameter.name]) is type(parameter.default), parameter.name
    assert (ROOT / "config" / f"{name}.yaml").read_text() == parameter_file(interface)


@pytest.mark.parametrize("demo", DEMOS)
def test_the_demo_names_nodes_and_parameters_that_there_are(demo: str) -> None:
    for name, values in given(demo).items():
        node_interface(name).parameters.complete(values)


@pytest.mark.parametrize("name", nodes())
def test_every_parameter_and_topic_is_described(name: str) -> None:
    interface = node_interface(name)
    text = markdown(interface)
    for item in (*interface.inputs, *interface.outputs, *interface.services):
        assert f"| `{item.name}` | `{item.type}` |" in text
        assert len(item.description) > 10, item.name
        assert not item.name.startswith("/")
    for parameter in interface.parameters:
        assert f"| `{parameter.name}` |" in text
        assert len(parameter.description) > 8, parameter.name


@pytest.mark.parametrize("name", [*SELF_MADE, *DEMOS])
def test_rviz_shows_topics_that_there_are_and_matches_any_publisher(name: str) -> None:
    content = yaml.safe_load((ROOT / "config" / f"{name}.rviz").read_text())
    interfaces = [node_interface(node) for node in SELF_MADE]
    known = {topic.name for i in interfaces for topic in (*i.inputs, *i.outputs)}
    shown = [d for d in content["Visualization Manager"]["Displays"] if "Topic" in d]
    assert shown
    for display in shown:
        assert display["Topic"]["Value"] in known
        assert display["Topic"]["Reliability Policy"] == "Best Effort"
        assert display["Topic"]["Durability Policy"] == "Volatile"


@pytest.mark.parametrize("capability", CAPABILITIES.values(), ids=lambda c: c.name)
def test_confidence_that_a_node_sends_is_in_the_browser_and_in_rviz(capability: Capability) -> None:
    for name, node in capability.nodes.items():
        sent = {t.name for t in node.load().outputs if t.name.endswith("/confidence")}
        assert sent <= set(capability.view.pictures if capability.view else sent)
        shown = (ROOT / "config" / f"{name}.rviz").read_text() if sent else ""
        assert all(topic in shown for topic in sent)


def test_qos_overrides_are_for_topics_that_there_are() -> None:
    content = yaml.safe_load((ROOT / "config" / "qos_overrides.yaml").read_text())
    interfaces: list[NodeInterface] = [node_interface(node) for node in SELF_MADE]
    published = {f"/camera/{topic.name}" for i in interfaces for topic in i.outputs}
    assert set(content) <= published


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("inf"), ".inf"),
        (1e-5, "1.0e-05"),
        (2.0, "2.0"),
        ([], "[]"),
        ([0.5, float("inf")], "[0.5, .inf]"),
        (True, "true"),
        ('say "x"', '"say \\"x\\""'),
    ],
)
def test_values_are_written_as_yaml_reads_them(value: object, text: str) -> None:
    assert yaml_value(value) == text
    assert yaml.safe_load(text) == value
    assert type(yaml.safe_load(text)) is type(value)


def test_the_text_is_written_by_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim_camera"]) == 0
    assert capsys.readouterr().out == markdown(node_interface("sim_camera"))
    assert main(["--yaml", "sim_camera"]) == 0
    assert capsys.readouterr().out == parameter_file(node_interface("sim_camera"))
    with pytest.raises(InputError, match="no node 'x'"):
        main(["x"])


def test_describing_the_nodes_needs_no_ros() -> None:
    block = "import sys; sys.modules.update(rclpy=None, sensor_msgs=None, std_msgs=None); "
    run = "from ddff_perception.ros.describe import main; sys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", block + run], capture_output=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr.decode()


def test_the_profile_is_set_unless_the_user_chose_one() -> None:
    profile = fastdds_profile()
    assert profile is not None and profile.name == "fastdds_shm.xml"
    assert node_environment({"A": "b"}) == {
        "A": "b",
        **dict.fromkeys(PROFILE_VARIABLES, str(profile)),
    }
    chosen = {PROFILE_VARIABLES[0]: "/my.xml"}
    assert node_environment(chosen) == chosen
