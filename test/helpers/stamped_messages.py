"""Messages for the message filters: only a header and a label."""

from types import SimpleNamespace

from builtin_interfaces.msg import Time as TimeMsg
from rclpy.time import Time

_NS_PER_MS = 1_000_000


def at(stamp_ms, label=None):
    """A message with a header; `label` tells messages of one stamp apart."""
    seconds, rest = divmod(stamp_ms * _NS_PER_MS, 1_000_000_000)
    stamp = TimeMsg(sec=seconds, nanosec=rest)
    return SimpleNamespace(header=SimpleNamespace(stamp=stamp), label=label, ms=stamp_ms)


def ros_time(stamp_ms):
    return Time.from_msg(at(stamp_ms).header.stamp)
