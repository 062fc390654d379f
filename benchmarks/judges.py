"""Every judge family by itself, the worst in the headline: `make accuracy`.

    python benchmarks/judges.py [--families rooms odd light_fields blank captures]
        [--methods multiscale vdff focus_stream] [--weights focus_stream | FOLDER/NAME]
        [--light-fields FOLDER] [--trained DATASET_OR_CARD ...] [--json FILE]

`rooms`, `odd` and `light_fields` are rendered once into `--folder` (held-out assets, layouts and
textures that no training has) and kept; `--ready` takes those that are there already. `blank` are
stacks of nothing. `captures` are the real ones of `benchmarks/real_stacks.py`. `--light-fields` is
a folder of scenes of the 4D light field benchmark (public ones), a family `public_light_fields`.
Nothing may be tuned on any of it.

What is not whole (other weights, families, methods or judges left out, no captures) is not recorded
unless `--json` says where. An asset of a judge that the weights' card names, or what `--trained`
names beside it, is an error.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from _families import BLANK, FamilyScores, blank_stacks, headline, score_family
from _record import ROOT, run, write_record
from real_stacks import CAPTURES, DEFAULT, evaluate
from rich.console import Console
from rich.table import Table

from ddff_perception.console import progress_bar
from ddff_perception.engines.model_zoo import find_parts
from ddff_perception.files.images import read_json
from ddff_perception.files.stack_folder import StackFolder
from ddff_perception.simulation.assets.record import recorded_assets
from ddff_perception.simulation.judges.catalogue import FAMILIES, JUDGES
from ddff_perception.simulation.judges.sets import (
    ABOUT,
    prepare,
    read_judge,
    ready,
    refocused,
    require_held_out,
)
from ddff_perception.types import InputError

PUBLIC_SLICES = 10
SHIPPED = "focus_stream"
METHODS = ("vdff", "multiscale", SHIPPED)
ALL_FAMILIES = (*FAMILIES, BLANK, "captures")
COLUMNS = {
    "family": "family",
    "method": "method",
    "stacks": "stacks",
    "mae_dpt": "error [1/m]",
    "ratio_to_yardstick": "/ yardstick",
    "ratio_to_multiscale": "/ multiscale",
    "ratio_to_constant": "/ constant map",
    "delta_1": "δ %",
    "calibration_error": "calibration",
    "blank_percent": "depth of nothing %",
}


def main() -> None:
    arguments = _arguments()
    methods = _methods(arguments)
    console = Console(width=150)
    scores: list[FamilyScores] = []
    for family in arguments.families:
        if family in (*FAMILIES, BLANK):
            stacks = blank_stacks() if family == BLANK else _rendered(family, arguments)
            if stacks:
                scores.append(_scored(family, stacks, methods))
    if arguments.light_fields is not None:
        public = _public(arguments.light_fields)
        scores.append(_scored("public_light_fields", public, methods))
    rows = [row for result in scores for row in result.rows]
    console.print(_table("judges", rows, COLUMNS))
    for result in scores:
        console.print(_table(f"error [1/m], {result.family}", result.stacks, None))
    captures = _captures(arguments, methods) if "captures" in arguments.families else []
    if captures:
        console.print(_table("real captures", captures, None))
    console.print(headline(rows, captures))
    if arguments.json is None and (lack := _lacks(arguments, captures)):
        print(f"no record: {lack}", file=sys.stderr)
    else:
        path = write_record(
            "judges",
            rows,
            arguments.json,
            captures=captures,
            command="python benchmarks/judges.py" + " --ready" * arguments.ready,
            stacks=[{"family": r.family, **row} for r in scores for row in r.stacks],
            headline=headline(rows, captures),
            weights=arguments.weights,
        )
        console.print(f"recorded in {path}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--families", nargs="+", default=list(ALL_FAMILIES), choices=ALL_FAMILIES)
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "judges")
    parser.add_argument(
        "--ready", action="store_true", help="judge by what is rendered already, render nothing"
    )
    parser.add_argument("--assets", type=Path, help="folder of the fetched assets")
    parser.add_argument(
        "--methods",
        nargs="+",
        default=list(METHODS),
        help="beside the yardstick and multiscale, which are always there",
    )
    parser.add_argument(
        "--weights",
        "--models",
        default=SHIPPED,
        help="FocusStream's model, as its parameter",
    )
    parser.add_argument("--engine", default="auto", help="what runs the networks")
    parser.add_argument("--light-fields", type=Path, help="folder of public light fields")
    parser.add_argument("--captures", type=Path, default=DEFAULT, help="folder of real captures")
    parser.add_argument(
        "--trained",
        type=Path,
        nargs="*",
        default=[],
        help="data sets or cards beside the weights' own",
    )
    parser.add_argument("--json", type=Path, help="where to write the record")
    return parser.parse_args()


def _methods(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    methods: dict[str, dict[str, Any]] = {"yardstick": {}, "multiscale": {}}
    for name in arguments.methods:
        methods[name] = {}
        if name == SHIPPED:
            chosen = {"model": arguments.weights, "engine": arguments.engine}
            methods[name] = chosen
            parts = find_parts(arguments.weights, ("encoder", "head"))
            if all(part.sibling("int8") for part in parts):
                methods[f"{name}, int8"] = {**chosen, "precision": "int8"}
    return methods


def _lacks(arguments: argparse.Namespace, captures: list[dict[str, Any]]) -> str:
    """What the run does not say of all that the record says of what ships; empty: nothing."""
    there = len(ready(arguments.folder, JUDGES))
    lacks = {
        "the weights are not those that ship": arguments.weights != SHIPPED,
        "public light fields are among the judges": arguments.light_fields is not None,
        "not all families were judged": set(arguments.families) < set(ALL_FAMILIES),
        "not all methods were judged": not set(METHODS) <= set(arguments.methods),
        f"{there} of {len(JUDGES)} judges are rendered": there < len(JUDGES),
        "the real captures are not here": not captures,
    }
    return ", ".join(text for text, lacking in lacks.items() if lacking)


def _trained(arguments: argparse.Namespace) -> list[Path]:
    """The sets or cards to hold the judges' assets against: the card of the weights, at least."""
    card = find_parts(arguments.weights, ("encoder", "head"))[0].path.with_suffix(".json")
    own = [card] if "assets" in read_json(card) else []
    return [*own, *arguments.trained]


