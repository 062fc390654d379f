"""`ddff demo`: a simulated camera and the node over DDS, recorded, evaluated, reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer

from ..console import Params, ParamsFile, console, progress_bar, progress_console
from ..optics.resampling import shrunk_stack
from ..parameters import Value
from ..types import InputError
from ._processes import NodeProcesses, ProcessError, private_domain
from .bag import bag_kinds, evaluate_with_progress, print_bag_result, write_bag_results
from .play import ros_arguments

if TYPE_CHECKING:
    from ..evaluation.bag_run import BagRun

NAMESPACE = "demo"
DEPTH_TOPIC = f"/{NAMESPACE}/depth/image_rect"
_TOPICS = (
    "image_rect",
    "camera_info",
    "focus_state",
    "truth/depth",
    "depth/image_rect",
    "depth/camera_info",
    "depth/confidence",
    "image_all_in_focus",
    "points",
    "/diagnostics",
)
_SENT = (
    "image_rect",
    "depth/image_rect",
    "depth/confidence",
    "image_all_in_focus",
    "points",
)
# What the package can do; the node's own default needs no engine.
METHOD = "focus_stream"
# A full cloud is five times the size of its depth image.
_POINTS_STRIDE = 2
_BAG_SUFFIXES = (".mcap", ".db3", ".yaml", ".tmp")
_START_S = 60.0
# A stack is scored at so many instants at most: the numbers do not move any more.
_SCORED = 15


@dataclass(frozen=True, slots=True)
class _Run:
    """What is run; `stack` is checked."""

    stack: Path
    output: Path
    seconds: float
    rate_hz: float
    storage: str
    given: Mapping[str, Value]

    @property
    def bag(self) -> Path:
        return self.output / "bag"


def demo(
    stack: Annotated[
        Path | None, typer.Option(help="Stack folder; left out, the one that comes along.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for bag, pictures and report.")
    ] = Path("out/demo"),
    seconds: Annotated[float, typer.Option(help="How long the camera runs.", min=2.0)] = 8.0,
    rate: Annotated[float, typer.Option(help="Frames per second.", min=0.5, max=200.0)] = 10.0,
    method: Annotated[
        str | None,
        typer.Option(help=f"How depth is found; multiscale needs no engine. [default: {METHOD}]"),
    ] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    storage: Annotated[str, typer.Option(help="Format of the bag: mcap or sqlite3.")] = "mcap",
    max_width: Annotated[
        int, typer.Option(help="Wider images are shrunken to this width first.", min=64)
    ] = 960,
) -> None:
    """Show depth from focus at work: camera, node and recorder as processes over real DDS.

    The node sim_camera sweeps the focus through a stack, depth_from_focus turns the images into
    depth while they come (by the network FocusStream, unless --method names another), bag_recorder
    records both. Then the bag is evaluated: the live depth against the truth, and the same
    estimator over the recorded images without a clock. Leaves the bag, pictures, cloud.ply,
    summary.json and report.html in the output folder.

    Examples:
      ddff demo

      ddff demo --stack my_photographs -o out/mine --seconds 20 --rate 5

      ddff demo --method multiscale

      ddff demo --params-file my_robot.yaml --param capture.max_slices=8

    """
    from ..files.atomic import make_folder, remove
    from ..ros.nodes import node_interface
    from ..ros.parameter_file import given_settings

    started = time.monotonic()
    kind = bag_kinds()["depth_from_focus"]
    make_folder(output, kind.files)
    folder, relative = _checked_stack(stack, output, max_width)
    given: dict[str, Value] = {
        "method": METHOD,
        "points.stride": _POINTS_STRIDE,
        "capture.allow_unknown": relative,
        **given_settings(node_interface(kind.node), params_file, param or [], method=method),
    }
    pipeline = kind.make_pipeline(given)
    run = _Run(folder, output, seconds, rate, storage, given)
    remove(run.bag)
    try:
        _record(run)
        _evaluate(run, partial(kind.over, given=given, pipeline=pipeline), started)
    except ProcessError as error:
        progress_console.print(f"ddff demo: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(
        f"Bag, pictures, cloud and report.html are in {output} "
        f"({time.monotonic() - started:.0f} s in all)",
        highlight=False,
        markup=False,
    )


def _record(run: _Run) -> None:
    """Camera, node and recorder for as long as it was asked for, and an end in order."""
    from ..files.atomic import make_folder
    from ..files.results import recorded
    from ..ros.nodes import node_environment

    logs = make_folder(run.output / "log")
    with (
        recorded(run.bag),
        NodeProcesses(logs, private_domain(node_environment())) as nodes,
        progress_bar("starting camera, node and recorder") as report,
    ):
        _start(nodes, run)
        _wait_for_images(nodes, run.bag)
        report(0, round(run.seconds), what="recording")
        for second in range(round(run.seconds)):
            nodes.wait(1.0)
            report(second + 1)
        # Last started first: the recorder ends when nothing comes any more.
        report(what="ending camera, node and recorder")
        nodes.stop()


def _start(nodes: NodeProcesses, run: _Run) -> None:
    """The recorder first, the camera last: nothing of the first sweep is missed."""
    from ..ros.nodes import node_interface

    topics = [name if name.startswith("/") else f"/{NAMESPACE}/{name}" for name in _TOPICS]
    # The camera waits for the node and the recorder.
    source, rate = str(run.stack.resolve()), run.rate_hz
    camera: dict[str, Value] = {"source": source, "rate_hz": rate, "wait_for_subscribers": 2}
    started: dict[str, tuple[Mapping[str, Value], str]] = {
        "bag_recorder": ({"output": str(run.bag), "storage": run.storage, "topics": topics}, ""),
        "depth_from_focus": (run.given, NAMESPACE),
        "sim_camera": (camera, NAMESPACE),
    }
    for name, values in started.items():
        nodes.start(name, node_interface(name).module, ros_arguments(*values))


def _wait_for_images(nodes: NodeProcesses, bag: Path) -> None:
    """Until the recorder has written something of size; raises ProcessError if nothing comes."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        nodes.wait(0.2)
        files = [path for path in bag.glob("*") if path.suffix in _BAG_SUFFIXES]
        if sum(path.stat().st_size for path in files) > 100_000:
            return
    raise ProcessError(f"no image was recorded within {_START_S:g} s: is DDS blocked on this host?")


