"""`ddff index`: an index made, filled, asked and measured."""

import json

import numpy as np
import pytest
from command_line import ddff
from descriptors import descriptors, share_found

from ddff_perception.files.vectors import read_vectors, write_vectors
from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.search.exact import brute_force

VECTORS = descriptors(1200)
QUERIES = descriptors(20, seed=8)
SMALL = ("-p", "clusters=4", "-p", "children=4", "-p", "line_parts=8")
MANY_BINS = ("-p", "clusters=256", "-p", "children=256")


@pytest.fixture
def made(tmp_path, capfd):
    write_vectors(tmp_path / "base.bvecs", VECTORS)
    write_vectors(tmp_path / "query.bvecs", QUERIES)
    path = tmp_path / "a.ddff"
    outcome = ddff(capfd, "index", "build", tmp_path / "base.bvecs", "-o", path, *SMALL)
    assert outcome.status == 0, outcome.errors
    assert "1200 vectors of 32 dimensions" in outcome.output
    return path


def test_an_index_is_built_and_asked(made, tmp_path, capfd):
    outcome = ddff(
        capfd, "index", "query", tmp_path / "query.bvecs", made, "-k", 5,
        "-o", tmp_path / "ids.ivecs", "--distances", tmp_path / "near.fvecs",
        "-p", "width=4", "-p", "rerank=1200",
    )  # fmt: skip
    assert outcome.status == 0, outcome.errors
    truth = brute_force(VECTORS, QUERIES, 5)
    assert share_found(read_vectors(tmp_path / "ids.ivecs"), truth[1]) == 1
    assert np.array_equal(read_vectors(tmp_path / "near.fvecs"), truth[0])


def test_without_a_file_neighbours_are_shown(made, tmp_path, capfd):
    outcome = ddff(capfd, "index", "query", tmp_path / "query.bvecs", made, "-k", 2)
    assert len(outcome.output.splitlines()) == 20
    assert outcome.output.splitlines()[3].startswith("3  ")


def test_shards_are_asked_together(made, tmp_path, capfd):
    outcome = ddff(
        capfd, "index", "query", tmp_path / "base.bvecs", made, made, "-k", 2,
        "-o", tmp_path / "ids.npy", "-p", "width=4",
    )  # fmt: skip
    assert outcome.status == 0, outcome.errors
    found = np.load(tmp_path / "ids.npy")
    assert np.mean(found == np.arange(1200)[:, None] + [0, 1200]) > 0.99


def test_vectors_are_added_and_taken_out_in_place(made, tmp_path, capfd):
    outcome = ddff(capfd, "index", "add", made, tmp_path / "query.bvecs", "--remove", "0,5,77777")
    assert outcome.status == 0, outcome.errors
    assert "20 vectors added, 2 removed: 1218 in" in outcome.output
    index = TreeIndex.load(made)
    assert len(index) == 1218 and index.store.ids.max() == 1219


def test_a_trial_says_bytes_recall_and_rate(made, tmp_path, capfd):
    for words in ((), ("--queries", tmp_path / "query.bvecs")):
        outcome = ddff(capfd, "index", "bench", made, "-k", 5, *words, "--json")
        assert outcome.status == 0, outcome.errors
        found = json.loads(outcome.output)
        assert found["bytes"]["vectors"] == 32
        assert found["rows"][-1]["recall"] > 0.9 and found["rows"][-1]["rate_hz"] > 0
    outcome = ddff(capfd, "index", "bench", made)
    assert "recall@10" in outcome.output and "bytes each" in outcome.output


def test_info_shows_settings_and_occupancy(made, capfd):
    outcome = ddff(capfd, "index", "info", made, "--check", "--json")
    assert outcome.status == 0, outcome.errors
    found = json.loads(outcome.output)
    assert (found["vectors"], found["dimensions"], found["type"]) == (1200, 32, "uint8")
    assert found["settings"]["clusters"] == 4
    assert sum(found["bins_by_vectors"].values()) == 256
    assert "settings clusters" in ddff(capfd, "index", "info", made).output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("index", "info", "base.bvecs"), "is no index of ddff index build"),
        (("index", "build", "none.fvecs", "-o", "b.ddff"), "there is no file"),
        (("index", "build", "base.bvecs", "-o", "b.ddff", "-p", "k1=4"), "no parameter 'k1'"),
        (("index", "build", "base.bvecs", "-o", "b.ddff", "-p", "parts=3"), "parts must be"),
        (("index", "build", "base.bvecs", "-o", "b.ddff", *MANY_BINS), "are 4294967296 bins, more"),
        (("index", "build", "base.bvecs", "-o", "base.bvecs"), "was not written by ddff index"),
        (("index", "add", "a.ddff", "other.npy"), "of 32 dimensions, these have 3"),
        (("index", "add", "a.ddff", "query.bvecs", "--remove", "x"), "no list of ids"),
        (("index", "query", "nan.npy", "a.ddff"), "holds NaN"),
        (("index", "query", "query.bvecs", "a.ddff", "-o", "ids.csv"), "must end in"),
        (("index", "query", "query.bvecs", "a.ddff", "-o", "b.fvecs"), "in .ivecs or .npy"),
        (("index", "query", "nan.npy", "a.ddff", "--distances", "b.ivecs"), "in .fvecs or .npy"),
        (("index", "query", "query.bvecs", "cut.ddff"), "truncated"),
    ],
)
def test_bad_input_is_one_sentence(made, tmp_path, capfd, words, sentence, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("other.npy", np.zeros((2, 3)))
    np.save("nan.npy", np.full((2, 32), np.nan))
    content = made.read_bytes()
    (tmp_path / "cut.ddff").write_bytes(content[: len(content) // 2])
    outcome = ddff(capfd, *words)
    assert outcome.status == 2 and sentence in outcome.errors, outcome.errors
    assert outcome.errors.count("\n") == 1 and "Traceback" not in outcome.errors
    assert made.read_bytes() == content
    assert not (tmp_path / "b.ddff").exists()
