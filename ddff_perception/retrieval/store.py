"""The inverted lists: ids, codes and vectors, in the order of the bins that they lie in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .quantizers.four_bit import packed, unpacked
from .search.exact import Vectors

Ids = NDArray[np.uint32] | NDArray[np.int64]
_LARGE_ID = 2**32


@dataclass(frozen=True, slots=True)
class Store:
    """`offsets` (slots + 1,) int64: where each slot begins; `ids` (n,); `vectors` (n, d), or
    (0, d) where they are not kept; `codes`: (n, bytes) uint8, or their blocks (`blocked`).
    """

    offsets: NDArray[np.int64]
    ids: Ids
    codes: NDArray[np.uint8]
    vectors: Vectors
    blocked: bool

    @classmethod
    def empty(cls, slots: int, width: int, vectors: Vectors, blocked: bool) -> Store:
        """No vectors; `vectors` (0, d) says their type, `width` the bytes of a code."""
        codes = np.zeros((0, width), np.uint8)
        return cls(
            np.zeros(slots + 1, np.int64),
            np.zeros(0, np.uint32),
            packed(codes) if blocked else codes,
            vectors,
            blocked,
        )

    @property
    def count(self) -> int:
        return len(self.ids)

    @property
    def rows(self) -> NDArray[np.uint8]:
        """(n, bytes) codes, one after the other."""
        return unpacked(self.codes, self.count) if self.blocked else self.codes

    def with_added(
        self,
        slots: NDArray[np.int64],
        ids: NDArray[np.int64],
        codes: NDArray[np.uint8],
        vectors: Vectors,
    ) -> Store:
        """The same with vectors of these slots put into their lists, behind those already there."""
        counts = np.diff(self.offsets)
        held = np.repeat(np.arange(len(counts)), counts)
        order = np.argsort(np.concatenate([held, slots]), kind="stable")
        counts = counts + np.bincount(slots, minlength=len(counts))
        rows = np.concatenate([self.rows, codes])[order]
        return Store(
            np.concatenate([[0], np.cumsum(counts)]),
            fitting_ids(np.concatenate([self.ids.astype(np.int64), ids])[order]),
            packed(rows) if self.blocked else rows,
            np.concatenate([self.vectors, vectors])[order] if len(vectors) else self.vectors,
            self.blocked,
        )

    def without(self, gone: NDArray[np.bool_]) -> Store:
        """The same without the positions (n,) that are `gone`."""
        stays = ~gone
        before = np.concatenate([[0], np.cumsum(stays)])
        rows = self.rows[stays]
        return Store(
            before[self.offsets],
            fitting_ids(self.ids[stays]),
            packed(rows) if self.blocked else np.ascontiguousarray(rows),
            self.vectors[stays] if len(self.vectors) else self.vectors,
            self.blocked,
        )


def fitting_ids(ids: Ids) -> Ids:
    """Four bytes each where they suffice."""
    return ids.astype(np.uint32) if ids.max(initial=0) < _LARGE_ID else ids.astype(np.int64)


def id_type(largest: int) -> type[np.uint32] | type[np.int64]:
    """The type of ids up to `largest`."""
    return np.uint32 if largest < _LARGE_ID else np.int64
