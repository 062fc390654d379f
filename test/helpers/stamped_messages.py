"""Messages for the message filters: only a header and a label."""

from types import SimpleNamespace

from builtin_interfaces.msg import Time


def at(stamp_ms, label=None):
    """A message with a header; `label` tells messages of one stamp apart."""
    stamp = Time(sec=stamp_ms // 1000, nanosec=stamp_ms % 1000 * 1_000_000)
    return SimpleNamespace(header=SimpleNamespace(stamp=stamp), label=label, ms=stamp_ms)
