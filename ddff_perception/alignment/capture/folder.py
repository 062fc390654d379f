"""References that are asked for by name, from one folder and from nowhere else."""

from __future__ import annotations

from pathlib import Path

from ...types import InputError
from .reference import SUFFIX

DEMO, DEMO_ROUTE = "demo", Path(__file__).resolve().parents[2] / "data/demo_route/first.route"
"""What the parameter calls the route that comes with the package, and its file."""


def reference_file(folder: str, name: str) -> Path:
    """The file `name` (with or without its suffix) in `folder`.

    Raises InputError where the name is a path, or leads out of the folder, and where there is no
    such file.
    """
    root = Path(folder).expanduser().resolve()
    plain = 0 < len(name) <= 255 and "\0" not in name and Path(name).name == name
    if not plain or name.startswith("."):
        raise InputError(
            f"{name[:80]!r} is no name of a reference: give that of a file in {root}, no path"
        )
    for option in (name, f"{name}{SUFFIX}"):
        path = (root / option).resolve()
        if path.parent == root and path.is_file():
            return path
    there = sorted(file.stem for file in root.glob(f"*{SUFFIX}"))[:20] if root.is_dir() else []
    raise InputError(f"there is no reference {name!r} in {root}; there are: {there or 'none'}")
