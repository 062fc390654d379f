"""Where one frame stands in another, by TF (`tf2_ros`)."""

from __future__ import annotations

from typing import Any

from ..optics.rigid_transform import RigidTransform
from ..types import InputError


class Transforms:
    """What TF says, of `node`; nothing is subscribed before the first question."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self._buffer: Any = None
        self._listener: Any = None

    def stand(self, target: str, source: str, stamp: Any) -> RigidTransform:
        """Points of the frame `source` in the frame `target` at a message's stamp.

        Raises InputError where TF does not know, or tf2_ros is not installed.
        """
        if target == source:
            return RigidTransform.identity()
        try:
            import tf2_ros
            from rclpy.time import Time
        except ImportError as error:
            raise InputError(
                f"{source} is another frame than {target}, and tf2_ros is not installed to say "
                "where it stands: install it, or give the transform as a parameter"
            ) from error
        if self._buffer is None:
            self._buffer = tf2_ros.Buffer()
            self._listener = tf2_ros.TransformListener(self._buffer, self._node)
        try:
            found = self._buffer.lookup_transform(target, source, Time.from_msg(stamp)).transform
        except tf2_ros.TransformException as error:
            raise InputError(
                f"TF does not say where {source} stands in {target}: {error}"
            ) from error
        move, turn = found.translation, found.rotation
        return RigidTransform.of_numbers([move.x, move.y, move.z, turn.x, turn.y, turn.z, turn.w])
