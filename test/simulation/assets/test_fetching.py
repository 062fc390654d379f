"""Fetching: archives are checked and unpacked safely, and nothing half done stays."""

import io
import json
import tarfile
import zipfile
from dataclasses import replace

import pytest

from ddff_perception.simulation.assets.cache import AssetCache, default_folder, sha256
from ddff_perception.simulation.assets.catalogue import Asset, Item
from ddff_perception.simulation.assets.unpacking import safe_path, unpack
from ddff_perception.types import InputError

CONTENT = {"pack/a.jpg": b"first", "pack/deep/b.jpg": b"second", "pack/other.txt": b"no"}


def make_tar(path, members=CONTENT):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture
def asset(tmp_path):
    archive = make_tar(tmp_path / "pack.tgz")
    item = Item("pack/a.jpg", "photograph", "train", "CC0-1.0", "somebody")
    return Asset(
        "pack", "A pack", "npm", "pack", "pack.tgz", sha256(archive), 1, ("pack/*.jpg",), (item,)
    )


def test_a_fetched_asset_is_there_whole_and_only_what_is_kept(tmp_path, asset):
    cache = AssetCache(tmp_path / "cache")
    assert not cache.has(asset)
    assert cache.fetch(asset, tmp_path) is True
    assert cache.has(asset)
    assert cache.path(asset, asset.items[0]).read_bytes() == b"first"
    assert (cache.folder / "pack" / "pack" / "deep" / "b.jpg").exists()
    assert not (cache.folder / "pack" / "pack" / "other.txt").exists()
    assert cache.fetch(asset, tmp_path) is False
    assert cache.verify(asset) == []
    cache.path(asset, asset.items[0]).write_bytes(b"changed")
    assert cache.verify(asset) == ["pack/pack/a.jpg has changed"]


def test_a_damaged_asset_is_fetched_again_with_what_was_made_of_it(tmp_path, asset):
    cache = AssetCache(tmp_path / "cache")
    cache.fetch(asset, tmp_path)
    file = cache.path(asset, asset.items[0])
    cache.prepared(file).mkdir()
    (cache.prepared(file) / "made.npz").write_bytes(b"of the damaged file")
    file.unlink()
    assert cache.fetch(asset, tmp_path) is True
    assert cache.verify(asset) == [] and not cache.prepared(file).exists()


def test_a_folder_that_was_not_fetched_is_left_alone(tmp_path, asset):
    cache = AssetCache(tmp_path / "mine")
    target = cache.folder / "pack"
    for name, content in (("a.jpg", "mine"), ("asset.json", '{"mine": 1}')):
        target.mkdir(parents=True)
        (target / name).write_text(content)
        with pytest.raises(InputError, match=f"{name} was not fetched"):
            cache.fetch(asset, tmp_path)
        assert (target / name).read_text() == content
        (target / name).unlink()
        target.rmdir()
    cache.fetch(asset, tmp_path)
    (target / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.txt was not fetched"):
        cache.fetch(replace(asset, sha256="0" * 64), tmp_path)
    assert (target / "notes.txt").exists() and cache.verify(asset) == []


@pytest.mark.parametrize("damage", ["[]", "{", '{"sha256": %s}', '{"sha256": %s, "files": 3}'])
def test_a_damaged_record_is_no_fetched_asset(tmp_path, asset, damage):
    cache = AssetCache(tmp_path / "cache")
    cache.fetch(asset, tmp_path)
    record = cache.folder / "pack" / "asset.json"
    record.write_text(damage.replace("%s", json.dumps(asset.sha256)))
    assert cache.verify(asset) == ["pack is not fetched"] and not cache.has(asset)
    # A record that lacks what the catalogue names is no whole one.
    record.write_text(json.dumps({"sha256": asset.sha256, "files": {}}))
    assert cache.verify(asset) == ["pack/pack/a.jpg has changed"]


def test_another_archive_than_the_catalogue_s_is_refused(tmp_path, asset):
    cache = AssetCache(tmp_path / "cache")
    with pytest.raises(InputError, match="SHA-256"):
        cache.fetch(replace(asset, sha256="0" * 64), tmp_path)
    lacking = replace(asset, items=(replace(asset.items[0], path="pack/c.jpg"),))
    with pytest.raises(InputError, match="lacks"):
        cache.fetch(lacking, tmp_path)
    with pytest.raises(InputError, match="there is no"):
        cache.fetch(replace(asset, archive="gone.tgz"), tmp_path)
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "/evil.jpg", "pack/../../evil.jpg", "C:\\evil.jpg", "."]
)
def test_no_path_leaves_the_folder(tmp_path, name):
    tar = make_tar(tmp_path / "evil.tgz", {name: b"x"})
    packed = tmp_path / "evil.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, b"x")
    for path in (tar, packed):
        with pytest.raises(InputError, match="leads out"):
            unpack(path, tmp_path / "out", ["*"], 1000)
    assert not list(tmp_path.rglob("evil.jpg"))
    with pytest.raises(InputError, match="to no file"):
        safe_path("")


def test_links_are_not_unpacked(tmp_path):
    path = tmp_path / "links.tgz"
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo("link.jpg")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    assert unpack(path, tmp_path / "out", ["*"], 1000) == []


def test_a_bomb_is_refused_while_it_unpacks(tmp_path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.jpg", bytes(5_000_000))
    with pytest.raises(InputError, match="more than the catalogue allows"):
        unpack(bomb, tmp_path / "out", ["*"], 1_000_000)


def test_damaged_archives_are_said_to_be(tmp_path):
    for name in ("bad.tgz", "bad.zip"):
        (tmp_path / name).write_bytes(b"not an archive")
        with pytest.raises(InputError, match="damaged"):
            unpack(tmp_path / name, tmp_path / "out", ["*"], 1000)


def test_the_folder_is_the_user_s_choice_or_the_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("DDFF_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "ddff_perception" / "assets"
    monkeypatch.setenv("DDFF_ASSETS", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
