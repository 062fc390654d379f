"""What is in a folder, as a user sees it: without the record of who wrote what."""

from __future__ import annotations

from pathlib import Path

from ddff_perception.files.results import RECORD


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.name != RECORD)


def files_below(folder: Path) -> set[Path]:
    """Every file in a folder and those below it."""
    return {p for p in folder.rglob("*") if not p.is_dir() and p.name != RECORD}


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file in a folder and those below it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in files_below(folder)}
