"""`ddff info`: what is installed, and what the capabilities offer."""

from __future__ import annotations

import importlib.util
import platform
from typing import Any

import typer
from rich.table import Table

from .. import __version__
from ..capability import Capability
from ..console import AsJson, console
from ..files.atomic import json_text
from ..registry import CAPABILITIES

SHOWN_MODULES = (
    "rclpy", "cv_bridge", "message_filters", "launch_ros", "rosbags", "mitsuba", "onnxruntime",
    "openvino", "tensorrt",
)  # fmt: skip


def info(as_json: AsJson = False) -> None:
    """Show the version, the methods, and which optional parts are installed.

    Example:
      ddff info

    """
    content = _collect()
    if as_json:
        typer.echo(json_text(content))
        return
    table = Table(title=f"ddff_perception {__version__}", show_header=False)
    for name in ("python", "numpy", "opencv"):
        table.add_row(name, content[name])
    for name, found in content["modules"].items():
        table.add_row(name, "installed" if found else "not installed")
    console.print(table)
    for capability, described in content["methods"].items():
        methods = Table(title=f"methods of {capability}", show_header=False)
        for name, description in described.items():
            methods.add_row(name, description)
        console.print(methods)


def _collect() -> dict[str, Any]:
    import cv2
    import numpy as np

    return {
        "version": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "modules": {name: importlib.util.find_spec(name) is not None for name in SHOWN_MODULES},
        "methods": {
            capability.name: method_descriptions(capability)
            for capability in CAPABILITIES.values()
            if capability.methods is not None
        },
    }


def method_descriptions(capability: Capability) -> dict[str, str]:
    """What each method of a capability does, in a line: none where it has no methods."""
    methods = {} if capability.methods is None else capability.methods.load()
    return {name: method.description for name, method in methods.items()}
