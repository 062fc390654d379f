"""The package's nodes by name, and what their processes need around them. No ROS is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..capability import chosen
from ..registry import nodes
from .interface import NodeInterface

PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
"""What names a Fast DDS profile: in Fast DDS 3 (Kilted and later), and in 2 (Humble, Jazzy)."""


def node_interface(name: str) -> NodeInterface:
    """What the node `name` offers; raises InputError if there is no such node."""
    interface: NodeInterface = chosen(nodes(), "node", name).load()
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
