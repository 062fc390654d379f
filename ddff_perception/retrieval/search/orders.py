"""In which order bins are visited: fixed orders of ranks, and the exact one (digest 1.4).

Leaves of two parts, each sorted by distance, make a grid of bins (x, y) whose distance is the sum
of both. Four or eight parts are merged pair by pair, and the pairs again.
"""

from __future__ import annotations

import heapq
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from .compiled import compiled

ISOTROPIC, ANISOTROPIC, EXACT = "isotropic", "anisotropic", "exact"
ORDERS = (ANISOTROPIC, ISOTROPIC, EXACT)
# Slopes of the anisotropic orders: 1.08 ** k.
SLOPE_BASE = 1.08
SLOPE_POWERS = range(-5, 5)
# Distances grow with the rank about as its power 0.8.
_GROWTH = 0.8


@cache
def isotropic(length: int, count: int) -> NDArray[np.int32]:
    """(1, min(count, length^2), 2) pairs of ranks by Euclidean norm."""
    x, y = np.mgrid[:length, :length].reshape(2, -1)
    order = np.argsort(np.hypot(x + 1.0, y + 1.0), kind="stable")[:count]
    return np.stack([x[order], y[order]], axis=1).astype(np.int32)[None]


@cache
def anisotropic(length: int, count: int) -> NDArray[np.int32]:
    """(10, min(count, length^2), 2) pairs of ranks, an order per slope 1.08^k, k = -5 .. 4.

    Bin (x, y) comes by x^0.8 + slope * y^0.8: a larger slope visits fewer ranks of the second part.
    """
    x, y = np.mgrid[:length, :length].reshape(2, -1)
    orders = []
    for power in SLOPE_POWERS:
        order = np.argsort(x**_GROWTH + SLOPE_BASE**power * y**_GROWTH, kind="stable")[:count]
        orders.append(np.stack([x[order], y[order]], axis=1))
    return np.stack(orders).astype(np.int32)


@compiled
def slope_index(first: FloatArray, second: FloatArray, count: int) -> int:
    """Which of the ten slopes suits two sorted lists of distances, `count` bins to be visited.

    The slope is the ratio of how far both have grown at rank sqrt(2 count), the furthest that an
    order of `count` bins goes.
    """
    place = min(int(np.sqrt(2.0 * count)), len(first) - 1, len(second) - 1)
    if place < 1:
        return 5
    grown = second[place] + second[place - 1] - 2 * second[0]
    other = first[place] + first[place - 1] - 2 * first[0]
    if not (0 < other < np.inf and 0 < grown < np.inf):
        return 5
    return min(max(int(np.rint(np.log(grown / other) / np.log(SLOPE_BASE))) + 5, 0), 9)


@compiled
def merge_exactly(
    first: FloatArray,
    second: FloatArray,
    ranks: NDArray[np.int32],
    distances: FloatArray,
) -> int:
    """The nearest sums of two sorted lists, in order, by a priority queue (the reference).

    Fills `ranks` (C, 2) and `distances` (C,) and returns how many there are. The queue holds one
    bin per rank of the first part: that of the least rank of the second not yet visited.
    """
    queue = [(first[0] + second[0], 0, 0)]
    count = 0
    while len(queue) > 0 and count < len(distances):
        distance, x, y = heapq.heappop(queue)
        ranks[count, 0] = x
        ranks[count, 1] = y
        distances[count] = distance
        count += 1
        if y + 1 < len(second):
            heapq.heappush(queue, (first[x] + second[y + 1], x, y + 1))
        if y == 0 and x + 1 < len(first):
            heapq.heappush(queue, (first[x + 1] + second[0], x + 1, 0))
    return count


@compiled
def merge_in_order(
    first: FloatArray,
    second: FloatArray,
    order: NDArray[np.int32],
    ranks: NDArray[np.int32],
    distances: FloatArray,
) -> int:
    """The same in a fixed `order` (M, 2) of ranks; those beyond a list's end are left out."""
    count = 0
    for number in range(order.shape[0]):
        x, y = order[number, 0], order[number, 1]
        if x < len(first) and y < len(second):
            ranks[count, 0] = x
            ranks[count, 1] = y
            distances[count] = first[x] + second[y]
            count += 1
            if count == len(distances):
                break
    return count


def order_table(name: str, length: int, count: int) -> NDArray[np.int32]:
    """The orders by slope, (slopes, M, 2): one of the isotropic, none (0, 0, 2) of the exact."""
    if name == EXACT:
        return np.empty((0, 0, 2), np.int32)
    # Only ranks that `count` bins can reach: the square that holds them and some.
    length = min(length, int(4 * np.sqrt(count)) + 8)
    return isotropic(length, count) if name == ISOTROPIC else anisotropic(length, count)
