"""Contact sheets: every model as a small picture with its name and class, to be checked by eye."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.images import write_image
from ...types import InputError
from .library import Library, Offer
from .models import Model, ModelPart
from .wavefront import UnshowableError

TILE_PX = 150
_COLUMNS = 10
_LINE_PX = 13
# Seen from the front, a little from the left and above.
_YAW, _PITCH = np.radians(30.0), np.radians(25.0)
_LIGHT = np.array([-0.4, -0.7, 0.6])


def write_sheet(
    library: Library,
    groups: Sequence[str],
    path: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Writes the models of `groups` (all where empty) as one PNG; returns how many there are.

    Raises InputError where the library has none of them.
    """
    wanted = groups or sorted(library.offers)
    offers = [offer for group in wanted for offer in library.offers.get(group, [])]
    if not offers:
        known = ", ".join(sorted(library.offers)) or "none: run `ddff assets fetch` first"
        raise InputError(f"there are no such models; groups there are: {known}")
    tiles = []
    for number, offer in enumerate(offers):
        tiles.append(_tile(library, offer))
        progress(number + 1, len(offers))
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % min(_COLUMNS, len(offers)))
    columns = min(_COLUMNS, len(offers))
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    write_image(path, np.vstack(rows))
    return len(offers)


def draw_model(model: Model, size: int = TILE_PX) -> NDArray[np.uint8]:
    """The model's faces from far to near, size x size x 3 uint8 BGR: no hidden-surface algorithm,
    which is enough to recognise furniture by.
    """
    turn = _rotation()
    corners, colours = [], []
    for part in model.parts:
        triangles = part.vertices.astype(np.float64)[part.faces]
        normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        shade = 0.45 + 0.55 * np.abs(normal @ (_LIGHT / np.linalg.norm(_LIGHT)))
        corners.append(triangles @ turn.T)
        colours.append(_face_colours(part) * shade[:, None])
    triangles, colour = np.concatenate(corners), np.concatenate(colours)
    flat = triangles[..., [0, 2]] * [1, -1]
    low, high = flat.min(axis=(0, 1)), flat.max(axis=(0, 1))
    scale = 0.9 * size / max(float((high - low).max()), 1e-6)
    points = np.rint((flat - (low + high) / 2) * scale + size / 2).astype(np.int32)
    image = np.full((size, size, 3), 235, np.uint8)
    for index in np.argsort(-triangles[..., 1].mean(axis=1)):
        cv2.fillConvexPoly(image, points[index], colour[index, ::-1].tolist(), cv2.LINE_AA)
    return image


def _tile(library: Library, offer: Offer) -> NDArray[np.uint8]:
    try:
        image = draw_model(library.model(offer))
    except UnshowableError:
        image = np.full((TILE_PX, TILE_PX, 3), 60, np.uint8)
    lines = (
        offer.kind.name,
        f"{offer.kind.group}: {offer.kind.label}",
        f"{offer.kind.place} " + "x".join(f"{100 * side:.0f}" for side in offer.size.size),
    )
    for number, line in enumerate(lines):
        place = (2, TILE_PX - 4 - _LINE_PX * (len(lines) - 1 - number))
        plain = line.encode("ascii", "replace").decode()[:26]
        cv2.putText(image, plain, place, cv2.FONT_HERSHEY_PLAIN, 0.75, (180, 30, 0), 1, cv2.LINE_AA)
    return image


def _face_colours(part: ModelPart) -> NDArray[np.float64]:
    """Display RGB 0..255 per face: of the picture at its middle, else of the material."""
    if part.picture is None or part.uv is None:
        return np.tile(np.asarray(part.colour) * 255.0, (len(part.faces), 1))
    height, width = part.picture.shape[:2]
    middle = part.uv[part.faces].mean(axis=1) % 1.0
    x = np.minimum((middle[:, 0] * width).astype(int), width - 1)
    y = np.minimum(((1 - middle[:, 1]) * height).astype(int), height - 1)
    return np.asarray(part.picture[y, x], np.float64)


def _rotation() -> NDArray[np.float64]:
    yaw = np.array([[np.cos(_YAW), -np.sin(_YAW), 0], [np.sin(_YAW), np.cos(_YAW), 0], [0, 0, 1]])
    pitch = np.array(
        [[1, 0, 0], [0, np.cos(_PITCH), -np.sin(_PITCH)], [0, np.sin(_PITCH), np.cos(_PITCH)]]
    )
    return np.asarray(pitch @ yaw)
