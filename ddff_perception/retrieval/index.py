"""An index of vectors: learn, add, remove, search, save and load."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..files import array_file
from ..types import InputError
from .checks import checked_ids, checked_vectors, in_type, padded
from .index_file import INDEX
from .quantizers.four_bit import FourBitQuantizer
from .quantizers.kmeans import chunks, spread
from .quantizers.lines import LineQuantizer
from .quantizers.tree import ProductTree
from .restoring import restored
from .search.exact import Found, Vectors
from .searching import Clock, search_all
from .settings import FOUR_BIT, IndexSettings, SearchSettings
from .store import Store

if TYPE_CHECKING:
    from typing import Self

_CHUNK = 65536
_BIN_LIMIT = 2**26


class TreeIndex:
    """Nearest neighbours by a product quantization tree (Wieschollek et al., CVPR 2016).

    `fit` learns the centres from (n, d) vectors, `add` puts vectors in, `search` finds them:

        index = TreeIndex().fit(vectors)
        index.add(vectors)
        distances, ids = index.search(queries, 10)

    Vectors are uint8, which are kept as they are (128 bytes for a SIFT), or other numbers, kept as
    float32. Distances are squared Euclidean ones. Raises InputError on NaN, infinity, another
    number of dimensions than learned, and vectors that an index of uint8 cannot hold.
    """

    def __init__(self, settings: IndexSettings | None = None) -> None:
        self.settings = settings or IndexSettings()
        if self.settings.parts not in (1, 2, 4, 8):
            raise InputError(f"parts must be 1, 2, 4 or 8, not {self.settings.parts}")
        if self.settings.codes == FOUR_BIT and self.settings.parts != 2:
            raise InputError("four_bit codes want parts=2: the bins come from two halves")
        leaves = self.settings.clusters * self.settings.children
        if self.settings.codes == FOUR_BIT and leaves**2 > _BIN_LIMIT:
            raise InputError(
                f"clusters {self.settings.clusters} with children {self.settings.children} are "
                f"{leaves**2} bins, more than the {_BIN_LIMIT} that four_bit codes take: choose "
                "fewer of both"
            )
        self.dimensions = 0
        self.tree: ProductTree
        self.quantizer: FourBitQuantizer | LineQuantizer
        self.store: Store

    def __len__(self) -> int:
        return self.store.count if self.dimensions else 0

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Learns the centres from (n, d) vectors, at most `learn_from` of them; none is added.

        What was in the index is gone. Raises InputError where there are fewer vectors than centres.
        """
        found = checked_vectors(vectors)
        settings = self.settings
        sample = padded(spread(found, settings.learn_from), self.width(found.shape[1]))
        tree = ProductTree.fit(
            sample, settings.parts, settings.clusters, settings.children, settings.seed
        )
        blocked = settings.codes == FOUR_BIT
        if blocked:
            parts = sample.shape[1] // settings.dimensions_per_code
            quantizer: Any = FourBitQuantizer.fit(sample, parts, settings.seed)
        else:
            quantizer = LineQuantizer.of_roots(tree.roots, settings.line_parts)
        self.dimensions, self.tree, self.quantizer = found.shape[1], tree, quantizer
        slots = tree.addresses if blocked else min(settings.slots, tree.addresses)
        self.store = Store.empty(slots, self.code_bytes, found[:0], blocked)
        return self

    @property
    def code_bytes(self) -> int:
        """Bytes of a vector's code."""
        parts = self.quantizer.parts
        return parts // 2 if isinstance(self.quantizer, FourBitQuantizer) else 2 * parts

    def add(self, vectors: NDArray[Any], ids: NDArray[Any] | None = None) -> NDArray[np.int64]:
        """Puts (n, d) vectors in and returns their `ids` (n,): counted on where none are given.

        Raises InputError where an id is taken.
        """
        self.require_fitted()
        found = self._of_own_type(checked_vectors(vectors, self.dimensions))
        start = int(self.store.ids.max()) + 1 if len(self) else 0
        if ids is None:
            names = np.arange(start, start + len(found), dtype=np.int64)
        else:
            names = checked_ids(ids, len(found))
            taken = np.intersect1d(names, self.store.ids)
            if len(taken):
                raise InputError(f"id {taken[0]} is in the index already: remove it first")
        slots, codes = self.encode(found)
        kept = found if self.settings.keep_vectors else found[:0]
        self.store = self.store.with_added(slots, names, codes, kept)
        return names

    def remove(self, ids: NDArray[Any]) -> int:
        """Takes vectors out by their ids; returns how many there were."""
        self.require_fitted()
        gone = np.isin(self.store.ids, np.asarray(ids))
        if gone.any():
            self.store = self.store.without(gone)
        return int(gone.sum())

    def search(
        self,
        queries: NDArray[Any],
        k: int = 10,
        settings: SearchSettings | None = None,
        clock: Clock | None = None,
    ) -> Found:
        """The `k` nearest that are found for each of (Q, d) queries.

        Returns (Q, k) float32 squared distances, ascending, and (Q, k) int64 ids; inf and -1 where
        fewer were found. Distances are exact where vectors are kept and `rerank` is not 0, else
        those to the codes. `clock` is told the seconds per stage.
        """
        asked = self.checked_queries(queries, k)
        return search_all(self, asked, k, settings or SearchSettings(), clock or Clock())

    def checked_queries(self, queries: NDArray[Any], k: int) -> Vectors:
        """(Q, d) queries, in the type of the vectors where it holds them.

        Raises InputError as `search` does: nothing learned, `k` below 1, NaN, other dimensions.
        """
        self.require_fitted()
        if k < 1:
            raise InputError(f"k must be at least 1, not {k}")
        asked = checked_vectors(queries, self.dimensions)
        whole = in_type(asked, self.store.vectors.dtype)
        return asked if whole is None else whole

    def encode(self, vectors: Vectors) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Slots (n,) and codes (n, code_bytes) of checked vectors."""
        slots = np.empty(len(vectors), np.int64)
        codes = np.empty((len(vectors), self.code_bytes), np.uint8)
        width = self.width(self.dimensions)
        for part in chunks(len(vectors), _CHUNK):
            numbers = padded(vectors[part], width)
            leaves = self.tree.assign(numbers, self.tree.roots.shape[1])
            slots[part] = self.tree.addresses_of(leaves) % (len(self.store.offsets) - 1)
            codes[part] = self.quantizer.encode(numbers)
        return slots, codes

    def save(self, path: Path) -> None:
        """Writes the index into one file, atomically (`files.array_file`)."""
        self.require_fitted()
        array_file.write(INDEX, path, self.facts(), self.arrays())

    @classmethod
    def load(cls, path: Path, in_memory: bool = False) -> TreeIndex:
        """The index of a file. Its arrays stay on the disk and are read as they are needed, unless
        they are to be `in_memory`; either way the index can be changed, and the file is not.

        Raises InputError on a file that is none, of another version, truncated or damaged.
        """
        facts, arrays = array_file.read(INDEX, path, in_memory)
        index: TreeIndex = restored(cls, path, facts, arrays)
        return index

    def facts(self) -> dict[str, Any]:
        """What a file says of an index beside its arrays."""
        return {"settings": self.settings.values(), "dimensions": self.dimensions}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file holds, by name."""
        store = self.store
        return {
            "roots": self.tree.roots,
            "leaves": self.tree.leaves,
            "centres": self.quantizer.centres,
            "offsets": store.offsets,
            "ids": store.ids,
            "codes": store.codes,
            "vectors": store.vectors,
        }

    def width(self, dimensions: int) -> int:
        """Dimensions with zeros behind them, so that all parts are of one size."""
        settings = self.settings
        own = settings.line_parts
        if settings.codes == FOUR_BIT:
            own = 4 * settings.dimensions_per_code
        unit = math.lcm(settings.parts, own)
        return -(-dimensions // unit) * unit

    def _of_own_type(self, vectors: Vectors) -> Vectors:
        found = in_type(vectors, self.store.vectors.dtype)
        if found is None:
            raise InputError(
                "the index holds whole numbers of 0 to 255 (uint8), and these vectors are others: "
                "build it from float32 vectors"
            )
        return found

    def require_fitted(self) -> None:
        """Raises InputError where nothing is learned yet."""
        if not self.dimensions:
            raise InputError("the index has learned nothing yet: call fit first")