def _evaluate(run: _Run, over: Callable[..., BagRun], started: float) -> None:
    """Scores the bag by the run that `over` makes, prints the tables and writes the results."""
    from ..evaluation.bag_run import BagSettings
    from ..evaluation.live import observe
    from ..evaluation.machine import hardware
    from ..evaluation.reports.blocks import Table
    from ..evaluation.reports.console_table import console_table
    from ..evaluation.reports.results import live_section
    from ..files.bags import BagReader

    with BagReader(run.bag) as bag:
        live = observe(bag, [f"/{NAMESPACE}/{topic}" for topic in _SENT], "depth_from_focus")
        if live.topics[DEPTH_TOPIC].messages == 0:
            raise ProcessError(f"depth_from_focus published no depth; see {run.output / 'log'}")
        frames = live.topics[f"/{NAMESPACE}/image_rect"].messages
        settings = BagSettings(every=max(1, frames // _SCORED), tolerance_s=0.001)
        evaluation = over(bag, {}, settings)
        result = evaluate_with_progress(evaluation, bag)
    summary = {
        "stack": str(run.stack),
        "seconds": run.seconds,
        "rate_hz": run.rate_hz,
        "method": run.given["method"],
        "hardware": hardware(),
        "live": live.to_json(),
        "evaluation": result.to_json(),
        "total_s": time.monotonic() - started,
    }
    title = "Depth from focus, live over DDS"
    write_bag_results(run.output, evaluation, summary, title=title, live=live)
    print_bag_result(evaluation, gaps=False)
    for table in live_section(live.to_json()).blocks:
        if isinstance(table, Table):
            console.print(console_table(table))


def _checked_stack(stack: Path | None, output: Path, max_width: int) -> tuple[Path, bool]:
    """The stack to play, a shrunken copy where its images are too wide, and whether its focus
    distances are unknown.
    """
    from ..files.stack_folder import read_stack, write_stack
    from ..simulation.focus_camera.sources import DEMO_STACK

    folder = DEMO_STACK if stack is None else stack
    if stack is None and not folder.is_dir():
        raise InputError("the package has no stack of its own here: give one with --stack")
    content = read_stack(folder)
    relative = bool(np.isnan(content.stack.focus_distances_m).all())
    small = shrunk_stack(content.stack, max_width)
    if small is content.stack:
        return folder, relative
    truth = content.truth
    if truth is not None:
        height, width = small.images[0].shape[:2]
        # The nearest true depth: a mean of two would lie where there is nothing.
        resized = cv2.resize(truth, (width, height), interpolation=cv2.INTER_NEAREST)
        truth = np.asarray(resized, np.float32)
    write_stack(output / "stack", small, truth=truth)
    return output / "stack", relative
