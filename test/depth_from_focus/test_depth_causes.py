"""The counters that the causes name are ones that the node counts."""

import pytest

from ddff_perception.depth_from_focus.health import CAUSES, lens_at_rest
from ddff_perception.depth_from_focus.interface import DEPTH_FROM_FOCUS
from ddff_perception.depth_from_focus.pipeline import DepthPipeline
from ddff_perception.ros.health import Health, Level


def test_every_counter_of_capture_that_is_explained_is_counted() -> None:
    named = [name for name in (*CAUSES.faults, *CAUSES.blocks) if name.startswith("capture: ")]
    assert {name.removeprefix("capture: ") for name in named} <= set(DepthPipeline().counters)
    topics = {topic.name for topic in DEPTH_FROM_FOCUS.inputs}
    assert set(CAUSES.inputs) - {"focal_stack"} <= topics


@pytest.mark.parametrize(
    ("counter", "words"),
    [
        ("capture: dropped_waiting_for_focus", "focus_sweeper"),
        ("capture: focus_invalid", "lens_table"),
        ("capture: held_back", "alignment"),
        ("capture: stamps_from_future", "2 stamps"),
    ],
)
def test_what_grew_since_the_last_look_is_complained_of(counter: str, words: str) -> None:
    health = Health(CAUSES)
    verdict = health.judge(0, 1.0, {counter: 2}, {})
    assert verdict.level is Level.WARN and words in verdict.sentence
    assert health.judge(0, 1.0, {counter: 0}, {}).level is Level.OK


def test_a_lens_may_rest_up_to_a_limit() -> None:
    assert lens_at_rest(10.0, 10.0) == ""
    assert "12 s" in lens_at_rest(12.4, 10.0)
    assert lens_at_rest(1e6, 0.0) == ""
