"""Wavefront OBJ and MTL inside a zip file: one part per material, pictures decoded."""

from __future__ import annotations

import itertools
import posixpath
import zipfile
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.images import decode_image_file
from ...types import InputError
from .unpacking import DAMAGE, safe_path

MAX_FACES = 60_000
_MAX_OBJ_BYTES = 8_000_000
_MAX_PICTURE_BYTES = 40_000_000
_MAX_PICTURE_PX = 256
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")


class UnshowableError(InputError):
    """A model that was read whole, and cannot be shown."""


@dataclass(slots=True)
class ObjMaterial:
    """What the MTL says: `colour` display RGB 0..1, `opacity` 0..1, `shininess` (Ns), and
    `picture`, display RGB uint8 H x W x 3 or None.
    """

    colour: tuple[float, float, float] = (0.7, 0.7, 0.7)
    opacity: float = 1.0
    shininess: float = 0.0
    picture: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class ObjPart:
    """The triangles of one material: `vertices` (V, 3) in the file's own units, `faces` (F, 3),
    `uv` (V, 2) and `normals` (V, 3), None where the file gives none.
    """

    material: ObjMaterial
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    uv: NDArray[np.float64] | None
    normals: NDArray[np.float64] | None


def read_member(packed: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """The member `name`, at most `limit` bytes whatever it announces; raises InputError."""
    path = safe_path(name)
    try:
        with packed.open(path) as file:
            content = file.read(limit + 1)
    except (KeyError, *DAMAGE) as error:
        raise InputError(
            f"{packed.filename} has no readable {name}: `ddff assets fetch` mends what is damaged"
        ) from error
    if len(content) > limit:
        raise InputError(f"{name} in {packed.filename} is larger than {limit} bytes")
    return content


def read_obj(packed: zipfile.ZipFile, name: str) -> list[ObjPart]:
    """The parts of the model `name`. Raises InputError where it cannot be read, UnshowableError
    where there is nothing to show, or more than MAX_FACES triangles.
    """
    text = read_member(packed, name, _MAX_OBJ_BYTES).decode("latin-1")
    try:
        parts = _parts(packed, posixpath.dirname(name), text)
    except InputError:
        raise
    except (ValueError, IndexError) as error:
        raise UnshowableError(f"{name} is no Wavefront model: {error}") from error
    if not parts or sum(len(part.faces) for part in parts) > MAX_FACES:
        raise UnshowableError(f"{name} has no faces, or more than {MAX_FACES}")
    return parts


def _parts(packed: zipfile.ZipFile, folder: str, text: str) -> list[ObjPart]:
    reader = _Reader()
    materials: dict[str, ObjMaterial] = {}
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        words = line.split()
        if words and words[0] == "mtllib":
            materials.update(_read_mtl(packed, folder, " ".join(words[1:])))
        elif words:
            reader.line(words)
    return reader.parts(materials)


@dataclass
class _Reader:
    vertices: list[list[float]] = field(default_factory=list)
    uv: list[list[float]] = field(default_factory=list)
    normals: list[list[float]] = field(default_factory=list)
    corners: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    material: str = ""

    def line(self, words: list[str]) -> None:
        kind = words[0]
        if kind == "v":
            self.vertices.append([float(word) for word in words[1:4]])
        elif kind == "vt":
            self.uv.append([float(word) for word in words[1:3]])
        elif kind == "vn":
            self.normals.append([float(word) for word in words[1:4]])
        elif kind == "usemtl":
            self.material = " ".join(words[1:])
        elif kind == "f":
            self._face([self._corner(word) for word in words[1:]])

    def _corner(self, word: str) -> tuple[int, int, int]:
        numbers = [int(part) if part else 0 for part in word.split("/")]
        numbers += [0] * (3 - len(numbers))
        counts = (len(self.vertices), len(self.uv), len(self.normals))
        # OBJ counts from 1, and backwards from the latest where a number is negative.
        place = [n - 1 if n > 0 else c + n for n, c in zip(numbers, counts, strict=True)]
        return place[0], place[1] if numbers[1] else -1, place[2] if numbers[2] else -1

    def _face(self, corners: list[tuple[int, int, int]]) -> None:
        group = self.corners.setdefault(self.material, [])
        for second, third in itertools.pairwise(corners[1:]):
            group += [corners[0], second, third]

    def parts(self, materials: dict[str, ObjMaterial]) -> list[ObjPart]:
        arrays = (
            np.asarray(self.vertices, np.float64).reshape(-1, 3),
            np.asarray(self.uv, np.float64).reshape(-1, 2),
            np.asarray(self.normals, np.float64).reshape(-1, 3),
        )
        parts = []
        for name, corners in self.corners.items():
            if not corners:
                continue
            unique, index = np.unique(np.asarray(corners), axis=0, return_inverse=True)
            if unique[:, 0].min() < 0 or unique[:, 0].max() >= len(arrays[0]):
                raise UnshowableError("a face names a vertex that there is not")
            uv, normals = (
                values[column]
                if len(values) and 0 <= column.min() <= column.max() < len(values)
                else None
                for values, column in ((arrays[1], unique[:, 1]), (arrays[2], unique[:, 2]))
            )
            material = materials.get(name, ObjMaterial())
            faces = index.reshape(-1, 3)
            parts.append(ObjPart(material, arrays[0][unique[:, 0]], faces, uv, normals))
        return parts


def _read_mtl(packed: zipfile.ZipFile, folder: str, name: str) -> dict[str, ObjMaterial]:
    path = posixpath.normpath(posixpath.join(folder, name))
    if path not in packed.NameToInfo:
        return {}  # A model without its colours is still a model.
    text = read_member(packed, path, _MAX_OBJ_BYTES).decode("latin-1")
    materials: dict[str, ObjMaterial] = {}
    current = ObjMaterial()
    for words in (line.split() for line in text.splitlines()):
        if not words:
            continue
        if words[0] == "newmtl":
            current = materials.setdefault(" ".join(words[1:]), ObjMaterial())
        elif words[0] == "Kd" and len(words) >= 4:
            current.colour = (float(words[1]), float(words[2]), float(words[3]))
        elif words[0] == "d":
            current.opacity = float(words[-1])
        elif words[0] == "Ns":
            current.shininess = float(words[1])
        elif words[0] == "map_Kd":
            current.picture = _read_picture(packed, folder, words[-1])
    return materials


def _read_picture(packed: zipfile.ZipFile, folder: str, name: str) -> NDArray[np.uint8] | None:
    """The picture, shrunk; some MTL files name one on their author's disk, which the only picture
    beside the model stands in for.
    """
    path = posixpath.normpath(posixpath.join(folder, name.replace("\\", "/")))
    if path not in packed.NameToInfo:
        beside = [
            entry
            for entry in packed.NameToInfo
            if posixpath.dirname(entry) == folder and entry.lower().endswith(_SUFFIXES)
        ]
        if len(beside) != 1:
            return None
        path = beside[0]
    content = read_member(packed, path, _MAX_PICTURE_BYTES)
    try:
        image = decode_image_file(content, path, cv2.IMREAD_COLOR)
    except InputError:
        return None
    shrink = min(1.0, _MAX_PICTURE_PX / max(image.shape[:2]))
    if shrink < 1:
        size = [max(1, round(shrink * side)) for side in (image.shape[1], image.shape[0])]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image[..., ::-1])
