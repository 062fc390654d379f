"""The drives that come with the package: the second one is found on the first."""

import numpy as np
import pytest

from ddff_perception.alignment.evaluation.scores import OffsetScores
from ddff_perception.alignment.pipeline import RoutePipeline
from ddff_perception.simulation.route_camera.frames import RouteCamera, open_route


@pytest.fixture(scope="module")
def places():
    """Times found live and true ones, per image."""
    pipeline = RoutePipeline({"reference": "demo"})
    camera = RouteCamera(*open_route(None, None))
    found, true = [], []
    for number in range(len(camera.drive)):
        image, place = camera.frame(number)
        assert place is not None
        pipeline.add_image(round(camera.drive.seconds[number] * 1e9), image)
        located, _ = pipeline.locate()
        found.append(np.nan if located.match.lost else located.reference_ns / 1e9)
        true.append(np.nan if place.number < 0 else place.reference_ns / 1e9)
    return np.array(found), np.array(true)


def test_most_images_of_another_day_are_found_within_half_a_second(places):
    scores = OffsetScores.of(*places)
    assert scores.matched > 0.5
    assert scores.within_15 > 0.35
