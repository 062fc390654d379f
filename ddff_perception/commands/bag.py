"""`ddff bag`: look into recorded bags, and evaluate what is in them without a clock."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..capability import chosen
from ..console import AsJson, Params, ParamsFile, console, parse_angles, progress_bar, say
from ..files.atomic import json_text
from ..registry import CAPABILITIES, nodes
from ..types import InputError

if TYPE_CHECKING:
    from ..evaluation.bag_run import BagRun
    from ..evaluation.live import LiveRun
    from ..files.bags import BagReader
    from ..parameters import Value

app = typer.Typer(no_args_is_help=True)

Bag = Annotated[Path, typer.Argument(help="Bag folder, or one .mcap or .db3 file.")]
Every = Annotated[int, typer.Option(help="Estimate after every n-th change of the input.")]
Tolerance = Annotated[float, typer.Option(help="Seconds between image and its truth.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Folder for the last estimate and a report.")
]


@app.command("info")
def bag_info(bag: Bag, as_json: AsJson = False) -> None:
    """Show what a bag holds: topics, rates, gaps, damage.

    Examples:
      ddff bag info my_bag

      ddff bag info crashed.mcap --json

    """
    from ..evaluation.reports.blocks import Column, Table
    from ..evaluation.reports.console_table import console_table
    from ..files.bags import BagReader

    with BagReader(bag) as reader:
        content = _describe(reader)
    if as_json:
        typer.echo(json_text(content))
        return
    size = f"{content['messages']} messages, {content['duration_s']:.1f} s, {content['storage']}"
    columns = (
        Column("topic"),
        Column("messages"),
        Column("rate", "Hz", decimals=2),
        Column("missing"),
        Column("longest gap", "s", decimals=2),
    )
    rows = []
    for name, topic in content["topics"].items():
        gaps = topic["gaps"] or {"period_s": math.nan, "missing": None, "longest_s": None}
        numbers = (1.0 / gaps["period_s"], gaps["missing"], gaps["longest_s"])
        rows.append((f"{name}\n  {topic['type']}", topic["count"], *numbers))
    console.print(console_table(Table(columns, rows, f"{bag}: {size}")))
    if content["damage"]:
        text = f"The recording is damaged ({content['damage']}); {content['messages']} messages"
        console.print(f"{text} were read.", style="yellow", markup=False, highlight=False)


@app.command("eval")
def bag_eval(
    bag: Bag,
    capability: Annotated[
        str | None,
        typer.Option(help=f"One of: {', '.join(CAPABILITIES)}; left out, by the bag's topics."),
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option(help="Topic that plays a part: truth=/lidar/depth.", metavar="PART=TOPIC"),
    ] = None,
    image: Annotated[list[str] | None, typer.Option(help="Topic of the images.")] = None,
    camera_info: Annotated[str | None, typer.Option(help="Topic of their camera_info.")] = None,
    focus_state: Annotated[str | None, typer.Option(help="Topic of the focus states.")] = None,
    focal_stack: Annotated[str | None, typer.Option(help="Topic of whole focal stacks.")] = None,
    truth: Annotated[str | None, typer.Option(help="Topic of true depth.")] = None,
    depth: Annotated[str | None, typer.Option(help="Topic of depth estimated live.")] = None,
    method: Annotated[str | None, typer.Option(help="How it is estimated.")] = None,
    engine: Annotated[str | None, typer.Option(help="What runs the method's network.")] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    lens_table: Annotated[
        Path | None, typer.Option(help="YAML of `ddff calibrate focus`, for lens positions only.")
    ] = None,
    every: Every = 1,
    tolerance: Tolerance = 0.005,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Estimate from a recorded bag what the node would have, and compare it with recorded truth.

    Reads the bag in code and runs what the node runs, without a clock: the same bag gives the same
    numbers on every run. What is in the bag (a focus sweep, polarizer images) and which topic is
    what is found by type and name; options choose others. --param takes the parameters of the
    node.

    Examples:
      ddff bag eval my_bag

      ddff bag eval my_bag --topic truth=/lidar/depth --tolerance 0.05 -o out/my_bag

      ddff bag eval crashed.db3 --image /camera/image_raw --method vdff --json

      ddff bag eval my_bag --capability reflection --param filter_joint=polarizer

    """
    parts = {
        "camera_info": camera_info,
        "focus_state": focus_state,
        "focal_stack": focal_stack,
        "truth": truth,
        "depth": depth,
    }
    topics = {part: [name] for part, name in parts.items() if name is not None}
    topics |= {"image": image} if image else {}
    for text in topic or []:
        part, separator, name = text.partition("=")
        if not separator:
            raise InputError(f"{text!r} is not part=topic, such as truth=/lidar/depth")
        topics.setdefault(part.strip(), []).append(name.strip())
    options = {"method": method, "engine.backend": engine, "lens_table": lens_table}
    asked = Asked(capability, topics, _assignments(options, param), params_file)
    _evaluate(bag, asked, every, tolerance, output, as_json)


