"""The folder of built engines: whole entries, locks, clearing."""

import fcntl
import threading

import pytest

from ddff_perception.engines.engine_cache import EngineCache, cache_key, slug

FACTS = {"model": "net", "gpu": {"name": "A"}, "profile": {"x": [(1, 2), (3, 4)]}, "tf32": True}


@pytest.fixture
def cache(tmp_path):
    return EngineCache(tmp_path / "engines")


def test_what_is_written_is_read_and_listed(cache):
    entry = cache.entry("net", FACTS)
    assert cache.read(entry) is None
    cache.write(entry, b"plan", seconds=3.5)
    assert cache.read(cache.entry("net", FACTS)) == b"plan"
    (listed,) = cache.entries()
    assert listed.built["seconds"] == 3.5
    assert listed.size_bytes == 4
    assert listed.facts["gpu"] == {"name": "A"}


@pytest.mark.parametrize(
    "change", [{"gpu": {"name": "B"}}, {"tf32": False}, {"profile": {"x": [(1, 2), (3, 5)]}}]
)
def test_the_key_is_of_all_facts(cache, change):
    assert cache_key({**FACTS, **change}) != cache_key(FACTS)
    assert cache_key(dict(reversed(FACTS.items()))) == cache_key(FACTS)


def test_a_sidecar_of_other_facts_does_not_vouch(cache):
    """A file that was copied or renamed by hand."""
    one, other = cache.entry("net", FACTS), cache.entry("net", {**FACTS, "tf32": False})
    cache.write(one, b"plan")
    other.plan.write_bytes(one.plan.read_bytes())
    other.sidecar.write_bytes(one.sidecar.read_bytes())
    assert cache.read(other) is None


def test_what_is_added_later_leaves_the_plan_as_it_is(cache):
    entry = cache.entry("net", FACTS)
    cache.annotate(entry, parity=[])
    assert cache.entries() == []
    cache.write(entry, b"plan", seconds=2)
    cache.annotate(entry, parity=[{"output": "depth"}])
    assert cache.read(entry) == b"plan"
    assert cache.entries()[0].built["parity"] == [{"output": "depth"}]
    assert cache.entries()[0].built["seconds"] == 2


def test_clearing_keeps_foreign_files_and_the_timings(cache):
    cache.write(cache.entry("net", FACTS), b"plan")
    timing = cache.timing_path("11.4", "GPU A/2")
    timing.write_bytes(b"t")
    (cache.folder / "notes.md").write_text("mine")
    assert cache.clear() > 4
    assert sorted(p.name for p in cache.folder.iterdir()) == ["GPU-A-2-11.4.timing", "notes.md"]
    assert cache.clear(timings=True) == 1
    assert EngineCache(cache.folder / "missing").clear() == 0


def test_one_builds_while_others_wait(cache):
    entry = cache.entry("net", FACTS)
    inside, order = threading.Event(), []

    def second():
        inside.wait(20)
        with cache.locked(entry):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with cache.locked(entry):
        inside.set()
        thread.join(0.2)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]


def test_the_lock_goes_even_when_the_build_fails(cache):
    entry = cache.entry("net", FACTS)
    with pytest.raises(OSError, match="of the build"), cache.locked(entry):
        raise OSError("of the build")
    with entry.plan.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("name", "wanted"), [("a/b c", "a-b-c"), ("../x", "x"), ("///", "engine"), ("ok_1.2", "ok_1.2")]
)
def test_names_become_file_names(name, wanted):
    assert slug(name) == wanted
