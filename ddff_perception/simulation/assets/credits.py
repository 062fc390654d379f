"""Credits: who made what weights or images came from, under which licence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ...types import InputError
from .catalogue import catalogue
from .furniture import furniture_classes, library_name


@dataclass(frozen=True, slots=True)
class Credit:
    """One asset: its `title`, who made it, under which `licence`, and its `use`."""

    key: str
    title: str
    creators: str
    licence: str
    use: str


def known_credits() -> dict[str, Credit]:
    """A credit for everything that a scene may be made of, by its key in an index."""
    found: dict[str, Credit] = {}
    licences: dict[str, str] = {}
    for asset in catalogue():
        for item in asset.items:
            if item.kind == "furniture":
                licences[library_name(item.path)] = item.licence
            else:
                key = asset.key(item)
                found[key] = Credit(
                    key, f"{asset.title}: {item.path}", item.creators, item.licence, item.use or ""
                )
    for kind in furniture_classes():
        title = f"Sweet Home 3D, {kind.library}: {kind.name} ({kind.model})"
        found[kind.key] = Credit(kind.key, title, kind.creator, licences[kind.library], kind.use)
    return found


def credits_of(keys: Iterable[str]) -> list[Credit]:
    """The credits of `keys`, by licence and creator. Raises InputError on an unknown key."""
    known = known_credits()
    wanted = set(keys)
    unknown = sorted(wanted - known.keys())
    if unknown:
        raise InputError(f"the catalogue does not know {unknown[0]!r}: it was recorded elsewhere")
    chosen = [known[key] for key in wanted]
    return sorted(chosen, key=lambda credit: (credit.licence, credit.creators, credit.title))


def credits_text(name: str, keys: Iterable[str]) -> str:
    """Markdown that ships beside a weight file: every asset with its creator and licence."""
    by_licence: dict[str, list[Credit]] = defaultdict(list)
    for credit in credits_of(keys):
        by_licence[credit.licence].append(credit)
    lines = [f"# What {name} learned from", ""]
    if not by_licence:
        lines += ["Scenes that the software draws itself; no asset of anybody else.", ""]
    for licence, credits in by_licence.items():
        lines += [f"## {licence}", ""]
        lines += [f"- {credit.title}, by {credit.creators or 'unknown'}" for credit in credits]
        lines.append("")
    return "\n".join(lines)
