"""`ddff demo`: a simulated camera and the node over DDS, recorded, evaluated, reported."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer
from rich.table import Table

from ..console import console, progress_bar, progress_console
from ..depth_from_focus.commands.stack import shrunk
from ..types import InputError
from ._processes import NodeProcesses, ProcessError, private_domain
from .bag import (
    evaluate_with_progress,
    make_pipeline,
    print_bag_evaluation,
    topic_table,
    write_bag_results,
)
from .play import ros_arguments

if TYPE_CHECKING:
    from ..depth_from_focus.pipeline import DepthPipeline
    from ..evaluation.live import LiveRun

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
    method: str
    storage: str
    relative: bool

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
        str, typer.Option(help="How depth is found; multiscale needs no engine.")
    ] = METHOD,
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

    """
    from ..depth_from_focus.saving import RESULT_FILES
    from ..files.atomic import make_folder, remove

    started = time.monotonic()
    make_folder(output, RESULT_FILES)
    folder, relative = _checked_stack(stack, output, max_width)
    run = _Run(folder, output, seconds, rate, method, storage, relative)
    pipeline = make_pipeline(method, [f"allow_unknown={str(relative).lower()}"])
    remove(run.bag)
    try:
        _record(run)
        _evaluate(run, pipeline, started)
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
        progress_bar() as bar,
    ):
        task = bar.add_task("starting camera, node and recorder", total=None)
        _start(nodes, run)
        _wait_for_images(nodes, run.bag)
        bar.update(task, description="recording", total=round(run.seconds), completed=0)
        for second in range(round(run.seconds)):
            nodes.wait(1.0)
            bar.update(task, completed=second + 1)
        # Last started first: the recorder ends when nothing comes any more.
        bar.update(task, description="ending camera, node and recorder")
        nodes.stop()


def _start(nodes: NodeProcesses, run: _Run) -> None:
    """The recorder first, the camera last: nothing of the first sweep is missed."""
    topics = [name if name.startswith("/") else f"/{NAMESPACE}/{name}" for name in _TOPICS]
    values: dict[str, object] = {
        "output": str(run.bag),
        "storage": run.storage,
        "topics": topics,
    }
    nodes.start("bag_recorder", "ddff_perception.ros.recorder_node", ros_arguments(values))
    nodes.start(
        "depth_from_focus",
        "ddff_perception.depth_from_focus.node",
        ros_arguments(
            {
                "method": run.method,
                "points.stride": _POINTS_STRIDE,
                "capture.allow_unknown": run.relative,
            },
            NAMESPACE,
        ),
    )
    nodes.start(
        "sim_camera",
        "ddff_perception.simulation.focus_camera.node",
        ros_arguments(
            {
                "source": str(run.stack.resolve()),
                "rate_hz": run.rate_hz,
                # The node and the recorder.
                "wait_for_subscribers": 2,
            },
            NAMESPACE,
        ),
    )


def _wait_for_images(nodes: NodeProcesses, bag: Path) -> None:
    """Until the recorder has written something of size; raises ProcessError if nothing comes."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        nodes.wait(0.2)
        files = [path for path in bag.glob("*") if path.suffix in _BAG_SUFFIXES]
        if sum(path.stat().st_size for path in files) > 100_000:
            return
    raise ProcessError(f"no image was recorded within {_START_S:g} s: is DDS blocked on this host?")


def _evaluate(run: _Run, pipeline: DepthPipeline, started: float) -> None:
    """Scores the bag, prints the tables and writes the results."""
    from ..depth_from_focus.evaluation.bag import BagSettings
    from ..evaluation.live import observe
    from ..evaluation.machine import hardware
    from ..files.bag_topics import find_topics
    from ..files.bags import BagReader

    with BagReader(run.bag) as bag:
        live = observe(bag, [f"/{NAMESPACE}/{topic}" for topic in _SENT], "depth_from_focus")
        if live.topics[DEPTH_TOPIC].messages == 0:
            raise ProcessError(f"depth_from_focus published no depth; see {run.output / 'log'}")
        topics = find_topics(bag.topics, {})
        frames = bag.topics[topics.image].count if topics.image else 0
        settings = BagSettings(every=max(1, frames // _SCORED), tolerance_s=0.001)
        evaluation = evaluate_with_progress(bag, topics, pipeline, settings)
    summary = {
        "stack": str(run.stack),
        "seconds": run.seconds,
        "rate_hz": run.rate_hz,
        "method": run.method,
        "hardware": hardware(),
        "live": live.to_json(),
        "evaluation": evaluation.to_json(),
        "total_s": time.monotonic() - started,
    }
    title = "Depth from focus, live over DDS"
    write_bag_results(run.output, evaluation, pipeline, summary, title=title, live=live)
    print_bag_evaluation(evaluation, gaps=False)
    print_live(live)


def print_live(live: LiveRun) -> None:
    """Rates, latencies, stages and losses on the console."""
    columns = ("messages", "Hz", "latency ms", "95 % ms")
    table = topic_table("Live, from the image's stamp to the recorder", columns)
    for name, topic in live.topics.items():
        numbers = (topic.rate_hz, topic.latency_median_ms, topic.latency_p95_ms)
        table.add_row(name, str(topic.messages), *(f"{number:.1f}" for number in numbers))
    console.print(table)
    if live.stages_ms:
        stages = Table(title="The node's time per frame", box=table.box, title_justify="left")
        stages.add_column("stage")
        stages.add_column("median ms", justify="right")
        for stage, milliseconds in live.stages_ms.items():
            stages.add_row(stage, f"{milliseconds:.2f}")
        if live.node_latency_ms is not None:
            median, most = live.node_latency_ms
            stages.add_row("image stamp to depth sent", f"{median:.2f} (95 %: {most:.2f})")
        console.print(stages)
    losses = ", ".join(f"{count} {reason}" for reason, count in live.losses.items())
    console.print(f"Frames not used: {losses or 'none'}", highlight=False, markup=False)


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
    small = shrunk(content.stack, max_width)
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
