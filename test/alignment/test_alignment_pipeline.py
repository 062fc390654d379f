"""Images and stamps in, places on the route out, without ROS."""

from pathlib import Path

import numpy as np
import pytest
from described_drives import START_NS, STEP_NS, DescribedPipeline, described_reference, image_at


@pytest.fixture(scope="module")
def route():
    return described_reference()


@pytest.fixture
def pipeline(route):
    made = DescribedPipeline({"method": "sift"})
    made.prepare_reference(route).apply()
    return made


def played(pipeline, where, start_ns=START_NS):
    """What is said of images from `where`, played from `start_ns`."""
    found = []
    for number, place in enumerate(where):
        assert pipeline.add_image(start_ns + number * STEP_NS, image_at(place, number))
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


def test_stamps_that_do_not_go_forward_give_nothing_new(pipeline):
    assert pipeline.add_image(START_NS, image_at(10))
    assert not pipeline.add_image(START_NS, image_at(11))
    assert not pipeline.add_image(START_NS - STEP_NS, image_at(9))
    counters = pipeline.counters
    assert (counters["dropped_repeated"], counters["dropped_out_of_order"]) == (1, 1)
