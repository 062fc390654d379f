"""The end of a node's process."""

from __future__ import annotations

from contextlib import suppress

import rclpy
from rclpy.node import Node


def end(node: Node | None) -> None:
    """Frees the node and ends rclpy. Another Ctrl-C meanwhile leaves the rest to the end of the
    process.
    """
    with suppress(KeyboardInterrupt):
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
