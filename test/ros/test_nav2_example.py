"""The example for Nav2 names a node, parameters and topics that there are."""

from __future__ import annotations

from pathlib import Path

import yaml

from ddff_perception.ros.nodes import node_interface
from ddff_perception.ros.parameter_file import file_values

FILE = Path(__file__).resolve().parents[2] / "config" / "nav2_costmap_example.yaml"


def test_its_parameters_fit_the_node_and_its_cloud_is_one_of_the_nodes() -> None:
    interface = node_interface("rgbd_segmentation")
    values = file_values(FILE, interface)
    assert {"floor", "ceiling"}.isdisjoint(values["points.classes"])
    layer = yaml.safe_load(FILE.read_text())["local_costmap"]["local_costmap"]["ros__parameters"]
    things = layer["labelled_layer"]["things"]
    assert things["topic"].removeprefix("/camera/") in {t.name for t in interface.outputs}
    assert things["marking"] and not things["clearing"]
