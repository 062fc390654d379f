"""The folder that fetched assets are kept in: fetch, state, check."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
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

    def fetch(self, asset: Asset, source: Path | None = None) -> bool:
        """Gets, checks and unpacks the asset; False where it was there already.

        `source`: a folder (or file) of the user's with the archive, in place of the client.
        Raises InputError where the archive cannot be had or has another hash.
        """
        if self.has(asset):
            return False
        make_folder(self.folder)
        temporary = tempfile.TemporaryDirectory(prefix=f".{asset.name}.", dir=self.folder)
        with written_by(None), temporary as name:
            work = Path(name)
            archive = _given(asset, source) if source else download(asset, make_folder(work / "a"))
            _check(asset, archive)
            content = make_folder(work / "content")
            files = unpack(archive, content, asset.keep, asset.unpacked_mb * _MB)
            lost = [item.path for item in asset.items if item.path not in files]
            if lost:
                raise InputError(f"{asset.archive} lacks {lost[0]}, which the catalogue names")
            hashes = {file: sha256(content / file) for file in sorted(files)}
            write_json(content / _RECORD, {"sha256": asset.sha256, "files": hashes})
            self._put(asset, content)
        return True

    def verify(self, asset: Asset) -> list[str]:
        """What is wrong with the asset's files, one sentence each; empty where nothing is."""
        record = self._record(asset)
        if record.get("sha256") != asset.sha256:
            return [f"{asset.name} is not fetched"]
        wrong = []
        for name, expected in record["files"].items():
            path = self.folder / asset.name / name
            if not path.is_file():
                wrong.append(f"{asset.name}/{name} is gone")
            elif sha256(path) != expected:
                wrong.append(f"{asset.name}/{name} has changed")
        return wrong

    def _put(self, asset: Asset, content: Path) -> None:
        target = self.folder / asset.name
        if target.exists():
            # What an earlier version of the catalogue fetched; nothing of the user's is in here.
            shutil.rmtree(target)
        content.rename(target)

    def _record(self, asset: Asset) -> dict[str, Any]:
        path = self.folder / asset.name / _RECORD
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


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
