"""Result folders of `ddff defocus`: written, read again, on a report's page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.depth.evaluated import Evaluated
from ...evaluation.depth.evaluation import DepthEvaluation
from ...evaluation.depth.figures import colorize_depth
from ...evaluation.depth.maps import read_confidence, read_depth
from ...evaluation.depth.pictures import depth_pictures
from ...evaluation.depth.report_scores import accuracy_section, confidence_section
from ...evaluation.machine import run_facts
from ...evaluation.reports.blocks import (
    Block,
    Column,
    Picture,
    Pictures,
    Section,
    Slider,
    Table,
)
from ...evaluation.reports.facts import number
from ...evaluation.reports.results import ResultKind
from ...files.atomic import make_folder, remove, write_json
from ...files.images import read_array, read_image, read_json, write_array, write_image
from ...types import FloatArray, ImageArray, InputError
from ..pipeline import Estimated
from .pictures import colorize_defocus, defocus_picture

_DEFOCUS, _DEPTH, _OTHER = "defocus.npy", "metric_depth.npy", "other_depth.npy"
_SUMMARY = "summary.json"
_WITH_LENS = (_DEPTH, _OTHER, "depth_color.png")
FILES = (
    "image.png",
    "all_in_focus.png",
    _DEFOCUS,
    "defocus_color.png",
    "confidence.npy",
    *_WITH_LENS,
    _SUMMARY,
    "report.html",
)


@dataclass(frozen=True)
class DefocusResult:
    """One result folder, and how good its depth is where there is a truth."""

    name: str
    image: ImageArray
    sharp: ImageArray
    defocus: FloatArray
    confidence: FloatArray
    depth: FloatArray | None = None
    truth: FloatArray | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    evaluated: Evaluated | None = None


def write_result(folder: Path, result: Estimated, summary: Mapping[str, Any] | None = None) -> None:
    """Writes what was found and, last, summary.json; without a `summary` the caller writes it.

    Raises InputError where the folder cannot be written.
    """
    found = result.found
    make_folder(folder, FILES)
    remove(folder / _SUMMARY)
    write_image(folder / "image.png", found.photograph.image)
    if found.sharp is not None:
        write_image(folder / "all_in_focus.png", found.sharp)
    write_array(folder / _DEFOCUS, found.found.defocus)
    write_image(folder / "defocus_color.png", colorize_defocus(found.found.defocus))
    write_array(folder / "confidence.npy", found.confidence)
    if found.photograph.lens.complete:
        write_array(folder / _DEPTH, found.depth)
        write_array(folder / _OTHER, found.other_depth)
        write_image(folder / "depth_color.png", colorize_depth(found.depth))
    else:
        for name in _WITH_LENS:
            remove(folder / name)
    if summary is not None:
        write_json(folder / _SUMMARY, {**run_facts(), **summary, **described(result)})


def described(result: Estimated) -> dict[str, Any]:
    """What a summary says of a result."""
    found = result.found
    lens, noticed = found.photograph.lens, found.noticed
    known = np.isfinite(found.depth)
    return {
        "method": result.method,
        "parameters": dict(result.parameters),
        "timings_ms": dict(result.timings_ms),
        "lens": {
            "focus_distance_m": focused_at(lens.focus_dioptres),
            "blur_per_dioptre_px": _number(lens.blur_scale),
            "side": found.photograph.side,
        },
        "median_depth_m": float(np.median(found.depth[known])) if known.any() else None,
        "mean_confidence": float(found.confidence.mean()),
        "discs_px": [_number(noticed.sharpest_px), _number(noticed.widest_px)],
        "anisotropy": noticed.anisotropy,
    }


def focused_at(dioptres: float) -> float | str | None:
    """The inverse in metres, as stack.json has it: "inf", and None where it is not known."""
    return _number(1.0 / dioptres) if dioptres else "inf"


def is_defocus(folder: Path) -> bool:
    """Whether `folder` holds an estimated defocus map."""
    return (folder / _DEFOCUS).is_file()


def read_result(folder: Path, truth: Path | None = None) -> DefocusResult:
    """The result in `folder`, scored against the depth map `truth`; raises InputError where a file
    is missing or cannot be read.
    """
    defocus = np.asarray(read_array(folder / _DEFOCUS), np.float32)
    if defocus.ndim != 2:
        raise InputError(f"{folder / _DEFOCUS} is no map of H x W but {defocus.shape}")
    summary = read_json(folder / _SUMMARY) if (folder / _SUMMARY).is_file() else {}
    image = read_image(folder / "image.png")
    sharp = folder / "all_in_focus.png"
    confidence = read_confidence(folder / "confidence.npy")
    depth = read_depth(folder / _DEPTH) if (folder / _DEPTH).is_file() else None
    true, evaluated = None if truth is None else read_depth(truth), None
    if true is not None and depth is not None:
        evaluation = DepthEvaluation()
        evaluation.add(depth, true, confidence)
        evaluated = Evaluated(
            evaluation.to_json(), evaluation.sparsification(), evaluation.reliability()
        )
    return DefocusResult(
        name=folder.resolve().name,
        image=image,
        sharp=read_image(sharp) if sharp.is_file() else image,
        defocus=defocus,
        confidence=confidence,
        depth=depth,
        truth=true,
        summary=summary,
        evaluated=evaluated,
    )


def sections(results: Sequence[DefocusResult]) -> list[Section]:
    """The sections of a page over `results`."""
    columns = [
        Column("Result"), Column("Size", "px"), Column("Method"), Column("Median depth", "m"),
        Column("Widest disc", "px"), Column("Mean confidence", decimals=2),
    ]  # fmt: skip
    rows = [
        (
            result.name,
            f"{result.image.shape[1]} × {result.image.shape[0]}",
            str(result.summary.get("method", "–")),
            number(result.summary, "median_depth_m"),
            float(np.percentile(np.abs(result.defocus), 98)),
            float(result.confidence.mean()),
        )
        for result in results
    ]
    found: list[Section | None] = [Section("At a glance", [Table(columns, rows)])]
    evaluated = [(r.name, r.evaluated) for r in results if r.evaluated is not None]
    if evaluated:
        found += [accuracy_section(evaluated), confidence_section(evaluated)]
    found += [pictures_section(result) for result in results]
    return [section for section in found if section is not None]


def pictures_section(result: DefocusResult) -> Section:
    """The image over what became of it, the defocus map, depth and confidence."""
    before = Picture(result.image, "Image", photo=True)
    after = Picture(result.sharp, "All in focus", photo=True)
    maps = [defocus_picture(result.defocus)]
    unknown = np.full(result.defocus.shape, np.nan, np.float32)
    shown = depth_pictures(
        unknown if result.depth is None else result.depth, result.confidence, result.truth
    )
    maps += shown if result.depth is not None else shown[-1:]
    blocks: list[Block] = [Slider(before, after), Pictures(maps, columns=3)]
    side = inside(result.summary)
    return Section(result.name, blocks, f"Assumed: {side}." if side else "")


def inside(summary: Mapping[str, Any]) -> str:
    """What was assumed of the lens, in words."""
    lens = summary.get("lens")
    if not isinstance(lens, Mapping):
        return ""
    far = lens.get("focus_distance_m") == "inf"
    focus = math.inf if far else number(summary, "lens", "focus_distance_m")
    scale = number(summary, "lens", "blur_per_dioptre_px")
    sides = {
        "near": "all lies before the plane in focus",
        "far": "all lies behind the plane in focus",
        "both": "either side of the plane in focus",
    }
    side = sides.get(str(lens.get("side")), "")
    if math.isnan(focus) or math.isnan(scale):
        return f"{side}; the lens is not known, so there is no depth"
    place = "infinity" if far else f"{focus:.3g} m"
    return f"{side}, focused at {place}, {scale:.3g} px of blur per dioptre"


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


DEFOCUS_RESULTS = ResultKind(
    title="Depth from defocus",
    command="ddff defocus",
    recognises=is_defocus,
    read=read_result,
    sections=sections,
)
