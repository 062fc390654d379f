"""`ddff align`: recordings become references, and are laid over each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ...console import (
    AsJson,
    MethodName,
    Output,
    Params,
    ParamsFile,
    console,
    progress_bar,
    say,
)
from ...evaluation.reports.console_table import console_table
from ...files.atomic import json_text, make_folder
from ...files.results import require_own, written_by
from ...methods import Method
from ...parameters import Value
from ...ros.parameter_file import given_settings
from ...types import InputError
from ..capture.frames import read_frames, thinned
from ..capture.reference import SUFFIX, Reference, build_reference
from ..evaluation.report import scores_table
from ..evaluation.results import RESULT_FILES, read_truth
from ..evaluation.scores import OffsetScores
from ..interface import VIDEO_ALIGNMENT
from ..methods import METHODS, described_by, require_same
from ..parameters import recording_parameters
from .descriptor_map import Flattening
from .laying import RECORDINGS, Laying, Recorded, unique_names

app = typer.Typer(no_args_is_help=True)

Recording = Annotated[Path, typer.Argument(help="Bag, video, or folder of images.")]
Topic = Annotated[str | None, typer.Option(help="Image topic of a bag, where it has several.")]
FolderRate = Annotated[
    float, typer.Option(help="Frames per second of a folder of images.", min=0.1, max=1000.0)
]


@app.command()
@written_by("ddff align build")
def build(
    source: Recording,
    output: Annotated[Path, typer.Option("--output", "-o", help="The reference: one file.")],
    rate: Annotated[
        float, typer.Option(help="Frames per second that are kept; 0 keeps all.", min=0.0)
    ] = 10.0,
    topic: Topic = None,
    folder_rate: FolderRate = 30.0,
    method: MethodName = None,
    param: Params = None,
    params_file: ParamsFile = None,
) -> None:
    """Make a reference of a recorded route, for the node `video_alignment`.

    One file: what each frame looks like, when it was, and a small picture of it.

    Examples:
      ddff align build my_bag -o ~/.ros/routes/yard.route

      ddff align build drive.mp4 -o drive.route --rate 5

    """
    given = given_settings(
        VIDEO_ALIGNMENT, params_file, param or [], method=method, used=METHODS.parameters
    )
    path = output if output.suffix else output.with_suffix(SUFFIX)
    make_folder(path.parent)
    require_own(path.parent, [path.name])
    frames = thinned(read_frames(source, topic, folder_rate), rate)
    with _described(given) as one, progress_bar("describing frames") as step:
        facts = {**described_by(one), "source": source.name[:200]}
        made = build_reference(frames, one, facts, step)
    made.save(path)
    _tell(path, made)


@app.command()
def info(
    reference: Annotated[Path, typer.Argument(help="A file of ddff align build.")],
    as_json: AsJson = False,
) -> None:
    """Say what a reference holds.

    Example:
      ddff align info yard.route

    """
    found = Reference.load(reference)
    if as_json:
        facts = {k: v for k, v in found.facts.items() if k != "arrays"}
        typer.echo(json_text({**facts, "frames": len(found), "seconds": float(found.seconds[-1])}))
    else:
        _tell(reference, found)


@app.command()
@written_by("ddff align match")
def match(
    reference: Annotated[
        Path, typer.Argument(help="Bag, video, folder of images, or file of ddff align build.")
    ],
    query: Annotated[
        list[Path], typer.Argument(help="Bags, videos or folders of images: one or many.")
    ],
    output: Output = Path("out/align"),
    rate: Annotated[
        float, typer.Option(help="Frames per second that are compared; 0 takes all.", min=0.0)
    ] = 0.0,
    truth: Annotated[
        Path | None,
        typer.Option(help="A time_map.csv whose reference_s are true; empty: not shown."),
    ] = None,
    topic: Topic = None,
    query_topic: Annotated[
        str | None, typer.Option(help="Image topic of the query, where it is a bag.")
    ] = None,
    folder_rate: FolderRate = 30.0,
    flattening: Annotated[
        Flattening, typer.Option("--map", help="How descriptors.png is made; tsne: scikit-learn.")
    ] = Flattening.PCA,
    video: Annotated[bool, typer.Option(help="Write side_by_side.mp4.")] = True,
    method: MethodName = None,
    param: Params = None,
    params_file: ParamsFile = None,
    as_json: AsJson = False,
) -> None:
    """Lay recordings over another one: which frame shows the same place.

    Writes time_map.csv and .json (a line per frame of the query), pairs.jpg, costs.png (the cost
    matrix with the tour in it), descriptors.png (frames as points, like ones side by side),
    side_by_side.mp4 and summary.json; where the recordings have no place in common, the map is
    empty and says so. Of many, each has a folder of its own, and recordings.json says how much of
    each was found; an index tells those apart that are worth comparing frame by frame.

    Examples:
      ddff align match monday.mp4 tuesday.mp4 -o out/tuesday

      ddff align match yard.route my_bag -o out/yard -p matching.contrast=0.6

      ddff align match yard.route bags/* -o out/week

    """
    given = given_settings(
        VIDEO_ALIGNMENT, params_file, param or [], method=method, used=recording_parameters
    )
    if truth is not None and len(query) > 1:
        raise InputError("--truth is that of one recording: give it with that one alone")
    names = unique_names(query)
    for folder in [output] if len(query) == 1 else [output / name for name in names]:
        require_own(folder, RESULT_FILES)
    require_own(output, [RECORDINGS] if len(query) > 1 else [])
    known = None if truth is None else read_truth(truth)
    with _described(given) as one, progress_bar("describing frames") as step:

        def route(source: Path, name: str | None) -> Reference:
            if not Reference.is_one(source):
                frames = thinned(read_frames(source, name, folder_rate), rate)
                facts = {**described_by(one), "source": source.name[:200]}
                return build_reference(frames, one, facts, step)
            found = Reference.load(source)
            require_same(one, found.facts)
            return found

        first = Recorded("reference", reference, route(reference, topic))
        others = [
            Recorded(name, source, route(source, query_topic))
            for name, source in zip(names, query, strict=True)
        ]
        laying = Laying(given, one.name, flattening, video, known)
    for other in others:
        first.route.require_camera(*other.route.size)
    if len(others) > 1:
        _tell_many(laying.many_over(first, others, output), reference, output, as_json)
        return
    summary = laying.over(first, others[0], output)
    if as_json:
        typer.echo(json_text(summary))
        return
    if "scores" in summary:
        scores = OffsetScores(**summary["scores"])
        console.print(console_table(scores_table([(others[0].route.facts["source"], scores)])))
    say(_found(summary["matched"], len(others[0].route), reference))
    say(f"Results are in {output}")


def _found(matched: float, frames: int, reference: Path) -> str:
    if not matched:
        return "The recordings have no place in common."
    return f"{100 * matched:.0f} % of {frames} frames have their place in {reference}"


def _tell_many(rows: list[dict[str, Any]], reference: Path, output: Path, as_json: bool) -> None:
    if as_json:
        typer.echo(json_text(rows))
        return
    for row in rows:
        say(f"{row['recording']}: {_found(row['matched'], row['frames'], reference)}")
    say(f"Results are in {output}")


@contextmanager
def _described(given: dict[str, Value]) -> Iterator[Method]:
    """The method of the given values, ready to describe images."""
    made = METHODS.create(*METHODS.chosen(given))
    try:
        if made.engines is not None:
            made.engines.load()
        yield made
    finally:
        made.close()


def _tell(path: Path, reference: Reference) -> None:
    try:
        size = path.stat().st_size / (1 << 20)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    width, height = reference.size
    say(
        f"{path}: {len(reference)} frames of {width}x{height} over {reference.seconds[-1]:.1f} s "
        f"by {reference.facts['method']}, {size:.1f} MiB"
    )