def _rendered(family: str, arguments: argparse.Namespace) -> list[StackFolder]:
    judges = [judge for judge in JUDGES if judge.family == family]
    if arguments.ready:
        places = ready(arguments.folder, judges)
    else:
        with progress_bar(f"rendering {family}") as report:

            def advance(name: str, done: int, total: int) -> None:
                report(done, total, what=f"rendering {family}: {name}")

            places = prepare(arguments.folder, judges, arguments.assets, advance)
    keys = [key for path in places for key in recorded_assets(path / ABOUT)]
    require_held_out(keys, _trained(arguments))
    return [read_judge(path) for path in places]


def _public(folder: Path) -> list[StackFolder]:
    """Every scene below `folder` that has a truth, refocused over the depth that it states."""
    found = sorted(path.parent for path in folder.rglob("gt_depth_lowres.pfm"))
    if not found:
        raise InputError(f"{folder} holds no light fields with a gt_depth_lowres.pfm")
    return [refocused(path, PUBLIC_SLICES) for path in found]


def _scored(
    family: str, stacks: list[StackFolder], methods: dict[str, dict[str, Any]]
) -> FamilyScores:
    with progress_bar(f"estimating {family}", len(stacks) * len(methods)) as report:
        return score_family(family, stacks, methods, report)


def _captures(
    arguments: argparse.Namespace, methods: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    if not arguments.captures.is_dir():
        print(f"{arguments.captures} is not there: the real captures are left out", file=sys.stderr)
        return []
    rows = []
    whole = {name: values for name, values in methods.items() if "," not in name}
    with progress_bar("captures", len(CAPTURES)) as report:
        for capture in CAPTURES:
            rows += evaluate(arguments.captures, capture, whole)[1]
            report()
    keys = ("capture", "method", "score_is", "score", "torn_percent", "off_plane_percent")
    return [{key: row[key] for key in keys if key in row} for row in rows]


def _table(title: str, rows: list[dict[str, Any]], columns: dict[str, str] | None) -> Table:
    """`columns`: heading by key; None takes the keys themselves."""
    shown = columns or {key: key.replace("_", " ") for row in rows for key in row}
    table = Table(title=title)
    for heading in shown.values():
        table.add_column(heading, justify="left" if heading in ("family", "method") else "right")
    for row in rows:
        cells = [row.get(key) for key in shown]
        table.add_row(
            *("" if c is None else f"{c:.3g}" if isinstance(c, float) else str(c) for c in cells)
        )
    return table


if __name__ == "__main__":
    run(main)
