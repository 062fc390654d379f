import pytest

pytest.importorskip("rclpy")

from rclpy.qos import QoSCompatibility, qos_check_compatible

from ddff_perception.ros.qos import PROFILES, check_overrides, mismatch_text
from ddff_perception.types import InputError


@pytest.mark.parametrize("offered", ["stream", "state", "latched"])
@pytest.mark.parametrize("asked", ["sensor", "readings"])
def test_what_we_publish_reaches_what_we_subscribe(offered: str, asked: str) -> None:
    result, reason = qos_check_compatible(PROFILES[offered](), PROFILES[asked]())
    assert result != QoSCompatibility.ERROR, reason


def test_our_images_reach_reliable_and_best_effort_subscribers() -> None:
    for asked in ("command", "sensor"):
        result, _ = qos_check_compatible(PROFILES["stream"](), PROFILES[asked]())
        assert result != QoSCompatibility.ERROR


def test_profiles_are_not_shared() -> None:
    changed = PROFILES["stream"]()
    changed.depth = 1
    assert PROFILES["stream"]().depth == 5


def test_a_mismatch_names_the_parameter_that_mends_it() -> None:
    ours = mismatch_text("/camera/points", True, "RELIABILITY")
    assert "qos_overrides./camera/points.publisher.reliability to reliable" in ours
    theirs = mismatch_text("/camera/image_rect", False, "RELIABILITY")
    assert "qos_overrides./camera/image_rect.subscription.reliability to best_effort" in theirs
    assert "durability volatile" in mismatch_text("/points", True, "DURABILITY")
    assert "ros2 topic info --verbose /points" in mismatch_text("/points", True, "DEADLINE")


@pytest.mark.parametrize(
    ("policy", "value", "words"),
    [
        ("reliability", "reliabel", "reliable, best_effort"),
        ("reliability", 1, "reliable, best_effort"),
        ("history", "keep", "keep_last, keep_all"),
        ("depth", "10", "whole number"),
        ("depth", 0, "1 .."),
        ("depth", True, "whole number"),
        ("depth", 10**9, "1 .."),
    ],
)
def test_a_value_that_no_policy_has_is_refused(policy: str, value: object, words: str) -> None:
    name = f"qos_overrides./camera/image_rect.subscription.{policy}"
    with pytest.raises(InputError, match=name) as refused:
        check_overrides({"rate": 1.0, name: value})
    assert words in str(refused.value)


def test_values_that_policies_have_are_accepted() -> None:
    start = "qos_overrides./points.publisher."
    check_overrides({f"{start}reliability": "best_effort", f"{start}depth": 5})
    check_overrides({f"{start}history": "KEEP_ALL", "method": "reliabel", "depth": "deep"})
