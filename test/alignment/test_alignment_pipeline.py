"""Images and stamps in, places on the route out, without ROS."""

from pathlib import Path

import numpy as np
import pytest
from routes import DescribedRoute

from ddff_perception.alignment.capture.reference import Reference
from ddff_perception.alignment.methods import METHODS, described_by
from ddff_perception.alignment.pipeline import RoutePipeline

STEP_NS = 200_000_000
START_NS = 10**12
WAY = DescribedRoute(1, length=200)
NOISE = np.random.default_rng(0).integers(0, 256, (24, 32), np.uint8)


class DescribedPipeline(RoutePipeline):
    """An image's first row says where on the route it was taken."""

    def find(self, method, taken):
        return WAY.frames(taken[0, :1].astype(float), seed=int(taken[0, 1]))[0]


@pytest.fixture(scope="module")
def route():
    """The reference of all of the way."""
    facts = {**described_by(METHODS.create("sift")), "size": [32, 24]}
    count = WAY.length + 1
    return Reference(
        WAY.frames(np.arange(float(count))),
        START_NS + STEP_NS * np.arange(count),
        np.arange(count),
        np.zeros(count + 1, np.int64),
        np.zeros(0, np.uint8),
        facts,
    )


@pytest.fixture
def pipeline(route):
    made = DescribedPipeline({"method": "sift"})
    made.prepare_reference(route).apply()
    return made


def played(pipeline, where, start_ns=START_NS):
    """What is said of images from `where`, played from `start_ns`."""
    found = []
    for number, place in enumerate(where):
        image = NOISE.copy()
        image[0, :2] = place, number % 256
        assert pipeline.add_image(start_ns + number * STEP_NS, image)
        found.append(pipeline.locate()[0].match)
    return found


@pytest.mark.parametrize("back_s", [20, 60, 3000])
def test_a_bag_that_begins_again_is_laid_over_the_route_anew(pipeline, back_s):
    where = np.arange(60, 120)
    assert not played(pipeline, where)[-1].lost
    again = played(pipeline, where, START_NS + len(where) * STEP_NS - back_s * 10**9)
    assert pipeline.counters["time_jumps"] == 1
    assert again[0].lost and not any(match.lost for match in again[30:])
    assert all(abs(m.row - place) <= 5 for m, place in zip(again, where, strict=True) if not m.lost)


def test_a_route_that_was_set_beside_the_parameter_is_left_by_setting_that(route, tmp_path):
    files = [str(tmp_path / f"{name}.route") for name in "ab"]
    for file in files:
        route.save(Path(file))
    values = {"method": "sift", "reference": files[0]}
    pipeline = DescribedPipeline(values)
    pipeline.prepare_reference(files[1]).apply()
    pipeline.prepare(values).apply()
    assert pipeline.source == files[0]
    pipeline.prepare_reference(files[1]).apply()
    pipeline.prepare({**values, "reference": ""}).apply()
    assert pipeline.reference is None
