"""`ddff play`: a stack, polarization, RGB-D or frame folder or a bag as live topics."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ..files.bags_salvage import looks_like_bag
from ..files.drive_folder import is_drive
from ..files.frame_folder import DESCRIPTION as FRAMES
from ..files.polarization_folder import DESCRIPTION
from ..files.rgbd_folder import DESCRIPTION as RGBD
from ..parameters import Value
from ..simulation.focus_camera.replay import ORDERS
from ..simulation.moving_camera.frames import MovingCamera, open_frames
from ..simulation.polarizer_camera.frames import (
    CAMERAS,
    PolarizerCamera,
    PolarizerSettings,
    open_polarization,
)
from ..simulation.rgbd_camera.frames import RgbdCamera, open_rgbd
from ..simulation.route_camera.frames import RouteCamera, open_route
from ..types import InputError


def play(
    source: Annotated[
        Path, typer.Argument(help="Stack, polarization, RGB-D or frame folder, or bag.")
    ],
    rate: Annotated[float, typer.Option(help="Folders: frames per second.")] = 10.0,
    order: Annotated[str, typer.Option(help=f"Stack: one of {', '.join(ORDERS)}.")] = "ping_pong",
    camera: Annotated[
        str, typer.Option(help=f"Polarization folder: one of {', '.join(CAMERAS)}.")
    ] = "mosaic",
    speed: Annotated[float, typer.Option(help="Bag: times the speed of the recording.")] = 1.0,
    topic: Annotated[
        list[str] | None, typer.Option(help="Bag: play this topic, as often as needed (else all).")
    ] = None,
    restamp: Annotated[
        bool, typer.Option(help="Bag: shift the stamps to now; else as recorded.")
    ] = False,
    loop: Annotated[bool | None, typer.Option(help="Play for ever. Default: stacks do.")] = None,
    namespace: Annotated[str, typer.Option(help="Namespace of the topics of a folder.")] = "",
) -> None:
    """Play a folder or a bag as live topics until the end or Ctrl-C.

    A stack becomes a focus-sweeping camera (the node sim_camera): image_rect, camera_info,
    focus_state and, if known, truth/depth. A polarization folder becomes a polarization camera (the
    node sim_polarizer_camera), an RGB-D folder an RGB-D camera (sim_rgbd_camera), a frame
    folder a camera that moves (sim_moving_camera), a drive one that goes a route
    (sim_route_camera). The topics of a bag are played as they were recorded, by the node
    bag_player. Numbers that are the same on every run come from `ddff bag eval` instead.

    Examples:
      ddff play my_stack --rate 30 --namespace camera

      ddff play my_pane --camera rotating --namespace camera

      ddff play my_bag --speed 0.5 --restamp --loop

    """
    if (source / DESCRIPTION).is_file():
        settings = PolarizerSettings(camera)
        PolarizerCamera(open_polarization(source), settings)
        node = "sim_polarizer_camera"
        values: dict[str, Value] = {
            "source": str(source.resolve()),
            "rate_hz": rate,
            "camera": camera,
        }
    elif (source / RGBD).is_file():
        RgbdCamera(open_rgbd(source))
        node = "sim_rgbd_camera"
        values = {"source": str(source.resolve()), "rate_hz": rate}
    elif is_drive(source):
        RouteCamera(*open_route(source, None))
        node = "sim_route_camera"
        values = {"source": str(source.resolve()), "rate_hz": rate}
    elif (source / FRAMES).is_file():
        MovingCamera(open_frames(source))
        node = "sim_moving_camera"
        values = {"source": str(source.resolve()), "rate_hz": rate}
    elif (source / "stack.json").is_file() or not looks_like_bag(source):
        _check_stack(source)
        node = "sim_camera"
        values = {
            "source": str(source.resolve()),
            "rate_hz": rate,
            "order": order,
            "loop": True if loop is None else loop,
        }
    else:
        _check_bag(source)
        node = "bag_player"
        values = {
            "bag": str(source.resolve()),
            "rate": speed,
            "restamp": restamp,
            "loop": bool(loop),
        }
        if topic:
            values["topics"] = topic
    raise typer.Exit(run_node_here(node, values, namespace))


def run_node_here(node: str, values: dict[str, Value], namespace: str = "") -> int:
    """Runs the node of that name in this process, with parameters and the middleware profile.

    Returns its exit status; raises InputError where there is no ROS.
    """
    from ..ros.nodes import node_environment, node_interface

    os.environ.update(node_environment())
    try:
        main = importlib.import_module(node_interface(node).module).main
    except ImportError as error:
        raise InputError(
            f"this needs ROS 2 ({error.name} is missing): source a ROS installation or use "
            "`make setup`"
        ) from error
    return int(main(["ddff", *ros_arguments(values, namespace)]))


def ros_arguments(values: Mapping[str, Value], namespace: str = "") -> list[str]:
    """Parameters and namespace as a node's command line has them."""
    from ..ros.describe import yaml_value

    arguments = ["--ros-args"]
    for name, value in values.items():
        arguments += ["-p", f"{name}:={yaml_value(value)}"]
    if namespace:
        arguments += ["-r", f"__ns:=/{namespace.strip('/')}"]
    return arguments


def _check_stack(path: Path) -> None:
    from ..files.stack_folder import read_stack

    if not path.exists():
        raise InputError(f"there is no {path}: give a stack folder or a bag")
    read_stack(path)


def _check_bag(path: Path) -> None:
    from ..files.bags import BagReader

    with BagReader(path):
        pass
