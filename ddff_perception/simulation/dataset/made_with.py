"""What scenes are rendered with beside their settings, so that no set is of two kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..assets.library import Library
from ..rendering.denoise import has_denoiser
from ..rendering.mitsuba_variant import load_mitsuba
from .settings import DatasetSettings

# To be raised with every change after which the same settings, assets and number of a scene give
# other bytes: in world/, rendering/, assets/, and here.
GENERATOR = 1


@dataclass(frozen=True, slots=True)
class MadeWith:
    """`fetched`: names and hashes of assets; `generator`: the number of what draws the scenes;
    `renderer`: Mitsuba, its version and variant; `denoised`: whether images were.
    """

    fetched: tuple[str, ...]
    generator: int
    renderer: str
    denoised: bool

    @classmethod
    def here(cls, settings: DatasetSettings, library: Library) -> MadeWith:
        """Of this machine. Raises InputError where Mitsuba is missing."""
        mitsuba = load_mitsuba()
        return cls(
            tuple(library.names()),
            GENERATOR,
            f"Mitsuba {mitsuba.__version__} {mitsuba.variant()}",
            settings.denoise and has_denoiser(),
        )

    @classmethod
    def noted(cls, summary: Mapping[str, Any]) -> MadeWith | None:
        """Of a data set, None where an older version did not note it."""
        try:
            fetched = tuple(summary["fetched"])
            return cls(fetched, summary["generator"], summary["renderer"], summary["denoised"])
        except (KeyError, TypeError):
            return None

    def difference(self, here: MadeWith) -> str:
        """What of `here` is not as it was, in words; empty where nothing is."""
        if here.fetched != self.fetched:
            return "other assets are fetched"
        if here.generator != self.generator:
            return "this version draws other scenes"
        if here.renderer != self.renderer:
            return f"{here.renderer} renders, not {self.renderer}"
        if here.denoised != self.denoised:
            return f"there is {'now' if here.denoised else 'no longer'} a denoiser"
        return ""
