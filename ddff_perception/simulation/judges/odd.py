"""Odd scenes of the judges: shapes and arrangements that no room has, and no training scene."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..world.types import Surface
from .forms import coil, knot, letters, panel, sheet, superquadric, surface, terrain, tube
from .patterns import PATTERNS, spectral
from .stage import Stage


def bodies(stage: Stage) -> None:
    """Superquadrics from pointed to square, hanging at all depths before a photograph."""
    rng = stage.rng
    for _ in range(16):
        distance = 1 / rng.uniform(1 / 5.0, 1 / 0.7)
        radii = distance * rng.uniform(0.05, 0.16, 3)
        mesh = superquadric(radii, rng.uniform(0.2, 2.0), rng.uniform(0.2, 2.0))
        x, z = rng.uniform(-0.45, 0.45, 2) * distance
        kind = str(rng.choice(list(PATTERNS)))
        cover = stage.pattern(kind, 0.25 * distance)
        stage.add(mesh.rotated(_turned(rng)).moved(x, distance, z), cover)
    _backdrop(stage, 6.0, stage.photograph(3, 5.0))
    stage.light("venice", 45, 1.2)


def hills(stage: Stage) -> None:
    """Rough ground that rises into the distance, boulders on it, under the sky."""
    rng = stage.rng
    size = 160
    heights = 0.14 * spectral(rng, size, 1.8)
    heights += np.linspace(0, 1.6, size)[:, None] ** 2
    stage.add(terrain(heights - 0.9, 9.0, 8.0), stage.pattern("clouds", 0.8))
    for _ in range(9):
        row, column = rng.integers(12, size), rng.integers(40, 120)
        place = (column / size * 9 - 4.5, row / size * 8, heights[row, column] - 0.85)
        mesh = superquadric(rng.uniform(0.1, 0.35, 3), 0.8, 0.8)
        stage.add(mesh.moved(*place), stage.pattern("strokes", 0.5))
    stage.light("dawn", 160, 1.5)


def lettering(stage: Stage) -> None:
    """Words cut from boards, one row behind the other, on a plain ground."""
    words = ("FOKUS", "lente 47", "Tiefe", "apertura", "&?%", "RAUM")
    for number, word in enumerate(words):
        distance = 0.6 * 1.42**number
        mesh = letters(word, 0.16 * distance, 0.05 * distance)
        mesh = mesh.turned(float(stage.rng.uniform(-0.5, 0.5)))
        x = stage.rng.uniform(-0.2, 0.2) * distance
        cover = stage.pattern(list(PATTERNS)[number], 0.12 * distance)
        stage.add(mesh.moved(x, distance, 0), cover)
    stage.add(panel([-5, 0, 0], [10, 0, 0], [0, 6, 0]), Surface(colour=(0.6, 0.57, 0.5)))
    _backdrop(stage, 5.0, Surface(colour=(0.5, 0.55, 0.6)))
    stage.light("lab", 80, 1.3)


def coils(stage: Stage) -> None:
    """Springs and knots a hand's breadth before the lens."""
    rng = stage.rng
    for number in range(9):
        y = 0.22 + 0.07 * number
        x = rng.uniform(-0.3, 0.3) * y
        cover = stage.pattern(list(PATTERNS)[number % 6], 0.05)
        if number % 3:
            mesh = coil(rng.uniform(0.01, 0.03), rng.uniform(0.05, 0.14), rng.uniform(3, 8), 0.004)
            stage.add(mesh.moved(x, y, 0), cover)
        else:
            stage.add(knot(0.035, 2, 3, 0.008).rotated(_turned(rng)).moved(x, y, 0.05), cover)
    stage.add(panel([-2, 0.1, 0], [4, 0, 0], [0, 2, 0]), stage.pattern("labyrinth", 0.12))
    _backdrop(stage, 1.1, stage.photograph(0, 0.9))
    stage.light("workshop", 20, 1.6)


