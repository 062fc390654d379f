"""Where one frame stands in another: a rotation and a translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..types import InputError


@dataclass(frozen=True, slots=True, eq=False)
class RigidTransform:
    """Points of one frame in another: `rotation` (3, 3) times the point plus `translation` (3,),
    metres.
    """

    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]

    @classmethod
    def identity(cls) -> RigidTransform:
        """Both frames are one."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def of_numbers(cls, numbers: Sequence[float]) -> RigidTransform:
        """Of x, y, z in metres and a quaternion x, y, z, w, as ROS writes a transform.

        Raises InputError on another count, or on a quaternion of no length.
        """
        values = np.asarray(numbers, np.float64)
        if values.shape != (7,) or not np.isfinite(values).all():
            raise InputError(
                f"a transform is x, y, z and a quaternion x, y, z, w, not {len(numbers)} numbers"
            )
        length = float(np.linalg.norm(values[3:]))
        if not 0.9 < length < 1.1:
            raise InputError(f"the quaternion of a transform has length 1, not {length:g}")
        x, y, z, w = values[3:] / length
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        return cls(rotation, values[:3])
