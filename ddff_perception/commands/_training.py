"""What `ddff train` and `ddff export` share: a capability's training module, and what it needs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..types import InputError

# Each has a module `train` with NETWORKS, `job(network, preset, overrides, data)` and
# `export(checkpoint, output, precision)`, which writes ONNX files with their cards into `output`.
CAPABILITIES = ("depth_from_focus", "reflection")


def training_module(capability: str, use: str) -> Any:
    """The training module of a capability that has the function `use`.

    Raises InputError where there is no such capability or function.
    """
    if capability not in CAPABILITIES:
        raise InputError(
            f"there is no capability {capability!r}; there are: {', '.join(CAPABILITIES)}"
        )
    name = f"ddff_perception.{capability}.training.networks"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise InputError(f"{capability} has no network to {use}") from error
        raise
    if not hasattr(module, use):
        raise InputError(f"{capability} has no network to {use}")
    return module


@contextmanager
def training_packages(doing: str) -> Iterator[None]:
    """Names the command that installs what an import inside the block lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ddff_perception"):
            raise
        raise InputError(
            f"{doing} needs {error.name}: run `make setup-train` or `pip install "
            f"'ddff_perception[train]'`"
        ) from error