def bare(stage: Stage) -> None:
    """Plain bodies on a plain ground before nothing: only outlines and shading."""
    rng = stage.rng
    for number in range(7):
        y = 0.8 + 0.5 * number
        tone = rng.uniform(0.2, 0.75) * rng.uniform(0.7, 1.0, 3)
        cover = Surface(colour=(float(tone[0]), float(tone[1]), float(tone[2])))
        radii = (0.3 + 0.05 * number) * rng.uniform(0.5, 1.0, 3)
        mesh = superquadric(radii, rng.uniform(0.3, 1.6), rng.uniform(0.3, 1.6))
        stage.add(mesh.moved(rng.uniform(-0.5, 0.5) * y, y, radii[2]), cover)
    stage.add(panel([-8, -1, 0], [16, 0, 0], [0, 9, 0]), Surface(colour=(0.55, 0.5, 0.45)))
    _backdrop(stage, 7.0, Surface(colour=(0.35, 0.4, 0.45)))
    stage.light("dawn", 20, 1.4)


def sheets(stage: Stage) -> None:
    """Photographs on waving sheets that hide each other."""
    rng = stage.rng
    for number in range(11):
        distance = 1 / rng.uniform(1 / 4.5, 1 / 0.6)
        size = distance * rng.uniform(0.25, 0.6)
        mesh = sheet(size, size * rng.uniform(0.6, 1.1), 0.1 * size, rng.uniform(0.5, 2.0))
        x, z = rng.uniform(-0.5, 0.4, 2) * distance
        turned = mesh.turned(float(rng.uniform(-0.7, 0.7))).moved(x, distance, z)
        stage.add(turned, stage.photograph(number))
    _backdrop(stage, 5.5, stage.pattern("cells", 3.0))
    stage.light("hall", 70, 1.4)


def ribbons(stage: Stage) -> None:
    """Bands that wind from near to far."""
    rng = stage.rng
    t = np.linspace(0, 1, 200)
    for number in range(5):
        phase, lift = rng.uniform(0, 6), rng.uniform(-0.6, 0.6)
        y = 0.7 + 3.6 * t
        x = (0.2 + 0.5 * t) * np.sin(phase + 9 * t) + 0.3 * (number - 2) * y / 2
        z = lift * (0.3 + t) + 0.15 * np.cos(phase + 7 * t)
        line = np.stack([x, y, z], axis=1)
        band = np.stack([line, line + np.array([0.02, 0, 0.18])])
        stage.add(surface(band), stage.pattern(list(PATTERNS)[number], 0.2))
        stage.add(tube(line + np.array([0.1, 0, 0.3]), 0.02), stage.pattern("strokes", 0.1))
    _backdrop(stage, 5.0, stage.photograph(6, 4.0))
    stage.light("venice", 300, 1.2)


def columns(stage: Stage) -> None:
    """Pillars of square and round bodies on a patterned ground, far into the distance."""
    rng = stage.rng
    for number in range(12):
        y = 0.9 * 1.17**number
        x = (-1) ** number * rng.uniform(0.1, 0.5) * y
        cover = stage.pattern(str(rng.choice(list(PATTERNS))), 0.3)
        for level in range(3):
            mesh = superquadric((0.09, 0.09, 0.14), rng.uniform(0.1, 1.2), rng.uniform(0.1, 1.0))
            stage.add(mesh.moved(x, y, 0.14 + 0.27 * level), cover)
    stage.add(panel([-6, 0, 0], [12, 0, 0], [0, 9, 0]), stage.pattern("arcs", 0.8))
    _backdrop(stage, 8.0, stage.photograph(4, 8.0))
    stage.light("dawn", 220, 1.5)


def _backdrop(stage: Stage, y: float, cover: Surface) -> None:
    stage.add(panel([-2 * y, y, -2 * y], [4 * y, 0, 0], [0, 0, 4 * y]), cover)


def _turned(rng: np.random.Generator) -> NDArray[np.float64]:
    """A rotation of any direction: the orthogonal part of a random matrix."""
    rotation, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    return np.asarray(rotation * np.sign(np.linalg.det(rotation)))