@app.command("eval-reflection")
def bag_eval_reflection(
    bag: Bag,
    source: Annotated[
        str | None,
        typer.Option("--input", help="mosaic, angles or rotating; left out, by the topics' names."),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(help="Topic of the images, once per polarizer angle and in their order."),
    ] = None,
    angles: Annotated[
        str, typer.Option(help="Polarizer angles of the topics, degrees (input angles).")
    ] = "",
    layout: Annotated[
        str | None, typer.Option(help="Layout of the mosaic: 90_45_135_0, 90_45_135_0_rggb, ...")
    ] = None,
    method: Annotated[str | None, typer.Option(help="How the layers are separated.")] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    every: Every = 1,
    slop: Annotated[float | None, typer.Option(help="Seconds between images of one set.")] = None,
    tolerance: Tolerance = 0.005,
    filter_ratio: Annotated[
        float | None, typer.Option(help="Turns of the filter per turn of its joint.")
    ] = None,
    filter_offset: Annotated[
        float | None, typer.Option(help="Angle where the joint is at 0, degrees.")
    ] = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """The same as `ddff bag eval --capability reflection`, with options for what --param says.

    Topics are found by the names of the node's inputs (image_raw; image_a ...; image_rect and a
    JointState), truth by truth/transmission and truth/reflection, layers separated live by
    transmission/image and reflection/image.

    Examples:
      ddff bag eval-reflection my_bag --layout 90_45_135_0_rggb

      ddff bag eval-reflection my_bag --method schechner -p schechner.plane=upright -o out/my_bag

      ddff bag eval-reflection my_bag --image /cam0/image --image /cam1/image --image /cam2/image

    """
    parse_angles(angles)
    options = {
        "input": source,
        "angles_deg": angles or None,
        "layout": layout,
        "method": method,
        "slop_s": slop,
        "filter_ratio": filter_ratio,
        "filter_offset_deg": filter_offset,
    }
    topics = {"image": list(image)} if image else {}
    asked = Asked("reflection", topics, _assignments(options, param), params_file)
    _evaluate(bag, asked, every, tolerance, output, as_json)


def _assignments(options: Mapping[str, Any], param: Sequence[str] | None) -> list[str]:
    """Options that stand for parameters, and over them those of --param, as name=value."""
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    return [*given, *(param or [])]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be evaluated, and how: topics by part, `assignments` (name=value) of the node's
    parameters. No `capability` is the one whose topics the bag holds.
    """

    capability: str | None
    topics: Mapping[str, Sequence[str]]
    assignments: Sequence[str]
    params_file: Path | None


def bag_kinds() -> dict[str, type[BagRun]]:
    """How each capability evaluates bags, of those that do."""
    return {name: c.bag.load() for name, c in CAPABILITIES.items() if c.bag is not None}


def node_values(
    kind: type[BagRun], assignments: Sequence[str], params_file: Path | None = None
) -> dict[str, Value]:
    """The values that are given of the parameters of the run's node, by their names there."""
    from ..ros.parameter_file import given_settings

    return given_settings(nodes()[kind.node].load(), params_file, assignments, used=kind.used)


def evaluate_with_progress(run: BagRun, reader: BagReader) -> Any:
    """`run.run` with a progress bar."""
    total = sum(reader.topics[name].count for name in set(run.topics.values()))
    with progress_bar("evaluating messages", total) as report:
        return run.run(report)


def write_bag_results(
    output: Path,
    run: BagRun,
    summary: Mapping[str, Any],
    *,
    title: str,
    live: LiveRun | None = None,
) -> None:
    """Writes the last estimate as the capability's command does, summary.json and report.html."""
    from ..evaluation.bag_report import recording_section
    from ..evaluation.reports.facts import common_facts
    from ..evaluation.reports.page import write_report
    from ..evaluation.reports.results import live_section
    from ..files.atomic import remove, write_json

    # The summary tells that the results are whole.
    remove(output / "summary.json")
    content = {**summary, **run.write(output)}
    write_json(output / "summary.json", content)
    sections = [
        *run.sections(output),
        *([] if live is None else [live_section(live.to_json())]),
        recording_section(run.result),
    ]
    facts = common_facts([{**content, "parameters": run.given}])
    write_report(output / "report.html", sections, title=title, facts=facts)


def print_bag_result(run: BagRun, *, gaps: bool = True) -> None:
    """Tables of errors and gaps (if wanted), and what was dropped, on the console."""
    from ..evaluation.bag_report import gaps_table, remarks
    from ..evaluation.reports.console_table import console_table

    tables = run.tables()
    for table in [*tables, *([gaps_table(run.result)] if gaps else [])]:
        console.print(console_table(table))
    if not tables:
        console.print("The bag holds nothing to compare the estimates with.")
    for number, sentence in enumerate(remarks(run.result)):
        style = "yellow" if number > 2 else None
        console.print(f"{sentence}.", style=style, markup=False, highlight=False)


def _evaluate(
    bag: Path, asked: Asked, every: int, tolerance_s: float, output: Path | None, as_json: bool
) -> None:
    from .. import __version__
    from ..evaluation.bag_run import BagSettings, recognised
    from ..files.atomic import make_folder
    from ..files.bags import BagReader

    settings = BagSettings(every, tolerance_s)
    with BagReader(bag) as reader:
        kinds = bag_kinds()
        name = asked.capability or recognised(kinds, reader.topics, asked.topics)
        kind: type[BagRun] = chosen(kinds, "capability", name)
        given = node_values(kind, asked.assignments, asked.params_file)
        run = kind.over(reader, asked.topics, settings, given)
        if output is not None:
            make_folder(output, run.files)
        result = evaluate_with_progress(run, reader)
    content = {"bag": str(bag), "version": __version__, **run.described(), **result.to_json()}
    if output is not None:
        write_bag_results(output, run, content, title=f"Bag {bag.name}")
    if as_json:
        typer.echo(json_text(content))
        return
    print_bag_result(run)
    if output is not None:
        say(f"Results are in {output}")


def _describe(reader: BagReader) -> dict[str, Any]:
    from ..files.bag_topics import bag_gaps

    with progress_bar("reading messages", reader.message_count) as report:
        gaps = bag_gaps(reader, reader.topics, report)
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
