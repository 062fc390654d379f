"""The examples for Nav2 name nodes, parameters and topics that there are."""

from __future__ import annotations

from pathlib import Path

import yaml

from ddff_perception.ros.nodes import node_interface
from ddff_perception.ros.parameter_file import file_values, read_parameter_file

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "config" / "nav2_costmap_example.yaml"
DEPTH_FILE = ROOT / "config" / "nav2_depth_example.yaml"


def test_its_parameters_fit_the_node_and_its_cloud_is_one_of_the_nodes() -> None:
    interface = node_interface("rgbd_segmentation")
    values = file_values(FILE, interface)
    assert {"floor", "ceiling"}.isdisjoint(values["points.classes"])
    layer = yaml.safe_load(FILE.read_text())["local_costmap"]["local_costmap"]["ros__parameters"]
    things = layer["labelled_layer"]["things"]
    assert things["topic"].removeprefix("/camera/") in {t.name for t in interface.outputs}
    assert things["marking"] and not things["clearing"]


def test_the_managers_lead_the_nodes_that_run_and_expect_a_bond_where_there_is_one():
    content = read_parameter_file(DEPTH_FILE)
    values = file_values(DEPTH_FILE, node_interface("depth_from_focus"))
    manager = content["/**/lifecycle_manager_depth"]
    assert manager["node_names"] == ["depth_from_focus"]
    # Nav2 gives a bond half of its time to form.
    assert 0.0 < values["bond_heartbeat_period"] < manager["bond_timeout"] / 2
    costmap = content["/**/lifecycle_manager_costmap"]
    assert (costmap["node_names"], costmap["bond_timeout"]) == (["costmap"], 0.0)
    source = (ROOT / "launch" / "nav2_depth_example.launch.py").read_text()
    topic = content["/**/costmap"]["depth_layer"]["depth"]["topic"]
    assert f'("points", "{topic.removeprefix("/camera/")}")' in source
    outputs = {t.name for t in node_interface("depth_from_focus").outputs}
    assert '("image_rect", "depth/image_rect")' in source
    # image_transport takes the calibration from beside the image.
    assert {"depth/image_rect", "depth/camera_info"} <= outputs
