"""The byte shuffle, the plain loop and numpy give the same sums, bit for bit."""

import os
import subprocess
import sys

import numpy as np
import pytest
from descriptors import descriptors

from ddff_perception.retrieval.quantizers import four_bit as codes_of
from ddff_perception.retrieval.quantizers.four_bit import FourBitQuantizer, packed
from ddff_perception.retrieval.search import exact, four_bit, shuffle
from ddff_perception.retrieval.search.compiled import HAS_NUMBA
from ddff_perception.retrieval.search.four_bit import Blocks, scan_blocks

needs_numba = pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")


def random_codes(parts: int, blocks: int = 40, seed: int = 0):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 256, (blocks, parts // 2, 32), dtype=np.uint8)
    entries = random.integers(0, 64, (parts, 16), dtype=np.uint8)
    entries[0] = shuffle.ENTRY_LIMIT  # the largest that there may be
    lanes = entries.reshape(parts // 4, 2, 2, 16).transpose(0, 2, 1, 3)
    return codes, entries, np.repeat(lanes, 2, axis=2).reshape(parts // 4, 2, 64)


def sums_by_definition(codes, entries):
    total = np.zeros((len(codes), 32), np.int64)
    for row in range(codes.shape[1]):
        total += entries[2 * row][codes[:, row] & 15].astype(np.int64)
        total += entries[2 * row + 1][codes[:, row] >> 4]
    return total


@pytest.mark.parametrize("parts", [4, 8, 12, 32, 64, 196])
def test_shuffle_loop_and_numpy_agree_to_the_bit(parts):
    codes, entries, tables = random_codes(parts)
    truth = sums_by_definition(codes, entries)
    assert np.array_equal(shuffle.block_sums_numpy(codes, tables), truth)
    threshold = int(np.median(truth))
    for sums_of in (shuffle.block_sums, shuffle.block_sums_plain):
        sums = np.empty(32, np.uint16)
        for block in range(len(codes)):
            mask = _call(sums_of, codes, block, tables, threshold, sums)
            assert np.array_equal(sums, truth[block])
            below = (truth[block] < threshold) << np.arange(32)
            assert mask == below.sum()


def _call(sums_of, codes, block, tables, threshold, sums):
    return sums_of(codes, block, tables, threshold, sums)


def test_the_largest_sums_do_not_wrap():
    codes, _, tables = random_codes(196)
    tables[:] = shuffle.ENTRY_LIMIT
    sums = np.empty(32, np.uint16)
    shuffle.block_sums(codes, 0, tables, 65535, sums)
    assert (sums == 196 * shuffle.ENTRY_LIMIT).all()


@needs_numba
@pytest.mark.parametrize(
    ("name", "features", "expected"),
    [
        ("generic", "", ""),
        ("nehalem", "+ssse3,+sse4.2", "ssse3"),
        ("haswell", "+avx2,+avx,+ssse3", "avx2"),
    ],
)
def test_another_processor_takes_its_own_way_to_the_same_sums(name, features, expected):
    """In a process of its own; code cached for one processor is not run on another."""
    code = (
        "import numpy as np, test_shuffle as t\n"
        "from ddff_perception.retrieval.search import shuffle\n"
        f"assert shuffle.shuffle_of_this_machine() == {expected!r}\n"
        "t.test_shuffle_loop_and_numpy_agree_to_the_bit(32)\n"
    )
    here = os.path.dirname(__file__)  # noqa: PTH120
    path = os.pathsep.join([here, *sys.path])
    changed = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features, "PYTHONPATH": path}
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | changed,
        capture_output=True,
        text=True,
        check=False,
    )
    if "not supported" in result.stderr:
        pytest.skip("this processor has no such instructions")
    assert result.returncode == 0, result.stderr


def store_and_tables(count=700, queries=9):
    vectors = descriptors(count).astype(np.float32)
    quantizer = FourBitQuantizer.fit(vectors, 8)
    blocks = packed(quantizer.encode(vectors))
    tables = quantizer.query_tables(descriptors(queries, seed=3).astype(np.float32))
    return quantizer, Blocks(blocks, np.array([0, count]), count), tables


@pytest.mark.parametrize("wanted", [1, 10, 5000])
def test_a_scan_keeps_the_nearest_by_their_codes_and_ties(wanted):
    _, store, (tables, _, _) = store_and_tables()
    every = np.arange(len(store.codes), dtype=np.int32)
    proposed = (np.repeat(every[None], 9, axis=0), np.full(9, len(every)))
    found, filled, sums = scan_blocks(store, proposed, tables, wanted)
    for query in range(9):
        truth = shuffle.block_sums_numpy(store.codes, tables[query]).reshape(-1)[: store.count]
        last = np.sort(truth)[min(wanted, store.count) - 1]
        kept = found[query, : filled[query]]
        assert sorted(kept) == np.flatnonzero(truth <= last).tolist()
        assert np.array_equal(sums[query, : filled[query]], truth[kept])


def test_a_scan_without_the_compiler_finds_the_same(monkeypatch):
    _, store, (tables, _, _) = store_and_tables()
    every = np.arange(len(store.codes), dtype=np.int32)
    proposed = (np.repeat(every[None], 9, axis=0), np.full(9, len(every)))
    compiled = scan_blocks(store, proposed, tables, 20)
    monkeypatch.setattr(four_bit, "HAS_NUMBA", False)
    monkeypatch.setattr(exact, "HAS_NUMBA", False)
    plain = scan_blocks(store, proposed, tables, 20)
    for a, b in zip(compiled, plain, strict=True):
        assert np.array_equal(a, b)


def test_sums_tell_the_distance_to_the_decoded_vector():
    quantizer, store, (tables, step, base) = store_and_tables()
    queries = descriptors(9, seed=3).astype(np.float32)
    points = quantizer.decode(quantizer.encode(descriptors(700).astype(np.float32)))
    for query in range(9):
        sums = shuffle.block_sums_numpy(store.codes, tables[query]).reshape(-1)[:700]
        truth = ((points - queries[query]) ** 2).sum(axis=1)
        # Eight entries, each rounded by half a step at most.
        assert np.abs(base[query] + step[query] * sums - truth).max() <= 4.01 * step[query] + 1


def test_tables_are_the_same_without_the_compiler(monkeypatch):
    quantizer, _, compiled = store_and_tables()
    monkeypatch.setattr(codes_of, "HAS_NUMBA", False)
    plain = quantizer.query_tables(descriptors(9, seed=3).astype(np.float32))
    for a, b in zip(compiled, plain, strict=True):
        assert np.array_equal(a, b)
