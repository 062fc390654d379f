"""What others take, as searches that the benchmark of retrieval can time: faiss, hnswlib, trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scipy.spatial import KDTree

Search = Callable[[np.ndarray, int], np.ndarray]
TRAIN = 100_000
FEW = 500_000
FAST_SCANS = ("PQ32x4fs", "PQ32x4fsr")
# The paper's IVFADC, OPQ and LSH (turned, with thresholds that are learned: SIFT has no negative
# values), all of 16 bytes per 128 dimensions; LOPQ is in none of them.
OTHERS = ("IVF{lists},PQ16", "OPQ16,IVF{lists},PQ16", "LSHrt")
PROBES = 64
PROBED, FACTORS = (4, 8, 12, 16, 24, 32, 48, 64, 96), (10, 15, 20, 30, 40, 60)
# As faiss builds by default.
BUILT = 40
EFFORTS = (16, 24, 32, 48, 64, 96, 128, 192)
# Of FLANN: what is built, and leaves that are looked into, one after the other.
FLANN = {"FLANN, 4 KD-trees": {"algorithm": 1, "trees": 4}, "FLANN, k-means": {"algorithm": 2}}
CHECKS = 512
# An exact tree looks at nearly everything in 128 dimensions: some queries are enough to say so.
TREE_QUERIES = 40


@dataclass(frozen=True, slots=True)
class Yardstick:
    """`name`, bytes per vector, and a search per setting: (queries, threads) -> (Q, k) ids."""

    name: str
    bytes: float
    searches: dict[str, Search]


def fast_scan(spec: str, base: np.ndarray, k: int) -> Yardstick:
    """The 4-bit scan of faiss with exact re-ranking on bytes; factors and probes to choose from."""
    import faiss

    scan = _built(spec, base)
    kept = faiss.IndexScalarQuantizer(base.shape[1], faiss.ScalarQuantizer.QT_8bit_direct)
    kept.add(base.astype(np.float32))
    index, probing = faiss.IndexRefine(scan, kept), faiss.extract_index_ivf(scan)
    searches = {}
    for probes in PROBED[:: grid_step(len(base))]:
        for factor in FACTORS[:: grid_step(len(base))]:

            def search(queries: np.ndarray, threads: int, p=probes, f=factor) -> np.ndarray:
                faiss.omp_set_num_threads(threads)
                probing.nprobe, index.k_factor = p, f
                return index.search(queries.astype(np.float32), k)[1]

            searches[f"nprobe {probes}, k_factor {factor}"] = search
    # Codes, 64-bit ids, and the bytes themselves.
    return Yardstick(f"faiss {spec}, bytes", 16 + 8 + base.shape[1], searches)


def lists_for(count: int) -> tuple[int, ...]:
    """Numbers of inverted lists that suit so many vectors; the paper's rivals take the last."""
    return (512,) if count < FEW else (1024, 4096)


def grid_step(count: int) -> int:
    """Of every how many settings one is tried, of ours and of theirs."""
    return 2 if count < FEW else 1


def fast_scans(base: np.ndarray, k: int) -> Iterator[Yardstick]:
    """Every fast scan, of codes and of residuals, with each number of lists."""
    for scan in FAST_SCANS:
        for lists in lists_for(len(base)):
            yield fast_scan(f"IVF{lists},{scan}", base, k)


def others(base: np.ndarray, k: int) -> Iterator[Yardstick]:
    """The paper's rivals, as faiss, OpenCV and SciPy have them, and the exact scan."""
    import faiss

    for spec in (spec.format(lists=lists_for(len(base))[-1]) for spec in OTHERS):
        index = _built(spec, base)
        probed = "IVF" in spec
        if probed:
            faiss.extract_index_ivf(index).nprobe = PROBES
        size = 16 + 8 if probed else base.shape[1] / 8
        setting = f"nprobe {PROBES}" if probed else ""
        yield Yardstick(f"faiss {spec}", size, {setting: _asked(index, k)})
    flat = faiss.IndexFlatL2(base.shape[1])
    flat.add(base.astype(np.float32))
    yield Yardstick("faiss Flat", 4 * base.shape[1], {"": _asked(flat, k)})
    yield from _trees(base, k)


def _trees(base: np.ndarray, k: int) -> Iterator[Yardstick]:
    """The KD-forest and the tree of k-means of FLANN, and one exact KD-tree; vectors as floats."""
    vectors, size = base.astype(np.float32), 4.0 * base.shape[1]
    for name, made in FLANN.items():
        forest = cv2.flann.Index(vectors, made)

        def search(queries: np.ndarray, threads: int, own=forest) -> np.ndarray:
            return own.knnSearch(queries.astype(np.float32), k, params={"checks": CHECKS})[0]

        yield Yardstick(name, size, {f"checks {CHECKS}": search})
    tree = KDTree(vectors, leafsize=32)

    def exact(queries: np.ndarray, threads: int) -> np.ndarray:
        return tree.query(queries[:TREE_QUERIES].astype(np.float32), k, workers=threads)[1]

    yield Yardstick("SciPy KD-tree, exact", size, {"": exact})


def graphs(base: np.ndarray, k: int) -> Iterator[Yardstick]:
    """HNSW with 16 links: by faiss over floats and over bytes, which are nearest to our bytes, and
    by hnswlib, which has floats alone.
    """
    import faiss
    import hnswlib

    links = 2 * 16 * 4
    bytes_alone = faiss.IndexHNSWSQ(base.shape[1], faiss.ScalarQuantizer.QT_8bit_direct, 16)
    for name, graph, size in (
        ("faiss HNSW16, floats", faiss.IndexHNSWFlat(base.shape[1], 16), 4 * base.shape[1]),
        ("faiss HNSW16, bytes", bytes_alone, base.shape[1]),
    ):
        graph.train(base[:1].astype(np.float32))
        graph.add(base.astype(np.float32))
        searches: dict[str, Search] = {}
        for effort in EFFORTS:
            searches[f"ef {effort}"] = _asked(graph, k, effort)
        yield Yardstick(name, size + links, searches)
    own = hnswlib.Index("l2", base.shape[1])
    own.init_index(len(base), M=16, ef_construction=BUILT)
    own.add_items(base.astype(np.float32), num_threads=faiss.omp_get_max_threads())
    searches = {}
    for effort in EFFORTS:

        def ask(queries: np.ndarray, threads: int, e=effort) -> np.ndarray:
            own.set_ef(max(e, k))
            return own.knn_query(queries.astype(np.float32), k, num_threads=threads)[0]

        searches[f"ef {effort}"] = ask
    yield Yardstick("hnswlib M 16, floats", 4 * base.shape[1] + links + 8, searches)


def _asked(index: Any, k: int, effort: int = 0) -> Search:
    """A search of an index of faiss; with an `effort` where it is a graph."""
    import faiss

    def search(queries: np.ndarray, threads: int) -> np.ndarray:
        faiss.omp_set_num_threads(threads)
        if effort:
            index.hnsw.efSearch = effort
        return index.search(queries.astype(np.float32), k)[1]

    return search


def _built(spec: str, base: np.ndarray) -> Any:
    import faiss

    index = faiss.index_factory(base.shape[1], spec)
    index.train(base[:: max(1, len(base) // TRAIN)].astype(np.float32))
    index.add(base.astype(np.float32))
    return index
