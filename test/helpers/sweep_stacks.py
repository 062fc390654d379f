"""Bags of a small focus sweep, for tests of what is done with them."""

from pathlib import Path

import numpy as np
from sweeps import wall_depth, wall_stack, write_wall

from ddff_perception.simulation.focus_camera.bag import SweepBagSettings, write_sweep_bag
from ddff_perception.types import FocalStack

SLICES = 5


def wall() -> tuple[FocalStack, np.ndarray]:
    """Five slices of a slanted wall, from near to far, and its true depth."""
    return wall_stack(count=SLICES), wall_depth()


def sweep_bag(path: Path, storage: str = "mcap", compress: bool = False, **settings) -> Path:
    """A bag in which the wall is swept; `settings` as of SweepBagSettings."""
    folder = path.parent / f"{path.name}_stack"
    if not folder.exists():
        write_wall(folder, count=SLICES)
    settings = SweepBagSettings(**settings)
    write_sweep_bag(folder, path, settings, storage=storage, compress=compress)
    return path
