"""What a model card or a data set recorded of the assets that went into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...files.images import read_json
from ...types import InputError

SUMMARY = "dataset.json"


def recorded_assets(path: Path) -> list[str]:
    """Keys of assets from the list `assets` of a JSON file, or of the data set in a folder.

    Raises InputError where there is no such list; a data set has it once it is finished.
    """
    file = path / SUMMARY if path.is_dir() else path
    content: Any = read_json(file)
    assets = content.get("assets") if isinstance(content, dict) else None
    if assets is None and file.name == SUMMARY:
        raise InputError(
            f"the data set in {file.parent} is not finished and records no assets yet: the command "
            "that made it goes on where it ended"
        )
    if not isinstance(assets, list) or not all(isinstance(key, str) for key in assets):
        raise InputError(f"{file} records no assets: it needs a list named assets")
    return assets
