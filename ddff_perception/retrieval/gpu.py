"""The search in torch, in batches on a GPU (or any device that torch knows); digest 1.4 to 1.6.

The same stages with the same fixed orders, each a handful of operations over the whole batch: all
bins of a batch are proposed at once, the candidates become one array, and nothing loops over
queries. torch is imported when a `GpuSearch` is made, and nowhere else in retrieval.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import InputError
from .checks import padded
from .index import TreeIndex
from .quantizers.four_bit import FourBitQuantizer
from .quantizers.kmeans import chunks
from .quantizers.lines import LOW, STEP
from .search.exact import Found
from .search.orders import EXACT, order_table
from .settings import SearchSettings

# Candidates of so many queries are held on the device at a time.
_BATCH = 64


class GpuSearch:
    """Searches an index whose arrays are kept on a device; raises InputError without torch, where
    the device is not there, or where the index has learned nothing yet.
    """

    def __init__(self, index: TreeIndex, device: str = "cuda") -> None:
        try:
            self._torch: Any = importlib.import_module("torch")
        except ImportError:
            raise InputError("the search on a GPU needs torch: pip install torch") from None
        index.require_fitted()
        self.index = index
        try:
            self.device = self._torch.device(device)
            self._offsets = self._on_device(index.store.offsets)
        except (RuntimeError, AssertionError) as error:
            raise InputError(f"torch has no device {device!r}: {error}") from error
        self._leaves = self._on_device(index.tree.leaves)
        self._roots = self._on_device(index.tree.roots)
        self._codes = self._on_device(np.ascontiguousarray(index.store.rows))
        self._vectors = self._on_device(index.store.vectors)
        self._ids = self._on_device(index.store.ids.astype(np.int64))

    def search(
        self, queries: NDArray[Any], k: int = 10, settings: SearchSettings | None = None
    ) -> Found:
        """As `TreeIndex.search`; bins come in a fixed order, whatever the codes are."""
        settings = settings or SearchSettings()
        if settings.order == EXACT:
            raise InputError("the exact order is a queue, which no GPU runs: choose another order")
        index = self.index
        asked = index.checked_queries(queries, k)
        distances = np.full((len(asked), k), np.inf, np.float32)
        ids = np.full((len(asked), k), -1, np.int64)
        if not len(index):
            return distances, ids
        for part in chunks(len(asked), _BATCH):
            found = self._search(asked[part], k, settings)
            width = found[0].shape[1]
            distances[part, :width], ids[part, :width] = (x.cpu().numpy() for x in found)
        return distances, ids

    def _search(self, queries: Any, k: int, settings: SearchSettings) -> tuple[Any, Any]:
        torch, index = self._torch, self.index
        numbers = padded(queries, index.width(index.dimensions))
        bins = self._bins(self._on_device(numbers), settings)
        positions, known = self._candidates(bins, settings.candidates)
        exactly = bool(settings.rerank and len(index.store.vectors))
        distance = self._code_distances(numbers, positions).masked_fill(~known, torch.inf)
        wanted = min(max(settings.rerank, k) if exactly else k, positions.shape[1])
        distance, best = distance.topk(wanted, dim=1, largest=False)
        positions = positions.gather(1, best)
        if exactly:
            own = self._on_device(queries).float()[:, None]
            real = (self._vectors[positions].float() - own).square().sum(dim=2)
            real = real.masked_fill(distance.isinf(), torch.inf)
            distance, best = real.topk(min(k, wanted), dim=1, largest=False)
            positions = positions.gather(1, best)
        return distance, self._ids[positions].masked_fill(distance.isinf(), -1)

    def _bins(self, numbers: Any, settings: SearchSettings) -> Any:
        """(Q, B) bins in the order of visit."""
        tree = self.index.tree
        parts = numbers.reshape(len(numbers), tree.parts, -1).transpose(0, 1)
        distance = self._torch.cdist(parts, self._leaves).square()
        width = min(settings.width, self._roots.shape[1])
        if width < self._roots.shape[1]:
            best = self._torch.cdist(parts, self._roots).topk(width, dim=2, largest=False).indices
            other = self._torch.ones(distance.shape[:2] + self._roots.shape[1:2], dtype=bool)
            other = other.to(self.device).scatter(2, best, False)
            children = tree.leaf_count // self._roots.shape[1]
            distance = distance.masked_fill(
                other.repeat_interleave(children, dim=2), self._torch.inf
            )
        depth = width * (tree.leaf_count // self._roots.shape[1])
        distance, leaf = distance.topk(depth, dim=2, largest=False)
        lists, radix = list(zip(distance, leaf, strict=True)), tree.leaf_count
        limit = min(settings.bins, depth**tree.parts)
        while len(lists) > 1:
            last = len(lists) == 2
            lists = [
                self._merged(a, b, radix, limit, settings, last)
                for a, b in zip(lists[::2], lists[1::2], strict=True)
            ]
            radix = radix * radix
        return lists[0][1][:, :limit]

    def _merged(
        self, first: Any, second: Any, radix: int, limit: int, settings: SearchSettings, last: bool
    ) -> Any:
        """Two sorted lists (distances, numbers) as one, in the order of each query's slope."""
        torch = self._torch
        a, b = first[0], second[0]
        table = self._on_device(order_table(settings.order, max(a.shape[1], b.shape[1]), limit))
        table = table.long()
        # Ranks beyond the shorter list are in no order of equal lists.
        slope = self._slopes(a, b, limit) if len(table) > 1 else torch.zeros(len(a)).long()
        order = table[slope.to(self.device)]
        x, y = order[..., 0], order[..., 1]
        distance = a.gather(1, x) + b.gather(1, y)
        number = first[1].gather(1, x) + radix * second[1].gather(1, y)
        if settings.resort or not last:
            distance, again = distance.sort(dim=1, stable=True)
            number = number.gather(1, again)
        return distance, number

    def _slopes(self, a: Any, b: Any, count: int) -> Any:
        """Which of the ten orders suits each query (`orders.slope_index`)."""
        torch = self._torch
        place = min(int((2.0 * count) ** 0.5), a.shape[1] - 1, b.shape[1] - 1)
        if place < 1:
            return torch.full((len(a),), 5)
        grown = b[:, place] + b[:, place - 1] - 2 * b[:, 0]
        other = a[:, place] + a[:, place - 1] - 2 * a[:, 0]
        power = (grown / other).log() / float(np.log(1.08))
        usable = (other > 0) & (grown > 0) & other.isfinite() & grown.isfinite()
        return torch.where(usable, power, 0.0).round().clamp(-5, 4).long() + 5

    def _candidates(self, bins: Any, limit: int) -> tuple[Any, Any]:
        """(Q, C) positions of what lies in the bins, and which of them there are."""
        torch = self._torch
        slots = bins % (len(self._offsets) - 1)
        size = self._offsets[slots + 1] - self._offsets[slots]
        ordered, place = slots.sort(dim=1, stable=True)
        again = torch.zeros_like(slots, dtype=bool)
        again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
        size = size.masked_fill(torch.zeros_like(again).scatter(1, place, again), 0)
        end = size.cumsum(dim=1)
        limit = min(limit, int(end[:, -1].max()))
        number = torch.arange(max(limit, 1), device=self.device).expand(len(bins), -1).contiguous()
        which = torch.searchsorted(end, number, right=True).clamp(max=bins.shape[1] - 1)
        start = self._offsets[slots.gather(1, which)]
        position = start + number - (end - size).gather(1, which)
        known = number < end[:, -1:]
        return position.where(known, 0), known

    def _code_distances(self, numbers: NDArray[np.float32], positions: Any) -> Any:
        """(Q, C) squared distances to the codes at positions."""
        codes, quantizer = self._codes[positions].long(), self.index.quantizer
        if isinstance(quantizer, FourBitQuantizer):
            both = self._torch.stack([codes & 15, codes >> 4], dim=3).flatten(2)
            parts = self._on_device(numbers).reshape(len(numbers), quantizer.parts, 1, -1)
            table = (parts - self._on_device(quantizer.centres)).square().sum(dim=3)
            return table.gather(2, both.transpose(1, 2)).sum(dim=1)
        table = self._on_device(quantizer.query_tables(numbers))
        place = (LOW + STEP * codes[..., ::2].float()).transpose(1, 2)
        pair = codes[..., 1::2].transpose(1, 2).clamp(max=table.shape[2] - 1)
        b2, slope, c2 = (table[..., n].gather(2, pair) for n in range(3))
        return (b2 + place * (place * c2 + slope)).sum(dim=1).clamp(min=0)

    def _on_device(self, array: NDArray[Any]) -> Any:
        return self._torch.from_numpy(np.array(array)).to(self.device)
