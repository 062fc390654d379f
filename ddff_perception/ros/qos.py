"""Quality of service by name, overridable by parameter, and mismatches in words.

Who publishes images offers as much as it can (reliable), who subscribes asks for as little as it
can (best effort): then every pair matches (REP-2003).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
    qos_policy_name_from_kind,
)
from rclpy.qos_overriding_options import QoSOverridingOptions

from ..types import InputError

try:
    from rclpy.event_handler import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )
except ImportError:  # ROS 2 Humble
    from rclpy.qos_event import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )

__all__ = [
    "PROFILES",
    "UnsupportedEventTypeError",
    "check_overrides",
    "is_latched",
    "mismatch_text",
    "overrides",
    "publisher_events",
    "subscription_events",
]


def _profile(depth: int, reliable: bool, latched: bool = False) -> QoSProfile:
    reliability, durability = QoSReliabilityPolicy, QoSDurabilityPolicy
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability.RELIABLE if reliable else reliability.BEST_EFFORT,
        durability=durability.TRANSIENT_LOCAL if latched else durability.VOLATILE,
    )


PROFILES: Mapping[str, Callable[[], QoSProfile]] = MappingProxyType(
    {
        # Images and clouds out: reaches best-effort and reliable subscribers.
        "stream": lambda: _profile(5, reliable=True),
        # Images in: accepts every driver. Ten frames bridge a pause of the process.
        "sensor": lambda: _profile(10, reliable=False),
        # Small readings in: many may come while one image is on its way.
        "readings": lambda: _profile(100, reliable=False),
        # Small readings out.
        "state": lambda: _profile(100, reliable=True),
        # Commands in: none may be lost.
        "command": lambda: _profile(10, reliable=True),
        # Said once, heard by those who come later.
        "latched": lambda: _profile(1, reliable=True, latched=True),
    }
)
"""A fresh profile by name; overriding changes the object, so that none is shared."""


def overrides() -> QoSOverridingOptions:
    """Declares `qos_overrides.<topic>.<publisher|subscription>.{history,depth,reliability}`."""
    return QoSOverridingOptions.with_default_policies()


_CHOICES = {
    "reliability": ("reliable", "best_effort", "best_available", "system_default"),
    "history": ("keep_last", "keep_all", "system_default"),
}
_DEEPEST = 100_000


def check_overrides(given: Mapping[str, object]) -> None:
    """Raises InputError where a parameter `qos_overrides...` among `given` has a value that no
    policy has: rclpy would find out when the topic is made, and end the node.
    """
    for name, value in given.items():
        policy = name.rpartition(".")[2]
        if not name.startswith("qos_overrides."):
            continue
        if policy in _CHOICES and str(value).lower() not in _CHOICES[policy]:
            choices = ", ".join(_CHOICES[policy])
            raise InputError(f"{name} must be one of {choices}, not {value!r}")
        if policy == "depth" and (type(value) is not int or not 1 <= value <= _DEEPEST):
            raise InputError(f"{name} must be a whole number in 1 .. {_DEEPEST}, not {value!r}")


def mismatch_text(topic: str, publishes: bool, policy: str) -> str:
    """What an incompatible-QoS event means and what to do.

    `topic`: resolved name; `publishes`: whether the event is of our publisher; `policy`: name of
    the policy as rclpy gives it.
    """
    name = policy.lower()
    if publishes:
        who = f"a subscriber of {topic} asks for a stronger {name} than we offer and gets nothing"
    else:
        who = f"a publisher of {topic} offers a weaker {name} than we ask for: we get nothing of it"
    if name == "reliability":
        kind, value = ("publisher", "reliable") if publishes else ("subscription", "best_effort")
        return f"{who}; set the parameter qos_overrides.{topic}.{kind}.reliability to {value}"
    if name == "durability" and publishes:
        return f"{who}; let it subscribe with durability volatile"
    return f"{who}; see `ros2 topic info --verbose {topic}` for both sides"


def subscription_events(
    topic: str, report: Callable[[str], None], matched: Callable[[], None] | None = None
) -> SubscriptionEventCallbacks:
    """Event callbacks that `report` a mismatch in words and call `matched` when a publisher comes
    or goes. Raises TypeError where rclpy has no matched event (ROS 2 Humble).
    """
    events: dict[str, Any] = {
        "incompatible_qos": lambda event: report(mismatch_text(topic, False, _policy(event)))
    }
    if matched is not None:
        events["matched"] = lambda _event: matched()
    return SubscriptionEventCallbacks(**events)


def is_latched(publisher: Any) -> bool:
    """Whether a publisher (of `get_publishers_info_by_topic`) keeps its messages for those who come
    later.
    """
    return bool(publisher.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL)


def publisher_events(
    topic: str, report: Callable[[str], None], matched: Callable[[], None] | None = None
) -> PublisherEventCallbacks:
    """Event callbacks that `report` a mismatch in words and call `matched` when a subscriber comes
    or goes. Raises TypeError where rclpy has no matched event (ROS 2 Humble).
    """
    events: dict[str, Any] = {
        "incompatible_qos": lambda event: report(mismatch_text(topic, True, _policy(event))),
        # Each event costs time in every wait of the executor. What rclpy adds by itself tells of a
        # subscriber of another type, which is told by the subscriber too.
        "use_default_callbacks": False,
    }
    if matched is not None:
        events["matched"] = lambda _event: matched()
    return PublisherEventCallbacks(**events)


def _policy(event: Any) -> str:
    try:
        return str(qos_policy_name_from_kind(event.last_policy_kind))
    except (KeyError, ValueError):
        return "policy"
