"""What is opened of which topics: each capability's own view, and a view of anything else."""

from __future__ import annotations

import pytest

from ddff_perception.capability import Capability, Reference, View
from ddff_perception.files.bags_types import COMPRESSED_IMAGE, FOCUS_STATE, IMAGE
from ddff_perception.registry import CAPABILITIES
from ddff_perception.viewing.layout import (
    POINTS,
    Subject,
    guessed_view,
    node_view,
    panes,
    recorded_subjects,
    short_names,
)
from ddff_perception.viewing.pictures import LOOKS

VIEWS = {name: c.view for name, c in CAPABILITIES.items() if c.view is not None}


def opened(subject: Subject) -> list[str]:
    return [pane.topic for pane in panes(subject) if pane.opened]


@pytest.mark.parametrize("name", VIEWS)
def test_what_a_capability_opens_are_topics_of_its_nodes(name: str) -> None:
    capability, view = CAPABILITIES[name], VIEWS[name]
    interfaces = [
        code.load() for code in (*capability.nodes.values(), *capability.sensors.values())
    ]
    types = {t.name: t.type for i in interfaces for t in (*i.inputs, *i.outputs)}
    assert {types[topic] for topic in view.pictures} <= {IMAGE}
    assert {types[topic] for topic in view.clouds} <= {POINTS}
    looks = [look for look in view.pictures.values() if not isinstance(look, Reference)]
    assert set(looks) <= set(LOOKS)
    topics = {f"/camera/{topic}": kind for topic, kind in types.items()}
    wanted = [f"/camera/{n}" for n in (*view.pictures, *view.clouds, *view.readings)]
    assert opened(Subject("x", topics, view, "/camera")) == wanted
    assert recorded_subjects(topics)[0].name == name


@pytest.mark.parametrize("name", [name for name, c in CAPABILITIES.items() if c.nodes])
def test_every_capability_with_a_node_says_what_is_seen_of_it(name: str) -> None:
    assert name in VIEWS


def test_a_capability_without_a_view_shows_its_images_and_clouds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = Reference("ddff_perception.segmentation.interface:RGBD_SEGMENTATION")
    monkeypatch.setitem(CAPABILITIES, "new", Capability("new", "", {"newest": code}))
    view = node_view("newest")
    assert view is not None and view.clouds == ("segmentation/points",)
    assert "color/image_rect" in view.pictures and "segmentation/image" in view.pictures
    assert node_view("no_such_node") is None


def test_the_nodes_own_namespace_counts_before_another_and_truth_last() -> None:
    view = View({"depth/image_rect": "depth"})
    names = ("/b/depth/image_rect", "/a/depth/image_rect", "/truth/depth/image_rect")
    topics = dict.fromkeys(names, IMAGE)
    assert opened(Subject("x", topics, view, "/b")) == ["/b/depth/image_rect"]
    assert opened(Subject("x", topics, view)) == ["/a/depth/image_rect"]
    elsewhere = {"/far/away/depth/image_rect": IMAGE}
    assert opened(Subject("x", elsewhere, view, "/b")) == ["/far/away/depth/image_rect"]


def test_a_compressed_topic_stands_for_its_image() -> None:
    topics = {"/c/image_rect/compressed": COMPRESSED_IMAGE}
    assert opened(Subject("x", topics, View({"image_rect": "image"}), "/c")) == list(topics)


def test_of_unknown_topics_the_first_images_and_one_cloud_are_opened() -> None:
    topics = {f"/camera_{n}/image": IMAGE for n in range(9)} | {"/a": POINTS, "/b": POINTS}
    topics |= {"/camera_0/image/compressed": COMPRESSED_IMAGE, "/lens": FOCUS_STATE}
    topics |= {"/chatter": "std_msgs/msg/String"}
    subject = Subject("x", topics, guessed_view(topics))
    assert opened(subject) == [*(f"/camera_{n}/image" for n in range(4)), "/a"]
    listed = {pane.topic for pane in panes(subject)}
    assert set(topics) - listed == {"/chatter"}


def test_titles_leave_out_the_namespace_that_all_share() -> None:
    assert short_names(["/demo/points", "/demo/depth/image_rect"]) == {
        "/demo/points": "points",
        "/demo/depth/image_rect": "depth/image_rect",
    }
    assert short_names(["/points"]) == {"/points": "points"}
    assert short_names([]) == {}
