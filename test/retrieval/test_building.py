"""An index built in waves is the index built at once."""

import errno
import os

import numpy as np
import pytest
from descriptors import descriptors

from ddff_perception.files.vectors import open_vectors, write_vectors
from ddff_perception.retrieval.building import build_file
from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.settings import IndexSettings
from ddff_perception.types import InputError

VECTORS = descriptors(1500)
SMALL = {"clusters": 4, "children": 4, "line_parts": 8, "learn_from": 700}


@pytest.mark.parametrize(
    "settings",
    [
        {"codes": "four_bit"},
        {"codes": "lines"},
        {"codes": "lines", "parts": 4, "slots": 1000},
        {"codes": "four_bit", "keep_vectors": False},
    ],
)
@pytest.mark.parametrize("wave", [1, 333, 5000])
def test_any_wave_gives_the_index_that_is_filled_in_memory(settings, wave, tmp_path):
    vectors = VECTORS if wave > 1 else VECTORS[:800]
    made = IndexSettings(**SMALL | settings)
    index = TreeIndex(made).fit(vectors)
    index.add(vectors)
    steps = []
    built = build_file(tmp_path / "waves.ddff", vectors, made, wave, steps.append)
    assert steps[-1] == len(vectors) and len(steps) == 2 * -(-len(vectors) // wave)
    # A matrix product rounds otherwise in other sizes: a vector between two bins may change.
    assert np.mean(built.store.ids == index.store.ids) > 0.9
    by_id = [np.argsort(one.store.ids) for one in (index, built)]
    rows = [one.store.rows[order] for one, order in zip((index, built), by_id, strict=True)]
    assert np.mean(rows[0] == rows[1]) > 0.999
    if made.keep_vectors:
        assert np.array_equal(built.store.vectors[by_id[1]], vectors)
    queries = descriptors(20, seed=3)
    found = [one.search(queries, 5)[1] for one in (index, built)]
    assert np.mean(found[0] == found[1]) > 0.98


def test_one_wave_gives_the_same_file_as_an_index_filled_in_memory(tmp_path):
    index = TreeIndex(IndexSettings(**SMALL)).fit(VECTORS)
    index.add(VECTORS)
    index.save(tmp_path / "whole.ddff")
    build_file(tmp_path / "wave.ddff", VECTORS, IndexSettings(**SMALL))
    assert (tmp_path / "wave.ddff").read_bytes() == (tmp_path / "whole.ddff").read_bytes()


def test_a_file_of_vectors_is_read_from_the_disk_wave_by_wave(tmp_path):
    write_vectors(tmp_path / "base.bvecs", VECTORS)
    source = open_vectors(tmp_path / "base.bvecs")
    largest = []

    class Watched:
        shape = source.shape

        def __len__(self):
            return len(source)

        def __getitem__(self, part):
            found = source[part]
            largest.append(len(found))
            return found

    settings = IndexSettings(**SMALL | {"learn_from": 200})
    index = build_file(tmp_path / "a.ddff", Watched(), settings, wave=300)
    assert max(largest) <= 300
    assert len(index) == 1500
    assert (index.search(VECTORS[:20], 1)[0] == 0).all()


def test_what_is_wrong_in_a_later_wave_is_named_and_nothing_is_left(tmp_path):
    vectors = VECTORS.astype(np.float32)
    vectors[1201, 3] = np.nan
    settings = IndexSettings(**SMALL | {"learn_from": 100})
    with pytest.raises(InputError, match="in vectors 1000 to 1499: vector 201 holds NaN"):
        build_file(tmp_path / "a.ddff", vectors, settings, wave=500)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("whole", [1, 2])
def test_a_disk_that_fills_up_ends_a_build_before_anything_is_mapped(tmp_path, monkeypatch, whole):
    """Writing through a map of what the disk has no room for would be a signal, no error."""
    reserved = []

    def full(file: int, start: int, size: int) -> None:
        reserved.append(size)
        if len(reserved) == whole:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(InputError, match=r"cannot write .*a\.ddff: No space left on device"):
        build_file(tmp_path / "a.ddff", VECTORS, IndexSettings(**SMALL))
    assert len(reserved) == whole
    assert list(tmp_path.iterdir()) == []


def test_nothing_makes_no_index(tmp_path):
    with pytest.raises(InputError, match="n x dimensions"):
        build_file(tmp_path / "a.ddff", VECTORS[:0])
