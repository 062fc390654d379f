"""`ddff demo`: a simulated camera and the node over DDS, recorded, evaluated, reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..capability import chosen
from ..console import Params, ParamsFile, console, progress_bar, progress_console
from ..parameters import Value
from ..registry import CAPABILITIES
from ._processes import NodeProcesses, ProcessError, private_domain
from .bag import bag_kinds, evaluate_with_progress, print_bag_result, write_bag_results
from .play import ros_arguments

if TYPE_CHECKING:
    from ..evaluation.bag_run import BagRun
    from ..evaluation.demo import Demo

NAMESPACE = "demo"
_BAG_SUFFIXES = (".mcap", ".db3", ".yaml", ".tmp")
_START_S = 60.0
# A bag is scored at so many instants at most: the numbers do not move any more.
_SCORED = 15


@dataclass(frozen=True, slots=True)
class _Run:
    """What is run; `source`, as the sensor takes it, is checked."""

    demo: Demo
    node: str
    source: str
    output: Path
    seconds: float
    rate_hz: float
    storage: str
    given: Mapping[str, Value]

    @property
    def bag(self) -> Path:
        return self.output / "bag"


def demo(
    capability: Annotated[
        str,
        typer.Option(help=f"One of: {', '.join(n for n, c in CAPABILITIES.items() if c.demo)}."),
    ] = "depth_from_focus",
    source: Annotated[
        Path | None,
        typer.Option(
            "--source",
            "--stack",
            help="Folder that the camera plays (stack, polarization, RGB-D or frame folder); left "
            "out, the one that comes along.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for bag, pictures and report.")
    ] = Path("out/demo"),
    seconds: Annotated[float, typer.Option(help="How long the camera runs.", min=2.0)] = 8.0,
    rate: Annotated[float, typer.Option(help="Frames per second.", min=0.5, max=200.0)] = 10.0,
    method: Annotated[
        str | None, typer.Option(help="How it is done; of depth, multiscale needs no engine.")
    ] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    storage: Annotated[str, typer.Option(help="Format of the bag: mcap or sqlite3.")] = "mcap",
    max_width: Annotated[
        int, typer.Option(help="Wider images of a stack are shrunken to this width first.", min=64)
    ] = 960,
) -> None:
    """Show a capability at work: camera, node and recorder as processes over real DDS.

    A simulated camera plays a folder, the capability's node works on its images while they come,
    bag_recorder records both. Of depth from focus, sim_camera sweeps the focus through a stack and
    depth_from_focus finds depth by the network FocusStream; of segmentation, sim_rgbd_camera looks
    around in a room and rgbd_segmentation labels it; of reflection, sim_polarizer_camera looks
    through a pane; of deblurring, sim_moving_camera shakes and burst_deblurring sharpens; of
    defocus, sim_camera rests and depth_from_defocus tells depth from each image alone; of
    restoration, sim_moving_camera is in bad light and image_restoration cleans its images; of
    alignment, sim_route_camera goes a route again and video_alignment says where it is. Then
    the bag is evaluated: the live results against the truth, and the same pipeline over the
    recorded images without a clock. Leaves the bag, pictures, summary.json and report.html in the
    output folder, and of depth cloud.ply.

    Examples:
      ddff demo

      ddff demo --capability segmentation

      ddff demo --capability deblurring

      ddff demo --source my_photographs -o out/mine --seconds 20 --rate 5

      ddff demo --method multiscale

      ddff demo --params-file my_robot.yaml --param capture.max_slices=8

    """
    from ..files.atomic import make_folder, remove
    from ..ros.nodes import node_interface
    from ..ros.parameter_file import given_settings

    started = time.monotonic()
    demos = {name: c.demo for name, c in CAPABILITIES.items() if c.demo is not None}
    shown: Demo = chosen(demos, "demo of", capability).load()
    kind = bag_kinds()[capability]
    make_folder(output, kind.files)
    played, found = shown.prepare(source, output, max_width)
    own = given_settings(node_interface(kind.node), params_file, param or [], method=method)
    given = {**shown.given, **found, **own}
    pipeline = kind.make_pipeline(given)
    run = _Run(shown, kind.node, played, output, seconds, rate, storage, given)
    remove(run.bag)
    try:
        _record(run)
        _evaluate(run, partial(kind.over, given=given, pipeline=pipeline), started)
    except ProcessError as error:
        progress_console.print(f"ddff demo: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(
        f"Bag, pictures and report.html are in {output} "
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
    """The recorder first, the camera last: nothing of the first frames is missed."""
    from ..ros.nodes import node_interface

    topics = [*(f"/{NAMESPACE}/{name}" for name in run.demo.recorded), "/diagnostics"]
    # The camera waits for the node and the recorder.
    camera = {**run.demo.played, "rate_hz": run.rate_hz, "wait_for_subscribers": 2}
    camera |= {"source": run.source} if run.source else {}
    started: dict[str, tuple[Mapping[str, Value], str]] = {
        "bag_recorder": ({"output": str(run.bag), "storage": run.storage, "topics": topics}, ""),
        run.node: (run.given, NAMESPACE),
        run.demo.sensor: (camera, NAMESPACE),
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
        live = observe(bag, [f"/{NAMESPACE}/{topic}" for topic in run.demo.sent], run.node)
        if live.topics[f"/{NAMESPACE}/{run.demo.shown}"].messages == 0:
            raise ProcessError(f"{run.node} published nothing; see {run.output / 'log'}")
        frames = live.topics[f"/{NAMESPACE}/{run.demo.sent[0]}"].messages
        settings = BagSettings(every=max(1, frames // _SCORED), tolerance_s=0.001)
        evaluation = over(bag, {}, settings)
        result = evaluate_with_progress(evaluation, bag)
    summary = {
        "source": run.source or "the package's own",
        "seconds": run.seconds,
        "rate_hz": run.rate_hz,
        "method": evaluation.described()["method"],
        "hardware": hardware(),
        "live": live.to_json(),
        "evaluation": result.to_json(),
        "total_s": time.monotonic() - started,
    }
    write_bag_results(run.output, evaluation, summary, title=run.demo.title, live=live)
    print_bag_result(evaluation, gaps=False)
    for table in live_section(live.to_json()).blocks:
        if isinstance(table, Table):
            console.print(console_table(table))
