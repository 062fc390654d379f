"""The file of an index: opened at once, whole or refused."""

import json
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from descriptors import descriptors

from ddff_perception.files import array_file
from ddff_perception.files.results import written_by
from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.index_file import INDEX
from ddff_perception.retrieval.settings import FOUR_BIT, LINES, IndexSettings
from ddff_perception.types import InputError

VECTORS = descriptors(500)
QUERIES = descriptors(10, seed=2)


@pytest.fixture(params=[FOUR_BIT, LINES])
def saved(request, tmp_path):
    settings = IndexSettings(codes=request.param, clusters=4, children=2, line_parts=8)
    index = TreeIndex(settings).fit(VECTORS)
    index.add(VECTORS)
    index.save(tmp_path / "a.ddff")
    return index, tmp_path / "a.ddff"


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_saved_index_answers_as_before(saved, in_memory):
    index, path = saved
    loaded = TreeIndex.load(path, in_memory)
    assert loaded.settings == index.settings and len(loaded) == 500
    for a, b in zip(index.search(QUERIES, 5), loaded.search(QUERIES, 5), strict=True):
        assert np.array_equal(a, b)
    array_file.verify(INDEX, path)


def test_a_loaded_index_can_be_changed_and_the_file_is_not(saved):
    _, path = saved
    before = path.read_bytes()
    loaded = TreeIndex.load(path)
    loaded.remove(np.arange(100))
    loaded.add(VECTORS[:5])
    assert len(loaded) == 405
    assert path.read_bytes() == before


def test_the_same_index_is_the_same_file(saved, tmp_path):
    _, path = saved
    TreeIndex.load(path).save(tmp_path / "b.ddff")
    assert (tmp_path / "b.ddff").read_bytes() == path.read_bytes()


def test_an_index_without_vectors_is_saved_and_filled_later(tmp_path):
    TreeIndex(IndexSettings(clusters=4, children=2)).fit(VECTORS).save(tmp_path / "empty.ddff")
    loaded = TreeIndex.load(tmp_path / "empty.ddff")
    assert len(loaded) == 0 and (loaded.search(QUERIES)[1] == -1).all()
    loaded.add(VECTORS)
    assert (loaded.search(VECTORS[:5], 1)[1][:, 0] == np.arange(5)).all()


def test_a_file_cut_short_anywhere_is_refused(saved):
    _, path = saved
    content = path.read_bytes()
    for size in (0, 7, 15, 100, 4096, 10_000, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(InputError, match=r"truncated|is no index"):
            TreeIndex.load(path)


def test_a_longer_file_is_refused(saved):
    _, path = saved
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(InputError, match="truncated"):
        TreeIndex.load(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" * 1000, b"\0" * 9000])
def test_a_foreign_file_is_refused(content, tmp_path):
    path = tmp_path / "a.ddff"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no index of ddff index build"):
        TreeIndex.load(path)
    with pytest.raises(InputError, match="cannot read the index"):
        TreeIndex.load(tmp_path / "none.ddff")


def test_a_later_version_is_told(saved):
    _, path = saved
    path.write_bytes(b"DDFFIDX\x09" + path.read_bytes()[8:])
    with pytest.raises(InputError, match="version 9, this program reads version 1"):
        TreeIndex.load(path)


def test_a_flipped_bit_is_found_by_verifying(saved):
    _, path = saved
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # of the vectors, which opening does not read
    path.write_bytes(content)
    TreeIndex.load(path)
    with pytest.raises(InputError, match=r"is damaged \(vectors\)"):
        array_file.verify(INDEX, path)
    with pytest.raises(InputError, match=r"is damaged \(vectors\)"):
        TreeIndex.load(path, in_memory=True)
    content[4096] ^= 1  # of the roots
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged \(roots\)"):
        TreeIndex.load(path)


def with_header(path, change):
    """The file with its header changed, and the checksum of the header right again."""
    content = path.read_bytes()
    _, length, _ = struct.unpack("<8sII", content[:16])
    header = json.loads(content[16 : 16 + length])
    change(header)
    text = json.dumps(header).encode()
    prefix = struct.pack("<8sII", INDEX.magic, len(text), zlib.crc32(text))
    path.write_bytes((prefix + text).ljust(4096, b"\0") + content[4096:])


def changed(name, field, value):
    def change(header):
        header["arrays"][name][field] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("dimensions"),
        lambda header: header.pop("settings"),
        lambda header: header.update(arrays=[]),
        lambda header: header["arrays"].pop("ids"),
        lambda header: header["settings"].update(clusters=8),
        lambda header: header["settings"].update(codes="pickle"),
        lambda header: header.update(dimensions=64),
        lambda header: header.update(dimensions=float("inf")),
        lambda header: header.update(settings=7),
        lambda header: header.update(arrays=[1]),
        changed("ids", "dtype", "object"),
        changed("ids", "start", -4096),
        changed("ids", "shape", [-1]),
        changed("codes", "start", 1),
        changed("vectors", "shape", [2**40, 32]),
        changed("ids", "shape", [10]),
        changed("offsets", "shape", [3]),
    ],
)
def test_a_header_that_does_not_fit_is_refused(saved, change):
    _, path = saved
    with_header(path, change)
    with pytest.raises(InputError):
        TreeIndex.load(path)


def test_a_header_that_is_nested_without_end_is_refused(saved):
    _, path = saved
    text = b"[" * 4000
    prefix = struct.pack("<8sII", INDEX.magic, len(text), zlib.crc32(text))
    path.write_bytes((prefix + text).ljust(8192, b"\0"))
    with pytest.raises(InputError, match="has a header that cannot be read"):
        TreeIndex.load(path)


def test_fewer_centres_than_codes_count_are_refused(saved):
    """A search would read behind them."""
    index, path = saved
    index.quantizer = replace(index.quantizer, centres=index.quantizer.centres[:, :3])
    facts, arrays = index.facts(), index.arrays()
    array_file.write(INDEX, path, facts, arrays)
    with pytest.raises(InputError, match="do not fit each other"):
        TreeIndex.load(path)


def test_offsets_that_lead_out_of_the_arrays_are_refused(saved, tmp_path):
    index, _ = saved
    index.store.offsets[1] = 10**9
    index.save(tmp_path / "b.ddff")
    with pytest.raises(InputError, match="do not fit each other"):
        TreeIndex.load(tmp_path / "b.ddff")


def test_the_file_of_somebody_else_is_not_replaced(saved):
    index, path = saved
    path.write_bytes(b"mine")
    with written_by("ddff index"), pytest.raises(InputError, match="choose another"):
        index.save(path)
    assert path.read_bytes() == b"mine"
