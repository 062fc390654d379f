import pytest

pytest.importorskip("rclpy")

from ddff_perception.ros.diagnostics import Diagnostics, Throttle
from ddff_perception.ros.health import Level

SECOND = 10**9


class Time:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


def test_rates_are_counts_since_the_last_report() -> None:
    time = Time()
    diagnostics = Diagnostics(time)
    diagnostics.report(0)
    for _ in range(30):
        diagnostics.count_input("image_rect", 0)
    diagnostics.count_output(0, 0)
    time.ns = 2 * SECOND
    values = diagnostics.report(0).values
    assert values["image_rect in per second"] == "15.00"
    assert values["outputs per second"] == "0.50"
    assert values["image_rect in"] == "30"
    time.ns = 3 * SECOND
    assert diagnostics.report(0).values["image_rect in per second"] == "0.00"


def test_latency_is_median_and_95_percent() -> None:
    diagnostics = Diagnostics()
    for milliseconds in range(1, 101):
        diagnostics.count_output(5 * SECOND, 5 * SECOND + milliseconds * 1_000_000)
    values = diagnostics.report(0).values
    assert values["latency median [ms]"] == "50.50"
    assert values["latency 95 % [ms]"] == "95.05"


def test_the_age_of_the_input_is_by_the_node_clock() -> None:
    diagnostics = Diagnostics()
    diagnostics.count_input("image_rect", 7 * SECOND)
    assert diagnostics.report(9 * SECOND).values["input age [s]"] == "2.00"


def test_a_rejected_input_is_warned_of_once_and_remembered() -> None:
    diagnostics = Diagnostics()
    diagnostics.count_rejected("image_rect", "bayer is not supported")
    diagnostics.count_rejected("image_rect", "bayer is not supported")
    first = diagnostics.report(0)
    assert first.verdict.level is Level.WARN
    assert first.verdict.sentence == "bayer is not supported (2 x)"
    assert first.values["rejected: image_rect"] == "2"
    second = diagnostics.report(0)
    assert second.verdict.level is Level.OK
    assert second.values["last error"] == "bayer is not supported"


def test_a_rate_outside_its_band_is_warned_of() -> None:
    time = Time()
    diagnostics = Diagnostics(time)
    diagnostics.report(0)
    for second, count, level in ((1, 10, 0), (2, 2, 1), (3, 40, 1), (4, 10, 0)):
        for _ in range(count):
            diagnostics.count_output(0, 0)
        time.ns = second * SECOND
        assert diagnostics.report(0, (5.0, 30.0)).verdict.level == level


def test_an_input_that_stops_is_named_with_its_age() -> None:
    time = Time()
    diagnostics = Diagnostics(time)
    diagnostics.expect(["image_rect"])
    time.ns = SECOND // 10
    diagnostics.arrived("image_rect")
    assert diagnostics.report(0).values["input image_rect"] == "0.00 s ago"
    time.ns = 3 * SECOND
    status = diagnostics.report(0)
    assert status.values["input image_rect"] == "STALE, 2.90 s ago"
    assert status.verdict.level is Level.WARN
    assert status.verdict.sentence.startswith("image_rect: nothing has come for 2.9 s; check who")


def test_drops_are_counted_by_reason_without_a_warning() -> None:
    diagnostics = Diagnostics()
    diagnostics.count_drop("no room", 3)
    status = diagnostics.report(0)
    assert (status.verdict.level, status.values["dropped: no room"]) == (Level.OK, "3")


def test_stages_are_medians() -> None:
    diagnostics = Diagnostics()
    for value in (1.0, 9.0, 2.0):
        diagnostics.stages({"solve": value})
    assert diagnostics.report(0).values["solve median [ms]"] == "2.00"


def test_the_same_thing_is_said_once_per_period() -> None:
    now = [0.0]
    throttle = Throttle(5.0, lambda: now[0])
    assert throttle.allows("a") and throttle.allows("b") and not throttle.allows("a")
    now[0] = 5.0
    assert throttle.allows("a") and not throttle.allows("a")
