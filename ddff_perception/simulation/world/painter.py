"""Surfaces drawn at random: plain colours, household patterns, photographs, shine."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.textures import Texture, make_texture, random_colour
from ..assets.library import Library, Picture
from .types import Colour, Surface

_TEXTURE_PX = 192
_VARIANTS = 24  # of each pattern, recoloured for every scene
_SHINE = {"matt": 0.62, "satin": 0.26, "gloss": 0.12}


@functools.lru_cache(maxsize=160)
def _pattern(kind: str, number: int) -> Texture:
    """Texture `kind`, the same for the same `number`; drawn once in a process."""
    return make_texture(kind, np.random.default_rng([number, 77]), _TEXTURE_PX)


class Painter:
    """Draws surfaces from `rng`; `library` gives photographs, and what was used of it is kept in
    `used` (keys in the catalogue).
    """

    def __init__(self, rng: np.random.Generator, library: Library) -> None:
        self.rng = rng
        self.used: set[str] = set()
        self._library = library

    def finish(self) -> str:
        """One of the finishes that are neither mirror nor glass."""
        return str(self.rng.choice(list(_SHINE), p=list(_SHINE.values())))

    def colour(self, light: float | None = None) -> Colour:
        """A colour of household things; with `light`, of that mean reflectance."""
        value = random_colour(self.rng, float(self.rng.uniform(0.1, 0.9)))
        if light is not None:
            value = value * (light / max(float(value.mean()), 1e-3))
        return _triple(value)

    def wall_colour(self) -> Colour:
        """Mostly light and hardly coloured, sometimes any paint."""
        rng = self.rng
        if rng.random() < 0.6:
            level = rng.uniform(0.35, 0.85)
            return _triple(level * np.array([1, rng.uniform(0.93, 1), rng.uniform(0.8, 1.02)]))
        return self.colour(float(rng.uniform(0.08, 0.7)))

    def grey(self, low: float, high: float) -> Colour:
        """A grey of a reflectance between `low` and `high`."""
        return _triple(np.full(3, self.rng.uniform(low, high)))

    def plain(self, colour: Colour | None = None, finish: str | None = None) -> Surface:
        """One colour."""
        chosen = self.colour() if colour is None else colour
        return Surface(colour=chosen, finish=self.finish() if finish is None else finish)

    def patterned(
        self, kind: str, tile_m: float, colour: Colour | None = None, finish: str | None = None
    ) -> Surface:
        """The pattern `kind` of `optics.textures`, recoloured, repeated every `tile_m` metres."""
        rng = self.rng
        base = _pattern(kind, int(rng.integers(_VARIANTS)))
        mean = base.mean(axis=(0, 1))
        wanted = np.asarray(colour) if colour is not None else mean * rng.uniform(0.5, 1.5)
        contrast = rng.uniform(0.4, 1.2)
        picture = (base / np.maximum(mean, 1e-3) - 1) * contrast + 1
        return Surface(
            picture=np.clip(picture * wanted, 0.02, 0.9).astype(np.float32),
            tile_m=tile_m,
            finish=self.finish() if finish is None else finish,
        )

    def wood(self) -> Surface:
        """Boards, light to dark."""
        tone = self.rng.uniform(0.05, 0.5) * np.array([1.0, 0.66, 0.38])
        tone = tone + self.rng.uniform(0, 0.15)
        return self.patterned("wood", float(self.rng.uniform(0.4, 1.2)), _triple(tone))

    def any(self, tile_m: float = 0.5) -> Surface:
        """Anything: plain, wood, cloth, tiles, stripes, print, leaves or a photograph."""
        kinds = ["plain", "wood", "cloth", "tiles", "checker", "stripes", "text", "dead_leaves"]
        shares = [0.3, 0.16, 0.12, 0.05, 0.05, 0.06, 0.08, 0.1, 0.08]
        kind = str(self.rng.choice([*kinds, "photograph"], p=shares))
        if kind == "plain":
            return self.plain()
        if kind == "wood":
            return self.wood()
        if kind == "photograph":
            return self.photograph(tile_m * 2)
        return self.patterned(kind, tile_m * float(self.rng.uniform(0.6, 2)))

    def cloth(self) -> Surface:
        """What sofas, curtains and rugs are made of."""
        kind = str(
            self.rng.choice(["plain", "cloth", "cloth", "stripes", "checker", "dead_leaves"])
        )
        if kind == "plain":
            return self.plain(finish="matt")
        return self.patterned(kind, float(self.rng.uniform(0.2, 0.8)), finish="matt")

    def photograph(self, tile_m: float, finish: str | None = None) -> Surface:
        """Part of a photograph; print or leaves where there is none."""
        picture = self.picture()
        chosen = self.finish() if finish is None else finish
        return Surface(picture=picture, tile_m=tile_m, finish=chosen)

    def picture(self) -> Texture:
        """A crop of a photograph, linear RGB (H, W, 3), in its own or in other colours."""
        rng = self.rng
        if not self._library.photographs:
            kind = str(rng.choice(["dead_leaves", "text", "stripes", "cloth"]))
            return _recoloured(rng, _pattern(kind, int(rng.integers(_VARIANTS))))
        chosen: Picture = self._library.photographs[
            int(rng.integers(len(self._library.photographs)))
        ]
        self.used.add(chosen.key)
        image = self._library.photograph(chosen)
        height, width = image.shape[:2]
        share = rng.uniform(0.35, 1.0)
        h, w = int(height * share), int(width * share)
        y, x = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        crop = image[y : y + h, x : x + w]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return _recoloured(rng, np.ascontiguousarray(crop))

    def metal(self) -> Surface:
        """Knobs, legs and frames: bare metal, or grey or dark paint."""
        if self.rng.random() < 0.5:
            return self.plain(self.grey(0.6, 0.9), "metal")
        return self.plain(self.grey(0.05, 0.6), "gloss")


def _recoloured(rng: np.random.Generator, image: Texture) -> Texture:
    """As another camera or printer would show it; one in eight without colour."""
    gain = rng.uniform(0.6, 1.1) * rng.uniform(0.85, 1.15, 3)
    result = image ** rng.uniform(0.8, 1.3) * gain
    if rng.random() < 0.125:
        result = np.repeat(result.mean(axis=2, keepdims=True), 3, axis=2)
    size = min(384, max(result.shape[:2]))
    shrink = size / max(result.shape[:2])
    small = cv2.resize(result, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small, 0.01, 0.92), np.float32)


def _triple(value: NDArray[np.floating]) -> Colour:
    r, g, b = (float(v) for v in np.clip(value, 0.015, 0.9))
    return r, g, b
