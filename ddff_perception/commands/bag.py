"""`ddff bag`: look into recorded bags, and evaluate what is in them without a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from ..console import console, progress_bar, say, with_engine
from ..reflection.commands.bag_reflection import bag_eval_reflection

if TYPE_CHECKING:
    from ..depth_from_focus.evaluation.bag import BagEvaluation, BagSettings
    from ..depth_from_focus.pipeline import DepthPipeline
    from ..evaluation.live import LiveRun
    from ..files.bags import BagReader

app = typer.Typer(no_args_is_help=True)
app.command("eval-reflection")(bag_eval_reflection)

Bag = Annotated[Path, typer.Argument(help="Bag folder, or one .mcap or .db3 file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
Params = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", help="name=value, as often as needed.", metavar="NAME=VALUE"),
]


@app.command("info")
def bag_info(bag: Bag, as_json: AsJson = False) -> None:
    """Show what a bag holds: topics, rates, gaps, damage.

    Examples:
      ddff bag info my_bag

      ddff bag info crashed.mcap --json

    """
    from ..files.bags import BagReader

    with BagReader(bag) as reader:
        content = _describe(reader)
    if as_json:
        _print_json(content)
        return
    size = f"{content['messages']} messages, {content['duration_s']:.1f} s, {content['storage']}"
    table = topic_table(f"{bag}: {size}", ("messages", "Hz", "missing", "longest gap s"))
    for name, topic in content["topics"].items():
        gaps = topic["gaps"]
        regular = gaps is not None and gaps["period_s"] > 0
        cells = (
            [f"{1.0 / gaps['period_s']:.2f}", str(gaps["missing"]), f"{gaps['longest_s']:.2f}"]
            if regular
            else ["", "", ""]
        )
        label = f"{escape(name)}\n  [dim]{escape(topic['type'])}[/dim]"
        table.add_row(label, str(topic["count"]), *cells)
    console.print(table)
    _print_damage(content["damage"], content["messages"])


@app.command("eval")
def bag_eval(
    bag: Bag,
    image: Annotated[str | None, typer.Option(help="Topic of the images.")] = None,
    camera_info: Annotated[str | None, typer.Option(help="Topic of their camera_info.")] = None,
    focus_state: Annotated[str | None, typer.Option(help="Topic of the focus states.")] = None,
    focal_stack: Annotated[str | None, typer.Option(help="Topic of whole focal stacks.")] = None,
    truth: Annotated[str | None, typer.Option(help="Topic of true depth.")] = None,
    depth: Annotated[str | None, typer.Option(help="Topic of depth estimated live.")] = None,
    method: Annotated[str, typer.Option(help="How depth is found.")] = "multiscale",
    engine: Annotated[str | None, typer.Option(help="What runs the method's network.")] = None,
    param: Params = None,
    lens_table: Annotated[
        Path | None, typer.Option(help="YAML of `ddff calibrate focus`, for lens positions only.")
    ] = None,
    every: Annotated[int, typer.Option(help="Estimate after every n-th new slice.")] = 1,
    tolerance: Annotated[float, typer.Option(help="Seconds between image and its truth.")] = 0.005,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the last depth and a report.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate depth from a recorded focus sweep and compare it with recorded truth.

    Reads the bag in code and runs what the node runs, without a clock: the same bag gives the same
    numbers on every run. Topics are found by type and name; options choose others. Parameters of
    the estimator, of capture and of alignment can all be given with --param.

    Examples:
      ddff bag eval my_bag

      ddff bag eval my_bag --truth /lidar/depth --tolerance 0.05 -o out/my_bag

      ddff bag eval crashed.db3 --image /camera/image_raw --method vdff --json

    """
    from ..depth_from_focus.evaluation.bag import BagSettings
    from ..files.atomic import make_folder
    from ..files.bag_topics import find_topics
    from ..files.bags import BagReader

    chosen = {
        "image": image,
        "camera_info": camera_info,
        "focus_state": focus_state,
        "focal_stack": focal_stack,
        "truth": truth,
        "depth": depth,
    }
    settings = BagSettings(every, tolerance)
    pipeline = make_pipeline(method, with_engine(param, engine), lens_table)
    if output is not None:
        make_folder(output)
    with BagReader(bag) as reader:
        evaluation = evaluate_with_progress(
            reader, find_topics(reader.topics, chosen), pipeline, settings
        )
    content = {"bag": str(bag), "method": method, **evaluation.to_json()}
    if output is not None:
        write_bag_results(output, evaluation, pipeline, content, title=f"Bag {bag.name}")
    if as_json:
        _print_json(content)
        return
    print_bag_evaluation(evaluation)
    if output is not None:
        say(f"Results are in {output}")


def make_pipeline(
    method: str, assignments: list[str], lens_table: Path | None = None
) -> DepthPipeline:
    """The pipeline with `name=value` parameters of capture, alignment and the method."""
    from ..depth_from_focus.interface import DEPTH_FROM_FOCUS
    from ..depth_from_focus.parameters import pipeline_from, pipeline_parameters
    from ..ros.parameter_file import settings_for

    values = settings_for(
        DEPTH_FROM_FOCUS, None, assignments, method=method, used=pipeline_parameters
    )
    if lens_table is not None:
        values["lens_table"] = str(lens_table)
    return pipeline_from(values)


