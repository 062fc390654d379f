"""The catalogue of assets as data: where each comes from, its hash, licence and allowed use."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...types import InputError

DATA = Path(__file__).resolve().parents[2] / "data" / "assets"
USES = ("train", "judge")
KINDS = ("furniture", "environment", "photograph", "weights")
CLIENTS = ("apt", "npm", "pip", "folder")


@dataclass(frozen=True, slots=True)
class Item:
    """One file of an asset: `path` inside the unpacked asset, `kind` of KINDS, `use` of USES
    (None for a furniture library, whose models have a use each), `outdoors` of light and a view
    that are found outside.
    """

    path: str
    kind: str
    use: str | None
    licence: str
    creators: str
    outdoors: bool = False


@dataclass(frozen=True, slots=True)
class Asset:
    """One archive: `client` of CLIENTS gets `package`, whose file `archive` has `sha256`.

    `keep`: patterns of what is unpacked from it, at most `unpacked_mb` megabytes.
    """

    name: str
    title: str
    client: str
    package: str
    archive: str
    sha256: str
    unpacked_mb: int
    keep: tuple[str, ...]
    items: tuple[Item, ...]

    @property
    def of_scenes(self) -> bool:
        """Whether scenes show it; what networks begin with, none does."""
        return any(item.kind != "weights" for item in self.items)

    def key(self, item: Item) -> str:
        """What an index calls the item: `asset/path`."""
        return f"{self.name}/{item.path}"


@functools.cache
def catalogue(path: Path = DATA / "catalogue.yaml") -> tuple[Asset, ...]:
    """Every asset of the catalogue. Raises InputError on one that is not well formed."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return tuple(_asset(entry) for entry in content)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no catalogue of assets: {error!r}") from error


def find_asset(name: str) -> Asset:
    """The asset `name`; raises InputError with the names there are."""
    for asset in catalogue():
        if asset.name == name:
            return asset
    names = ", ".join(asset.name for asset in catalogue())
    raise InputError(f"there is no asset {name!r}; there are: {names}")


def _asset(entry: dict[str, Any]) -> Asset:
    if entry["client"] not in CLIENTS:
        raise InputError(f"{entry['name']}: the client must be one of {', '.join(CLIENTS)}")
    shared: dict[str, Any] = {key: entry[key] for key in ("licence", "creators") if key in entry}
    return Asset(
        name=entry["name"],
        title=entry["title"],
        client=entry["client"],
        package=entry["package"],
        archive=entry["archive"],
        sha256=entry["sha256"],
        unpacked_mb=int(entry["unpacked_mb"]),
        keep=tuple(entry["keep"]),
        items=tuple(_item(entry["name"], {**shared, **item}) for item in entry["items"]),
    )


def _item(asset: str, entry: dict[str, Any]) -> Item:
    use = entry.get("use")
    whole = entry["kind"] == "furniture"
    if entry["kind"] not in KINDS or (use not in USES and not (whole and use is None)):
        raise InputError(f"{asset}: {entry['path']} needs a kind and a use")
    return Item(
        path=entry["path"],
        kind=entry["kind"],
        use=use,
        licence=entry["licence"],
        creators=entry.get("creators", ""),
        outdoors=bool(entry.get("outdoors", False)),
    )
