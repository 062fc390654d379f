"""The counters that the causes name are ones that the node counts."""

from ddff_perception.reflection.capture.rotating import RotatingCapture
from ddff_perception.reflection.health import CAUSES
from ddff_perception.reflection.pipeline import SeparationPipeline


def test_every_counter_of_capture_that_is_explained_is_counted() -> None:
    counted = {*SeparationPipeline().counters, *RotatingCapture().counters}
    named = [name for name in (*CAUSES.faults, *CAUSES.blocks) if name.startswith("capture: ")]
    assert {name.removeprefix("capture: ") for name in named} <= counted