def evaluate_with_progress(
    reader: BagReader, topics: Any, pipeline: DepthPipeline, settings: BagSettings
) -> BagEvaluation:
    """`evaluate_bag` with a progress bar."""
    from ..depth_from_focus.evaluation.bag import evaluate_bag

    total = sum(reader.topics[name].count for name in set(topics.names().values()))
    with progress_bar() as bar:
        task = bar.add_task("evaluating messages", total=total)
        return evaluate_bag(
            reader, topics, pipeline, settings, lambda done: bar.update(task, completed=done)
        )


def write_bag_results(
    output: Path,
    evaluation: BagEvaluation,
    pipeline: DepthPipeline,
    summary: Mapping[str, Any],
    *,
    title: str,
    live: LiveRun | None = None,
) -> None:
    """Writes the last depth with its pictures and cloud, summary.json and report.html."""
    from .. import __version__
    from ..depth_from_focus.commands.depth import write_results
    from ..depth_from_focus.evaluation.bag_report import bag_sections
    from ..depth_from_focus.saving import RESULT_FILES
    from ..evaluation.reports.page import write_report
    from ..files.atomic import make_folder, remove, write_json

    make_folder(output, RESULT_FILES)
    # The summary tells that the results are whole.
    remove(output / "summary.json")
    if evaluation.last is not None:
        write_results(output, evaluation.last, evaluation.camera)
    write_json(output / "summary.json", summary)
    facts: list[tuple[str, str | int]] = [
        ("method", pipeline.estimator.method),
        ("messages", evaluation.messages),
        ("version", __version__),
    ]
    write_report(output / "report.html", bag_sections(evaluation, live), title=title, facts=facts)


def print_bag_evaluation(evaluation: BagEvaluation, *, gaps: bool = True) -> None:
    """Tables of errors, gaps (if wanted) and drops on the console."""
    from ..depth_from_focus.evaluation.bag_report import error_rows
    from ..evaluation.reports.numbers import format_number

    rows = error_rows(evaluation)
    if rows:
        table = Table(
            title="Errors after the first sweep", box=box.SIMPLE_HEAD, title_justify="left"
        )
        table.add_column("", no_wrap=True)
        for name in ("images", "MAE 1/m", "MAE m", "Abs rel", "δ<1.25 %", "coverage"):
            table.add_column(name, justify="right")
        for row in rows:
            numbers = (row.mae_dpt, row.mae_m, row.abs_rel, row.delta_1)
            cells = [format_number(float(number)) for number in numbers]
            table.add_row(row.name, str(row.images), *cells, f"{row.coverage:.1%}")
        console.print(table)
    else:
        console.print("The bag holds no true depth to compare with.")
    if gaps:
        _print_gaps(evaluation)
    lost = {
        name.removeprefix("dropped_").replace("_", " "): count
        for name, count in evaluation.counters.items()
        if name.startswith("dropped_") and count
    }
    used = f"{evaluation.estimates} estimates from {evaluation.slices} slices"
    drops = ", ".join(f"{count} images {why}" for why, count in lost.items()) or "no image dropped"
    console.print(f"{used}, coverage {evaluation.coverage:.1%}; {drops}", highlight=False)
    for reason, count in evaluation.unusable.items():
        console.print(f"{count} x {escape(reason)}", style="yellow", highlight=False)
    _print_damage(evaluation.damage, evaluation.messages)


def _print_gaps(evaluation: BagEvaluation) -> None:
    table = topic_table("Topics", ("messages", "Hz", "missing", "longest gap s"))
    for name, gaps in evaluation.gaps.items():
        rate = f"{1.0 / gaps.period_s:.2f}" if gaps.period_s > 0 else ""
        table.add_row(
            escape(name), str(gaps.count), rate, str(gaps.missing), f"{gaps.longest_s:.2f}"
        )
    console.print(table)
    for name, gaps in evaluation.gaps.items():
        if gaps.repeated or gaps.backwards:
            text = f"{name}: {gaps.repeated} stamps repeated, {gaps.backwards} went back"
            console.print(text, style="yellow", markup=False, highlight=False)


def topic_table(title: str, columns: Sequence[str]) -> Table:
    """An empty table whose first column holds topics, the others numbers."""
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("topic", overflow="fold")
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _describe(reader: BagReader) -> dict[str, Any]:
    from ..files.bag_topics import bag_gaps

    with progress_bar() as bar:
        task = bar.add_task("reading messages", total=reader.message_count)
        gaps = bag_gaps(reader, reader.topics, lambda done: bar.update(task, completed=done))
    topics = {
        name: {**asdict(topic), "gaps": asdict(gaps[name]) if gaps[name].count else None}
        for name, topic in reader.topics.items()
    }
    return {
        "bag": str(reader.path),
        "storage": reader.storage,
        "messages": reader.message_count,
        "duration_s": reader.duration_s,
        "damage": reader.damage,
        "recorder": reader.notes,
        "topics": topics,
    }


def _print_damage(damage: str | None, messages: int) -> None:
    if damage:
        text = f"The recording is damaged ({damage}); {messages} messages were read."
        console.print(text, style="yellow", markup=False, highlight=False)


def _print_json(content: Mapping[str, Any]) -> None:
    from ..files.atomic import json_text

    typer.echo(json_text(content))
