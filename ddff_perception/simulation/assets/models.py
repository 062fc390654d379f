"""Furniture models in metres, parsed once and kept in a safe format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...files.atomic import atomic_write, make_folder
from ...files.results import written_by
from .furniture import FurnitureSize, open_library
from .unpacking import DAMAGE
from .wavefront import ObjPart, read_obj

FORMAT = 1  # Of the kept files; another number is another folder.
# The files have y up and their front towards +z; we have z up and the front towards -y.
_TO_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
_SUPPORT_STEP = 0.01
_UPRIGHT = 0.95


@dataclass(frozen=True, slots=True)
class ModelPart:
    """Triangles of one material: `vertices` (V, 3) float32 metres, `faces` (F, 3) int32, `uv`
    (V, 2) float32 or None, `normals` (V, 3) float32 unit vectors or None; `colour` and `picture`
    are display RGB (0..1; uint8 H x W x 3, None), `opacity` and `shininess` as in the MTL.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32] | None
    normals: NDArray[np.float32] | None
    colour: tuple[float, float, float]
    opacity: float
    shininess: float
    picture: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class Model:
    """A piece of furniture: it stands on z = 0, centred on the z axis, its front towards -y.

    `size`: width (x), depth (y), height (z) in metres. `support`: height of its largest level
    surface in metres, 0 where it has none that things could stand on.
    """

    parts: tuple[ModelPart, ...]
    size: tuple[float, float, float]
    support: float


def read_model(library: Path, model: str, size: FurnitureSize, kept: Path) -> Model:
    """The model, from the folder `kept` where it was parsed before, else parsed and put there.

    Raises InputError where the library has no such model, or it or `kept` cannot be used, and of
    these UnshowableError where it cannot be shown.
    """
    folder = kept / f"models_{FORMAT}" / library.stem
    file = folder / (model.replace("/", "__") + ".npz")
    before = _load(file)
    if before is not None:
        return before
    with open_library(library) as packed:
        parts = read_obj(packed, model)
    result = _in_metres(parts, size)
    make_folder(folder)
    _save(result, file)
    return result


def _in_metres(parts: list[ObjPart], size: FurnitureSize) -> Model:
    turn = _TO_Z_UP @ size.rotation
    width, depth, height = size.size
    wanted = np.array([width, depth, height])
    turned = [part.vertices @ turn.T for part in parts]
    everything = np.concatenate([v[np.unique(p.faces)] for v, p in zip(turned, parts, strict=True)])
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = wanted / np.maximum(high - low, 1e-9)
    foot = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    placed = tuple(
        _part(part, (vertices - foot) * scale, turn, scale)
        for vertices, part in zip(turned, parts, strict=True)
    )
    return Model(placed, (width, depth, height), _support(placed, width * depth))


def _part(
    part: ObjPart,
    vertices: NDArray[np.float64],
    turn: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> ModelPart:
    normals = None
    if part.normals is not None:
        stretched = part.normals @ turn.T / scale
        length = np.linalg.norm(stretched, axis=1, keepdims=True)
        normals = (stretched / np.maximum(length, 1e-12)).astype(np.float32)
        normals = None if float(length.min()) < 1e-9 else normals
    return ModelPart(
        vertices=vertices.astype(np.float32),
        faces=part.faces.astype(np.int32),
        uv=None if part.uv is None else part.uv.astype(np.float32),
        normals=normals,
        colour=part.material.colour,
        opacity=part.material.opacity,
        shininess=part.material.shininess,
        picture=part.material.picture,
    )


def _support(parts: tuple[ModelPart, ...], area: float) -> float:
    """The highest level surface of at least half the area of the largest one, if that is large."""
    heights, areas = [], []
    for part in parts:
        corners = part.vertices[part.faces].astype(np.float64)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        double = np.linalg.norm(normal, axis=1)
        level = np.abs(normal[:, 2]) > _UPRIGHT * np.maximum(double, 1e-12)
        heights.append(corners[level, 0, 2])
        areas.append(double[level] / 2)
    height, size = np.concatenate(heights), np.concatenate(areas)
    standing = height > 0.15
    if not standing.any():
        return 0.0
    bins = (height[standing] / _SUPPORT_STEP).astype(int)
    total = np.bincount(bins, weights=size[standing])
    if total.max() < 0.2 * area:
        return 0.0
    return float((np.nonzero(total > 0.5 * total.max())[0][-1] + 1) * _SUPPORT_STEP)


def _save(model: Model, file: Path) -> None:
    arrays: dict[str, NDArray[np.generic]] = {}
    facts = []
    for number, part in enumerate(model.parts):
        for name in ("vertices", "faces", "uv", "normals", "picture"):
            value = getattr(part, name)
            if value is not None:
                arrays[f"{name}_{number}"] = value
        facts.append([*part.colour, part.opacity, part.shininess])
    about = {"size": model.size, "support": model.support, "parts": facts}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with written_by(None), atomic_write(file) as target:
        np.savez_compressed(target, **arrays)  # type: ignore[arg-type]


def _load(file: Path) -> Model | None:
    """The kept model; None where there is none, or a damaged one, which is made anew."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            names = set(arrays.files)
            parts = tuple(
                ModelPart(
                    vertices=arrays[f"vertices_{number}"],
                    faces=arrays[f"faces_{number}"],
                    uv=arrays[f"uv_{number}"] if f"uv_{number}" in names else None,
                    normals=arrays[f"normals_{number}"] if f"normals_{number}" in names else None,
                    colour=(facts[0], facts[1], facts[2]),
                    opacity=facts[3],
                    shininess=facts[4],
                    picture=arrays[f"picture_{number}"] if f"picture_{number}" in names else None,
                )
                for number, facts in enumerate(about["parts"])
            )
            width, depth, height = about["size"]
            return Model(parts, (width, depth, height), about["support"])
    except (KeyError, TypeError, IndexError, AttributeError, *DAMAGE):
        return None
