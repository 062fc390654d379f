"""The report on separated layers: what was run, how good, and the pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from ...evaluation.reports.blocks import (
    Block,
    Cell,
    ColorScale,
    Column,
    Picture,
    Pictures,
    Section,
    Table,
    Tile,
    Tiles,
)
from ...evaluation.reports.colours import CONFIDENCE_MAP, color_stops, colorize_confidence
from ...evaluation.reports.facts import mean, number
from ...evaluation.reports.results import ResultKind
from ...files.polarization_folder import angles_text
from ...types import FloatArray, ImageArray
from .pictures import DEGREE_MAP, colorize_angle, colorize_degree, degree_span
from .results import SeparationResult, is_separation, read_separation

_HUES = 12
_SCORE_NOTE = (
    "Against the true layers, 1 is full range. Plain input is the mean over the polarizer angles, "
    "taken for the transmission."
)


def separation_sections(results: Sequence[SeparationResult]) -> list[Section]:
    """The sections of a page over `results`."""
    sections = [Section("At a glance", [Tiles(_tiles(results)), _numbers(results)])]
    if any(result.scores for result in results):
        sections.append(Section("Errors", [_errors(results)]))
    return [*sections, *(pictures_section(result) for result in results)]


def pictures_section(result: SeparationResult) -> Section:
    """Polarizer images, layers, degree, angle and confidence of one result."""
    images = [
        Picture(image, f"Polarizer at {angle:g}°", photo=True)
        for image, angle in zip(result.images, result.angles_deg, strict=False)
    ]
    layers = layer_pictures(result.transmission, result.reflection)
    if result.truth is not None:
        layers += [
            Picture(result.truth[0], "True transmission", photo=True),
            Picture(
                brightened(result.truth[1], stretched(result.reflection)[1]),
                "True reflection, as bright",
                photo=True,
            ),
        ]
    maps = polarization_pictures(result.degree, result.angle_deg)
    if result.confidence is not None:
        marks = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")]
        scale = ColorScale(color_stops(CONFIDENCE_MAP), marks)
        maps.append(Picture(colorize_confidence(result.confidence), "Confidence", scale=scale))
    rows = [pictures for pictures in (images, layers, maps) if pictures]
    blocks: list[Block] = [
        Pictures(pictures, columns=max(2, min(4, len(pictures)))) for pictures in rows
    ]
    height, width = result.degree.shape
    intro = f"{width} × {height} pixels, polarizer at {angles_text(result.angles_deg)} degrees."
    return Section(result.name, blocks, intro)


def layer_pictures(transmission: ImageArray, reflection: ImageArray) -> list[Picture]:
    """Both layers; the reflection is often dark, and then shown brighter as its caption says."""
    bright, gain = stretched(reflection)
    note = "" if gain <= 1.0 else f", {gain:.1f} times as bright"
    return [
        Picture(transmission, "Transmission", photo=True),
        Picture(bright, f"Reflection{note}", photo=True),
    ]


def polarization_pictures(degree: FloatArray, angle_deg: FloatArray) -> list[Picture]:
    """Degree and angle of polarization with their scales."""
    span = degree_span(degree)
    marks = [(0.0, "0"), (0.5, f"{span / 2:.2g}"), (1.0, f"{span:.2g}")]
    hues = np.linspace(0, 179, _HUES).round().astype(np.uint8)
    full = np.full_like(hues, 255)
    colours = cv2.cvtColor(cv2.merge([hues, full, full]), cv2.COLOR_HSV2RGB).reshape(-1, 3)
    stops = ["#{:02x}{:02x}{:02x}".format(*map(int, colour)) for colour in colours]
    around = ColorScale(stops, [(0.0, "0°"), (0.5, "90°"), (1.0, "180°")])
    return [
        Picture(
            colorize_degree(degree, span),
            "Degree of polarization",
            scale=ColorScale(color_stops(DEGREE_MAP), marks),
        ),
        Picture(
            colorize_angle(angle_deg, degree, span),
            "Angle of polarization, dark where there is none",
            scale=around,
        ),
    ]


def stretched(image: ImageArray) -> tuple[ImageArray, float]:
    """`image` so bright that 1 % of it is at full range, and by how much (never darker)."""
    top = np.iinfo(image.dtype).max
    bright = float(np.percentile(image, 99.0))
    gain = max(1.0, top / bright) if bright > 0 else 1.0
    return brightened(image, gain), gain


def brightened(image: ImageArray, gain: float) -> ImageArray:
    """`image` times `gain`, clipped to its type."""
    levels = np.clip(image.astype(np.float32) * gain, 0, np.iinfo(image.dtype).max)
    shown: ImageArray = levels.astype(image.dtype)
    return shown


def _tiles(results: Sequence[SeparationResult]) -> list[Tile]:
    tiles = []
    for name in ("transmission", "reflection"):
        psnr = mean(r.scores[name].psnr_db for r in results if name in r.scores)
        if not math.isnan(psnr):
            tiles.append(Tile(name.capitalize(), psnr, "dB", "PSNR against the true layer"))
    degree = mean(float(r.degree.mean()) for r in results)
    tiles.append(Tile("Degree of polarization", degree, "", "mean over all pixels"))
    seconds = mean(number(r.summary, "method_s") for r in results)
    if not math.isnan(seconds):
        tiles.append(Tile("Time", 1e3 * seconds, "ms", "to separate the layers"))
    return tiles


def _numbers(results: Sequence[SeparationResult]) -> Table:
    columns = [
        Column("Result"),
        Column("Size", "px"),
        Column("Angles", "°"),
        Column("Method"),
        Column("Time", "ms"),
        Column("Degree, mean", decimals=3),
        Column("Degree, 99 %", decimals=3),
        Column("Confidence, mean", decimals=2),
        Column("Reflected light", "%", decimals=1),
    ]
    rows: list[list[Cell]] = [
        [
            result.name,
            f"{result.degree.shape[1]} × {result.degree.shape[0]}",
            angles_text(result.angles_deg),
            str(result.summary.get("method", "–")),
            1e3 * number(result.summary, "method_s"),
            float(result.degree.mean()),
            float(np.percentile(result.degree, 99)),
            math.nan if result.confidence is None else float(result.confidence.mean()),
            _reflected_percent(result),
        ]
        for result in results
    ]
    return Table(columns, rows)


def _reflected_percent(result: SeparationResult) -> float:
    behind, mirrored = float(result.transmission.mean()), float(result.reflection.mean())
    total = behind + mirrored
    return 100.0 * mirrored / total if total else math.nan


def _errors(results: Sequence[SeparationResult]) -> Table:
    columns = [
        Column("Result"),
        Column("Layer"),
        Column("RMSE"),
        Column("PSNR", "dB", decimals=1),
        Column("SSIM", decimals=3),
    ]
    rows: list[list[Cell]] = [
        [result.name, name, scores.rmse, scores.psnr_db, scores.ssim]
        for result in results
        for name, scores in result.scores.items()
    ]
    return Table(columns, rows, note=_SCORE_NOTE)


SEPARATION_RESULTS = ResultKind(
    title="Reflection separation",
    command="ddff reflection",
    recognises=is_separation,
    read=read_separation,
    sections=separation_sections,
)
