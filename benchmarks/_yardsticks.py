"""What others take: faiss and hnswlib, as searches that the benchmark of retrieval can time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Search = Callable[[np.ndarray, int], np.ndarray]
TRAIN = 100_000
FAST_SCANS = (
    "IVF1024,PQ32x4fs",
    "IVF4096,PQ32x4fs",
    "IVF1024,PQ32x4fsr",
    "IVF4096,PQ32x4fsr",
)
OTHERS = ("IVF4096,PQ16", "LSH")


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
    for probes in (4, 8, 12, 16, 24, 32, 48, 64, 96):
        for factor in (10, 15, 20, 30, 40, 60):

            def search(queries: np.ndarray, threads: int, p=probes, f=factor) -> np.ndarray:
                faiss.omp_set_num_threads(threads)
                probing.nprobe, index.k_factor = p, f
                return index.search(queries.astype(np.float32), k)[1]

            searches[f"nprobe {probes}, k_factor {factor}"] = search
    # Codes, 64-bit ids, and the bytes themselves.
    return Yardstick(f"faiss {spec}, bytes", 16 + 8 + base.shape[1], searches)


def others(base: np.ndarray, k: int) -> Iterator[Yardstick]:
    """The paper's rivals, as faiss has them, and the exact scan."""
    import faiss

    for spec in OTHERS:
        index = _built("LSH" if spec == "LSH" else spec, base)

        def search(queries: np.ndarray, threads: int, own=index, ivf=spec != "LSH") -> np.ndarray:
            faiss.omp_set_num_threads(threads)
            if ivf:
                faiss.extract_index_ivf(own).nprobe = 64
            return own.search(queries.astype(np.float32), k)[1]

        size = base.shape[1] / 8 if spec == "LSH" else 16 + 8
        yield Yardstick(f"faiss {spec}", size, {"nprobe 64" if spec != "LSH" else "": search})
    flat = faiss.IndexFlatL2(base.shape[1])
    flat.add(base.astype(np.float32))

    def exact(queries: np.ndarray, threads: int) -> np.ndarray:
        faiss.omp_set_num_threads(threads)
        return flat.search(queries.astype(np.float32), k)[1]

    yield Yardstick("faiss Flat", 4 * base.shape[1], {"": exact})


def graphs(base: np.ndarray, k: int) -> Iterator[Yardstick]:
    """HNSW with 16 links, by faiss and by hnswlib."""
    import faiss
    import hnswlib

    efforts = (16, 24, 32, 48, 64, 96, 128, 192)
    index = _built("HNSW16,Flat", base)
    searches: dict[str, Search] = {}
    for effort in efforts:

        def search(queries: np.ndarray, threads: int, e=effort) -> np.ndarray:
            faiss.omp_set_num_threads(threads)
            index.hnsw.efSearch = e
            return index.search(queries.astype(np.float32), k)[1]

        searches[f"ef {effort}"] = search
    size = 4.0 * base.shape[1] + 2 * 16 * 4
    yield Yardstick("faiss HNSW16", size, searches)
    graph = hnswlib.Index("l2", base.shape[1])
    graph.init_index(len(base), M=16, ef_construction=100)
    graph.add_items(base.astype(np.float32), num_threads=2)
    searches = {}
    for effort in efforts:

        def ask(queries: np.ndarray, threads: int, e=effort) -> np.ndarray:
            graph.set_ef(max(e, k))
            return graph.knn_query(queries.astype(np.float32), k, num_threads=threads)[0]

        searches[f"ef {effort}"] = ask
    yield Yardstick("hnswlib M 16", size + 8, searches)


def _built(spec: str, base: np.ndarray) -> Any:
    import faiss

    index = faiss.index_factory(base.shape[1], spec)
    index.train(base[:: max(1, len(base) // TRAIN)].astype(np.float32))
    index.add(base.astype(np.float32))
    return index
