"""An index out of what its file holds, checked so that no search reads beyond an array."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..types import InputError
from .quantizers.four_bit import CENTRES, FourBitQuantizer
from .quantizers.lines import LineQuantizer
from .quantizers.tree import ProductTree
from .settings import FOUR_BIT, IndexSettings
from .store import Store


def restored(kind: Any, path: Path, facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> Any:
    """The index of class `kind` that a file holds; raises InputError where its parts do not fit."""
    try:
        index = kind(IndexSettings.from_values(facts["settings"]))
        dimensions = int(facts["dimensions"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{path} has a header that cannot be read") from error
    blocked = index.settings.codes == FOUR_BIT
    index.dimensions = dimensions
    index.tree = ProductTree(arrays["roots"], arrays["leaves"])
    index.quantizer = (FourBitQuantizer if blocked else LineQuantizer)(arrays["centres"])
    stored = {name: arrays[name] for name in ("offsets", "ids", "codes", "vectors")}
    index.store = Store(**stored, blocked=blocked)
    if not _fits(index):
        raise InputError(f"{path} is damaged: its arrays do not fit each other")
    return index


def _shape_of_centres(settings: IndexSettings, size: int) -> tuple[int, int, int]:
    """Parts, centres and dimensions of the codes, beyond which a search would read."""
    if settings.codes == FOUR_BIT:
        own = settings.dimensions_per_code
        return size // own, CENTRES, own
    return settings.line_parts, settings.clusters, size // settings.line_parts


def _fits(index: Any) -> bool:
    """Whether shapes, types and offsets are those that the search relies on."""
    store, tree, settings = index.store, index.tree, index.settings
    width = -(-store.count // 32)
    rows = (width, index.code_bytes, 32) if store.blocked else (store.count, index.code_bytes)
    roots, leaves = tree.roots, tree.leaves
    size = index.width(index.dimensions)
    offsets = store.offsets
    kept = store.count if settings.keep_vectors else 0
    slots = tree.addresses if store.blocked else min(settings.slots, tree.addresses)
    floats = (roots, leaves, index.quantizer.centres)
    return bool(
        all(array.dtype == np.float32 for array in floats)
        and store.codes.dtype == np.uint8
        and offsets.dtype == np.int64
        and roots.shape == (settings.parts, settings.clusters, size // settings.parts)
        and leaves.shape[1] == settings.clusters * settings.children
        and (leaves.shape[0], leaves.shape[2]) == (roots.shape[0], roots.shape[2])
        and index.quantizer.centres.shape == _shape_of_centres(settings, size)
        and store.codes.shape == rows
        and store.vectors.shape == (kept, index.dimensions)
        and store.vectors.dtype in (np.uint8, np.float32)
        and store.ids.dtype in (np.uint32, np.int64)
        and offsets.shape == (slots + 1,)
        and offsets[0] == 0
        and offsets[-1] == store.count
        and (np.diff(offsets) >= 0).all()
    )
