"""The node over live DDS: images in, places on the route out."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from ddff_perception.msg import RouteMatch
from ddff_perception.srv import SetReference
from described_drives import DescribedPipeline, described_reference, image_at
from drawn_drives import drive, places, reference
from live_health import Reports
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from ddff_perception.alignment.node import VideoAlignmentNode
from ddff_perception.ros import messages

pytestmark = pytest.mark.ros
STEP_NS = 200_000_000


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    """A folder with the reference of one wall, and one of another."""
    folder = tmp_path_factory.mktemp("routes")
    for seed, name in enumerate(("wall", "other")):
        reference(seed).save(folder / f"{name}.route")
    return folder


class DescribedNode(VideoAlignmentNode):
    """The node before images that say where they were taken."""

    def make_pipeline(self, values):
        return DescribedPipeline(values)


class Live:
    """A camera before the node, and what the node says of its images."""

    def __init__(self, ros, routes, kind=VideoAlignmentNode, **parameters) -> None:
        width = 128 if kind is VideoAlignmentNode else 320
        values = {
            "method": "sift", "sift.width": width, "reference_folder": str(routes),
            "matching.minimum_s": 2.0, "diagnostics_period_s": 0.1, **parameters,
        }  # fmt: skip
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        self.ros = ros
        self.node = ros.add(kind(parameter_overrides=overrides))
        assert self.node.start()
        self.matches = ros.listen(RouteMatch, "route_match")
        self.pictures = ros.listen(Image, "reference/image")
        self._image = ros.talk(Image, "image")
        ros.wait_met(self._image)
        self.begin_again()

    def begin_again(self) -> None:
        """Stamps are those of the first images once more, as of a bag that loops."""
        self._stamp_ns = 10**9

    def send(self, image) -> None:
        self._stamp_ns += STEP_NS
        header = messages.header_at(self._stamp_ns, "camera_optical_frame")
        self._image.publish(messages.image_message(np.ascontiguousarray(image), header))

    def match(self, image) -> RouteMatch:
        self.send(image)
        found = self.matches.wait_new()[-1]
        assert messages.stamp_ns(found.header.stamp) == self._stamp_ns
        return found

    def drive(self, images) -> list[RouteMatch]:
        return [self.match(image) for image in images]

    def set_reference(self, name: str):
        service = f"{self.node.get_name()}/set_reference"
        return self.ros.call(SetReference, service, SetReference.Request(name=name))


def test_a_drive_is_laid_over_the_recorded_one_and_shown_beside_it(ros, routes):
    live = Live(ros, routes, reference=str(routes / "wall.route"))
    found = live.drive(drive(where=places(0.2, 0.9, 35), light=0.8))
    late = found[-15:]
    assert not any(match.lost for match in late)
    wanted = np.interp(places(0.2, 0.9, 35)[-15:], places(), np.arange(60))
    assert np.abs([m.frame for m in late] - wanted).max() <= 2.5
    stamp = messages.stamp_ns(late[-1].reference_stamp)
    assert stamp == 1_000 * 10**9 + late[-1].frame * STEP_NS
    assert 0.2 < late[-1].confidence <= 1.0 and late[-1].rate == pytest.approx(1.2, abs=0.4)
    assert found[0].lost and found[0].frame == -1
    ros.wait_for(lambda: live.pictures[-1].header == late[-1].header, "the last picture")
    picture = messages.image_array(live.pictures[-1])
    error = np.abs(picture.astype(int) - drive()[late[-1].frame]).mean()
    assert error < 10


def test_another_route_black_frames_and_a_missing_reference_are_told(ros, routes):
    live = Live(ros, routes)
    reports = Reports(ros, live.node)
    for image in drive()[:3]:
        live.send(image)
    reports.wait_told("there is no reference")
    answer = live.set_reference("../wall")
    assert not answer.success and "is no name of a reference" in answer.message
    answer = live.set_reference("nowhere")
    assert not answer.success and "['other', 'wall']" in answer.message
    answer = live.set_reference("other")
    assert answer.success and answer.message == "other.route is the reference"
    assert all(match.lost for match in live.drive(drive(seed=0, where=places(0.1, 0.9, 25))))
    assert live.match(np.zeros((120, 160, 3), np.uint8)).lost
    totals = live.node.diagnostics
    ros.wait_for(lambda: totals.totals.get("capture: blank") == 1, "count of blank images")
    assert live.set_reference("wall").success
    assert not live.drive(drive(where=places(0.3, 0.8, 25)))[-1].lost


def test_it_stands_turns_round_and_begins_again_as_a_bag_that_loops(ros, tmp_path):
    described_reference().save(tmp_path / "way.route")
    live = Live(ros, tmp_path, DescribedNode, reference=str(tmp_path / "way.route"))

    def found(places):
        matches = live.drive(image_at(int(place), n) for n, place in enumerate(places))
        assert all(m.lost or abs(m.frame - p) <= 5 for m, p in zip(matches, places, strict=True))
        return matches

    assert not any(match.lost for match in found(range(60, 90))[20:])
    still = found([89] * 18)
    assert not any(match.lost for match in still) and still[-1].rate < 0.4
    live.begin_again()
    again = found(range(60, 90))
    assert again[0].lost and not any(match.lost for match in again[20:])
    totals = live.node.diagnostics
    ros.wait_for(lambda: totals.totals.get("capture: time_jumps") == 1, "count of jumps")
    back = live.drive(image_at(place, 7) for place in range(89, 64, -1))
    assert all(match.lost for match in back[18:])


def test_the_service_and_the_parameter_reference_agree(ros, routes):
    live = Live(ros, routes)
    node, wall = live.node, str(routes / "wall.route")
    assert live.set_reference("wall").success and live.set_reference("wall").success
    assert node.get_parameter("reference").value == wall
    node.trigger_deactivate(), node.trigger_cleanup(), node.trigger_configure()
    assert node.pipeline.source == wall
    assert live.set_reference("other").success
    for value in (wall, ""):
        (result,) = node.set_parameters([Parameter("reference", value=value)])
        assert result.successful
        assert node.on_worker(lambda: node.pipeline.source).result(5) == value


def test_references_that_do_not_fit_are_refused_and_the_node_goes_on(ros, routes, tmp_path):
    live = Live(ros, routes, reference=str(routes / "wall.route"))
    whole = (routes / "other.route").read_bytes()
    (routes / "short.route").write_bytes(whole[: len(whole) // 2])
    answer = live.set_reference("short")
    assert not answer.success and "is truncated" in answer.message
    reference(2, spacing=32).save(tmp_path / "unlike.route")
    wrong = Parameter("reference", value=str(tmp_path / "unlike.route"))
    (refused,) = live.node.set_parameters([wrong])
    assert not refused.successful and "which is not sift as it is set here" in refused.reason
    before = live.node.diagnostics.totals.get("rejected: images", 0)
    live.send(np.zeros((90, 160, 3), np.uint8))
    ros.wait_for(
        lambda: live.node.diagnostics.totals.get("rejected: images", 0) > before, "complaint"
    )
    assert not live.drive(drive(where=places(0.3, 0.8, 25)))[-1].lost
