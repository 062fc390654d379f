"""What a scene may be made of: models by group, photographs, environment maps, of one use."""

from __future__ import annotations

import base64
import functools
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.atomic import make_folder, write_bytes
from ...files.image_header import image_header
from ...files.results import written_by
from ...optics.srgb import srgb_decode
from ...types import InputError
from .cache import AssetCache
from .catalogue import Asset, Item, catalogue
from .furniture import FurnitureClass, FurnitureSize, furniture_classes, library_name, read_sizes
from .models import Model, read_model

_MODELS_IN_MEMORY = 256
_PICTURE_PX = 768
_MAX_ENVIRONMENT_BYTES = 16_000_000
_BASE64 = b";base64,"


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that there is, before it is read: its class, its size, and where it lies."""

    kind: FurnitureClass
    size: FurnitureSize
    library: Path


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph or an environment map that there is: `key` as in an index."""

    key: str
    path: Path
    outdoors: bool


class Library:
    """The assets of one `use` (`train` or `judge`) that are fetched; without any, all is empty.

    `folder`: of the assets, None for the default.
    """

    def __init__(self, use: str, folder: Path | None = None) -> None:
        self.use = use
        self._cache = AssetCache(folder)
        self._models: OrderedDict[str, Model] = OrderedDict()
        found = [
            (asset, item) for asset in catalogue() if self._cache.has(asset) for item in asset.items
        ]
        self.photographs = self._pictures(found, "photograph")
        self.environments = self._pictures(found, "environment")
        self.offers: dict[str, list[Offer]] = {}
        for asset, item in found:
            if item.kind == "furniture":
                self._add_furniture(self._cache.path(asset, item), item)

    def missing(self) -> list[str]:
        """Titles of the assets that are not fetched."""
        return [asset.title for asset in self._cache.missing() if asset.of_scenes]

    def names(self) -> list[str]:
        """Names and hashes of the assets that are fetched, which decide what scenes look like."""
        there = [a for a in catalogue() if a.of_scenes and self._cache.has(a)]
        return [f"{asset.name} {asset.sha256}" for asset in there]

    def model(self, offer: Offer) -> Model:
        """The model of an offer. Raises InputError where it cannot be read."""
        key = offer.kind.key
        if key in self._models:
            self._models.move_to_end(key)
            return self._models[key]
        model = read_model(
            offer.library, offer.kind.model, offer.size, self._cache.prepared(offer.library)
        )
        self._models[key] = model
        if len(self._models) > _MODELS_IN_MEMORY:
            self._models.popitem(last=False)
        return model

    def photograph(self, picture: Picture) -> NDArray[np.float32]:
        """Linear RGB 0..1, H x W x 3 float32, at most 768 pixels along a side."""
        return read_photograph(picture.path)

    def environment(self, picture: Picture) -> Path:
        """The environment map as an EXR file, unwrapped from the module it comes in."""
        if picture.path.suffix == ".exr":
            return picture.path
        target = self._cache.prepared(picture.path) / picture.path.name.removesuffix(".js")
        content = _from_module(picture.path)
        # Nothing in an EXR tells whether it is as it was written.
        if not target.is_file() or target.read_bytes() != content:
            make_folder(target.parent)
            with written_by(None):
                write_bytes(target, content)
        return target

    def _pictures(self, found: list[tuple[Asset, Item]], kind: str) -> list[Picture]:
        return [
            Picture(asset.key(item), self._cache.path(asset, item), item.outdoors)
            for asset, item in found
            if item.kind == kind and item.use == self.use
        ]

    def _add_furniture(self, path: Path, item: Item) -> None:
        sizes = read_sizes(path)
        name = library_name(item.path)
        for kind in furniture_classes():
            usable = kind.library == name and kind.use == self.use and kind.place != "none"
            if usable and kind.model in sizes:
                offer = Offer(kind, sizes[kind.model], path)
                self.offers.setdefault(kind.group, []).append(offer)


@functools.lru_cache(maxsize=64)
def read_photograph(path: Path) -> NDArray[np.float32]:
    """Linear RGB 0..1, H x W x 3 float32, shrunk to 768 pixels; raises InputError."""
    image_header(path, str(path))
    image = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2)
    if image is None:
        raise InputError(f"{path} cannot be read as a photograph")
    shrink = min(1.0, _PICTURE_PX / max(image.shape[:2]))
    image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.asarray(srgb_decode(np.asarray(image[..., ::-1], np.float32) / 255), np.float32)


def _from_module(path: Path) -> bytes:
    """The bytes that a JavaScript module holds as one base64 string."""
    try:
        content = path.read_bytes()
        start = content.index(_BASE64) + len(_BASE64)
        encoded = content[start : content.index(b"'", start)]
        if len(content) <= _MAX_ENVIRONMENT_BYTES:
            return base64.b64decode(encoded, validate=True)
    except (OSError, ValueError):
        pass
    raise InputError(f"{path} holds no environment map: `ddff assets fetch` mends what is damaged")
