"""`ddff bag eval-reflection`: a recorded polarization camera, separated and scored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from ...console import console, progress_bar, say

if TYPE_CHECKING:
    from ..evaluation.bag import ReflectionBagEvaluation
    from ..pipeline import SeparationPipeline


def bag_eval_reflection(
    bag: Annotated[Path, typer.Argument(help="Bag folder, or one .mcap or .db3 file.")],
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
    method: Annotated[str, typer.Option(help="How the layers are separated.")] = "most_attenuated",
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="name=value, as often as needed.", metavar="NAME=VALUE"),
    ] = None,
    every: Annotated[int, typer.Option(help="Separate every n-th set of images.")] = 1,
    slop: Annotated[float, typer.Option(help="Seconds between images of one set.")] = 0.005,
    tolerance: Annotated[float, typer.Option(help="Seconds between image and truth.")] = 0.005,
    filter_ratio: Annotated[
        float, typer.Option(help="Turns of the filter per turn of its joint.")
    ] = 1.0,
    filter_offset: Annotated[
        float, typer.Option(help="Angle where the joint is at 0, degrees.")
    ] = 0.0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the last layers and a report.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Separate reflections in a recorded bag and compare them with recorded truth.

    Reads the bag in code and runs what the node reflection_separation runs, without a clock: the
    same bag gives the same numbers on every run. Topics are found by the names of the node's
    inputs (image_raw; image_a ...; image_rect and a JointState), truth by truth/transmission and
    truth/reflection, layers separated live by transmission/image and reflection/image. Parameters
    of the method, of capture and (with rotating. before them) of a rotating filter can all be given
    with --param.

    Examples:
      ddff bag eval-reflection my_bag --layout 90_45_135_0_rggb

      ddff bag eval-reflection my_bag --method schechner -p plane=upright -o out/my_bag

      ddff bag eval-reflection my_bag --image /cam0/image --image /cam1/image --image /cam2/image

    """
    from ...console import parse_angles
    from ...files.atomic import json_text, make_folder
    from ...files.bags import BagReader
    from ..evaluation.bag import ReflectionBagSettings, evaluate_reflection_bag
    from ..evaluation.bag_topics import find_polarizer_topics

    pipeline = make_separation_pipeline(method, param or [], layout)
    if output is not None:
        make_folder(output)
    with BagReader(bag) as reader, progress_bar() as bar:
        topics = find_polarizer_topics(reader.topics, source, image or [])
        default = (0.0, 45.0, 90.0, 135.0)[: len(topics.images)]
        settings = ReflectionBagSettings(
            parse_angles(angles) or default, slop, tolerance, every, filter_ratio, filter_offset
        )
        total = sum(reader.topics[name].count for name in topics.names())
        task = bar.add_task("evaluating messages", total=total)
        evaluation = evaluate_reflection_bag(
            reader, topics, pipeline, settings, lambda done: bar.update(task, completed=done)
        )
    content = {
        "bag": str(bag),
        "method": method,
        "parameters": {**pipeline.parameters, **pipeline.capture.values()},
        **evaluation.to_json(),
    }
    if output is not None:
        _write(output, evaluation, pipeline, content, bag.name)
    if as_json:
        typer.echo(json_text(content))
        return
    print_reflection_evaluation(evaluation)
    if output is not None:
        say(f"Results are in {output}")


def make_separation_pipeline(
    method: str, assignments: list[str], layout: str | None = None
) -> SeparationPipeline:
    """The pipeline with `name=value` parameters of the method, of capture and of `rotating.`."""
    from ...ros.parameter_file import settings_for
    from ..interface import REFLECTION_SEPARATION
    from ..parameters import pipeline_from, pipeline_parameters

    given = [*assignments, *([f"layout={layout}"] if layout is not None else [])]
    values = settings_for(
        REFLECTION_SEPARATION, None, given, method=method, used=pipeline_parameters
    )
    return pipeline_from(values)


def print_reflection_evaluation(evaluation: ReflectionBagEvaluation) -> None:
    """Tables of errors and what was not used, on the console."""
    title = f"Layers of {evaluation.separated} sets of polarizer images"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("layer", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in ("images", "RMSE", "PSNR dB", "SSIM"):
        table.add_column(name, justify="right")
    rows = [
        (layer, f"{name} vs truth", scores)
        for layer, found in evaluation.scores.items()
        for name, scores in found.items()
    ]
    rows += [(layer, "offline vs live", s) for layer, s in evaluation.against_live.items()]
    for layer, name, scores in rows:
        numbers = f"{scores.rmse:.4f}", f"{scores.psnr_db:.2f}", f"{scores.ssim:.4f}"
        table.add_row(layer, name, str(scores.images), *numbers)
    if rows:
        console.print(table)
    else:
        console.print("The bag holds neither true nor live layers to compare with.")
    used = f"{evaluation.separated} of {evaluation.sets} sets separated"
    lost = [
        f"{count} {name.replace('_', ' ')}" for name, count in evaluation.counters.items() if count
    ]
    console.print(f"{used}; {', '.join(lost) or 'nothing dropped'}", highlight=False)
    for reason, count in evaluation.unusable.items():
        console.print(f"{count} x {escape(reason)}", style="yellow", highlight=False)
    if evaluation.damage:
        text = (
            f"The recording is damaged ({evaluation.damage}); {evaluation.messages} messages read."
        )
        console.print(text, style="yellow", markup=False, highlight=False)


def _write(
    output: Path,
    evaluation: ReflectionBagEvaluation,
    pipeline: SeparationPipeline,
    content: Mapping[str, Any],
    name: str,
) -> None:
    """The last layers as `ddff reflection` writes them, the numbers, and report.html."""
    from ...files.atomic import write_json
    from ..evaluation.bag_report import reflection_bag_report
    from ..evaluation.results import SUMMARY, write_separation

    last = evaluation.last
    if last is None or last.layers is None:
        return
    write_separation(output, last.images, last.layers, pipeline.capture, last.kind)
    times = evaluation.stages_ms.get(pipeline.method, [])
    summary = {
        **content,
        "polarizer_angles_deg": list(last.images.angles_deg),
        "method_s": float(np.median(times)) / 1e3 if times else None,
    }
    write_json(output / SUMMARY, summary)
    reflection_bag_report(output, evaluation, f"Bag {name}")
