"""`ddff run`: nodes from a parameter file, without launch."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..capability import chosen
from ..console import progress_console
from ..parameters import Value
from ..registry import nodes
from ..types import InputError
from ._processes import NodeProcesses, ProcessError
from .play import ros_arguments


def run(
    config: Annotated[Path, typer.Argument(help="ROS 2 parameter file, as launch takes it.")],
    node: Annotated[
        list[str] | None,
        typer.Option(help="Run only this node of the file, as often as needed."),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="name=value, for the nodes that have it."),
    ] = None,
    namespace: Annotated[str, typer.Option(help="Namespace of the nodes.")] = "camera",
    remap: Annotated[
        list[str] | None,
        typer.Option(help="Remap a topic, as often as needed.", metavar="FROM:=TO"),
    ] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warn, error or fatal.")] = "info",
    logs: Annotated[
        Path | None, typer.Option(help="Folder for the nodes' output (else a temporary one).")
    ] = None,
) -> None:
    """Run the nodes that a parameter file names, each in a process, until Ctrl-C.

    The file is the one that `ros2 launch` takes: a node is named by a key such as
    /**/depth_from_focus. If one of the nodes ends, all do, and the status says why.

    Examples:
      ddff run config/demo.yaml

      ddff run my_robot.yaml --node depth_from_focus --namespace front_camera

      ddff run my_robot.yaml --remap image_rect:=/usb_cam/image_rect

      ddff run my_robot.yaml --param method=vdff --param vdff.alpha=4

    """
    from ..files.atomic import make_folder
    from ..ros.nodes import node_environment, node_interface

    names = nodes_of(config, node)
    arguments = node_arguments(config, namespace, remap or [], log_level)
    given = assigned(names, param or [])
    folder = make_folder(logs) if logs else Path(tempfile.mkdtemp(prefix="ddff_run_"))
    shown = _Log()
    try:
        with NodeProcesses(folder, node_environment()) as processes:
            for name in names:
                own = [*arguments, *ros_arguments(given[name])[1:]]
                processes.start(name, node_interface(name).module, own)
            progress_console.print(
                f"running {', '.join(names)}; their output is in {folder}; Ctrl-C ends them",
                highlight=False,
                markup=False,
            )
            try:
                while True:
                    shown.show(folder, names)
                    processes.wait(0.5)
            except KeyboardInterrupt:
                processes.stop()
    except ProcessError as error:
        progress_console.print(f"ddff run: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


def nodes_of(config: Path, wanted: list[str] | None = None) -> list[str]:
    """The names of this package's nodes in a parameter file, in its order; only `wanted` if given.

    Raises InputError where the file is no parameter file or names none of them.
    """
    from ..ros.parameter_file import read_parameter_file

    content = read_parameter_file(config)
    found = list(dict.fromkeys(key.rstrip("/").rpartition("/")[2] for key in content))
    named = [name for name in found if name in nodes()]
    if wanted:
        for name in wanted:
            chosen(nodes(), "node", name)
        return list(dict.fromkeys(wanted))
    if not named:
        raise InputError(
            f"{config} names none of the nodes {', '.join(nodes())}: a key such as "
            "/**/depth_from_focus does, or choose with --node"
        )
    return named


def assigned(names: list[str], param: list[str]) -> dict[str, dict[str, Value]]:
    """What each of the nodes takes of `name=value` texts, as `given_settings` reads them.

    Raises InputError on one that none of them has, and on bad values.
    """
    from ..ros.nodes import node_interface
    from ..ros.parameter_file import given_settings

    own: dict[str, list[str]] = {name: [] for name in names}
    for text in param:
        wanted = text.partition("=")[0].strip()
        tables = {name: node_interface(name).parameters for name in names}
        takers = [name for name, table in tables.items() if table.canonical(wanted) in table]
        if not takers:
            raise InputError(f"none of the nodes {', '.join(names)} has a parameter {wanted!r}")
        for name in takers:
            own[name].append(text)
    return {name: given_settings(node_interface(name), None, texts) for name, texts in own.items()}


def node_arguments(config: Path, namespace: str, remaps: list[str], log_level: str) -> list[str]:
    """A node's command line; raises InputError on a remapping that is none."""
    arguments = ["--ros-args", "--params-file", str(config.resolve())]
    arguments += ["--log-level", log_level]
    if namespace.strip("/"):
        arguments += ["-r", f"__ns:=/{namespace.strip('/')}"]
    for rule in remaps:
        if ":=" not in rule.strip(":="):
            raise InputError(f"{rule!r} is no remapping: write from:=to")
        arguments += ["-r", rule]
    return arguments


class _Log:
    """Copies what the nodes wrote since the last look to the console."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}

    def show(self, folder: Path, names: list[str]) -> None:
        for name in names:
            with (folder / f"{name}.txt").open("rb") as file:
                file.seek(self._read.get(name, 0))
                text = file.read()
                self._read[name] = file.tell()
            if text:
                progress_console.print(
                    text.decode(errors="replace"), end="", markup=False, highlight=False
                )
