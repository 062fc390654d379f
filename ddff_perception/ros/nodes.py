"""The package's nodes by name, and what their processes need around them. No ROS is imported."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path

from ..types import InputError
from .interface import NodeInterface

_INTERFACES = {
    "depth_from_focus": ("ddff_perception.depth_from_focus.interface", "DEPTH_FROM_FOCUS"),
    "focus_sweeper": ("ddff_perception.depth_from_focus.interface", "FOCUS_SWEEPER"),
    "reflection_separation": (
        "ddff_perception.reflection.interface",
        "REFLECTION_SEPARATION",
    ),
    "sim_camera": ("ddff_perception.simulation.focus_camera.interface", "SIM_CAMERA"),
    "sim_polarizer_camera": (
        "ddff_perception.simulation.polarizer_camera.interface",
        "SIM_POLARIZER_CAMERA",
    ),
    "bag_recorder": ("ddff_perception.ros.bag_interface", "BAG_RECORDER"),
    "bag_player": ("ddff_perception.ros.bag_interface", "BAG_PLAYER"),
}
NODE_NAMES = tuple(_INTERFACES)

PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
"""What names a Fast DDS profile: in Fast DDS 3 (Kilted and later), and in 2 (Humble, Jazzy)."""


def node_interface(name: str) -> NodeInterface:
    """What the node `name` offers; raises InputError if there is no such node."""
    if name not in _INTERFACES:
        raise InputError(f"there is no node {name!r}; there are: {', '.join(NODE_NAMES)}")
    module, variable = _INTERFACES[name]
    interface: NodeInterface = getattr(importlib.import_module(module), variable)
    return interface


def shared_folder(name: str) -> Path | None:
    """A folder that is installed beside the code (`config`, `launch`): of the checkout or of the
    installation, None where neither is there.
    """
    checkout = Path(__file__).resolve().parents[2] / name
    if checkout.is_dir():
        return checkout
    try:
        from ament_index_python.packages import get_package_share_directory

        installed = Path(get_package_share_directory("ddff_perception")) / name
    except (ImportError, LookupError):
        return None
    return installed if installed.is_dir() else None


def fastdds_profile() -> Path | None:
    """The shipped Fast DDS profile with shared memory for images."""
    folder = shared_folder("config")
    file = folder / "fastdds_shm.xml" if folder is not None else None
    return file if file is not None and file.is_file() else None


def node_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """`environment` (the process's own by default) with the shipped profile, unless the user chose
    one.
    """
    result = dict(os.environ if environment is None else environment)
    profile = fastdds_profile()
    if profile is not None and not any(result.get(name) for name in PROFILE_VARIABLES):
        result.update(dict.fromkeys(PROFILE_VARIABLES, str(profile)))
    return result
