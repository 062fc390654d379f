"""The folder that fetched assets are kept in: fetch, state, check."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ...files.atomic import make_folder, write_json
from ...files.results import written_by
from ...types import InputError
from .catalogue import Asset, Item, catalogue
from .clients import download
from .unpacking import unpack

_RECORD = "asset.json"
_PREPARED = "prepared"
_MB = 1_000_000
FOLDER_VARIABLE = "DDFF_ASSETS"


def default_folder() -> Path:
    """DDFF_ASSETS where it is set, else `ddff_perception/assets` in the user's cache folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "ddff_perception" / "assets"


class AssetCache:
    """Assets in a folder, one subfolder each, which appears when all of it is there."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = default_folder() if folder is None else folder

    def has(self, asset: Asset) -> bool:
        """Whether the asset is there, of the version that the catalogue knows."""
        return self._record(asset).get("sha256") == asset.sha256

    def missing(self) -> list[Asset]:
        """What of the catalogue is not there."""
        return [asset for asset in catalogue() if not self.has(asset)]

    def path(self, asset: Asset, item: Item) -> Path:
        """The item's file, which is there if `has(asset)`."""
        return self.folder / asset.name / item.path

    def prepared(self, file: Path) -> Path:
        """The folder for what is made of an asset's `file`; it goes when the asset is renewed."""
        return self.folder / file.relative_to(self.folder).parts[0] / _PREPARED

    def fetch(self, asset: Asset, source: Path | None = None) -> bool:
        """Gets, checks and unpacks the asset; False where it was there already, undamaged.

        `source`: a folder (or file) of the user's with the archive, in place of the client.
        Raises InputError where the archive cannot be had or has another hash, and where the place
        is taken by what no fetching put there.
        """
        if self.has(asset) and not self.verify(asset):
            return False
        make_folder(self.folder)
        self._require_ours(asset)
        try:
            temporary = tempfile.TemporaryDirectory(prefix=f".{asset.name}.", dir=self.folder)
            with written_by(None), temporary as name:
                self._renew(asset, source, Path(name))
        except OSError as error:
            raise InputError(f"cannot fetch {asset.name} to {self.folder}: {error}") from error
        return True

    def _renew(self, asset: Asset, source: Path | None, work: Path) -> None:
        archive = _given(asset, source) if source else download(asset, make_folder(work / "a"))
        _check(asset, archive)
        content = make_folder(work / "content")
        files = unpack(archive, content, asset.keep, asset.unpacked_mb * _MB)
        lost = [item.path for item in asset.items if item.path not in files]
        if lost:
            raise InputError(f"{asset.archive} lacks {lost[0]}, which the catalogue names")
        hashes = {file: sha256(content / file) for file in sorted(files)}
        write_json(content / _RECORD, {"sha256": asset.sha256, "files": hashes})
        target = self.folder / asset.name
        if target.exists():
            target.rename(work / "before")
        content.rename(target)

    def verify(self, asset: Asset) -> list[str]:
        """What is wrong with the asset's files, one sentence each; empty where nothing is."""
        record = self._record(asset)
        if record.get("sha256") != asset.sha256:
            return [f"{asset.name} is not fetched"]
        wrong = []
        expected = {**{item.path: "" for item in asset.items}, **record["files"]}
        for name, digest in expected.items():
            path = self.folder / asset.name / name
            try:
                if not path.is_file():
                    wrong.append(f"{asset.name}/{name} is gone")
                elif sha256(path) != digest:
                    wrong.append(f"{asset.name}/{name} has changed")
            except OSError as error:
                wrong.append(f"{asset.name}/{name} cannot be read: {error.strerror or error}")
        return wrong

    def _require_ours(self, asset: Asset) -> None:
        """Only what fetching put there, and what was made of that, may be replaced."""
        target = self.folder / asset.name
        record = self._record(asset)
        ours = {target / name for name in (*record["files"], _RECORD)} if record else set()
        prepared = target / _PREPARED
        within = sorted(target.rglob("*")) if target.is_dir() and not target.is_symlink() else []
        others = [
            path
            for path in within or ([target] if os.path.lexists(target) else [])
            if path not in ours and prepared not in path.parents
            if path.is_symlink() or not path.is_dir()
        ]
        if others:
            raise InputError(
                f"{others[0]} was not fetched: move it away, or choose another folder for assets"
            )

    def _record(self, asset: Asset) -> dict[str, Any]:
        """`sha256` of the archive and `files` with theirs, or {} where that is not noted."""
        path = self.folder / asset.name / _RECORD
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            named = isinstance(content["sha256"], str) and isinstance(content["files"], dict)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}
        return content if named else {}


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_MB):
            digest.update(chunk)
        return digest.hexdigest()


def _given(asset: Asset, source: Path) -> Path:
    path = source / asset.archive if source.is_dir() else source
    if not path.is_file():
        raise InputError(f"there is no {asset.archive} in {source}")
    return path


def _check(asset: Asset, archive: Path) -> None:
    found = sha256(archive)
    if found != asset.sha256:
        raise InputError(
            f"{archive.name} has the SHA-256 {found[:16]}..., not that of the catalogue "
            f"({asset.sha256[:16]}...): it is damaged or of another version"
        )
