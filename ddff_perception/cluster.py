"""A Dask cluster that somebody else started: what `--scheduler` of every command connects to."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .types import InputError

_PATIENCE_S = 15


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The `distributed.Client` of the scheduler at `address`, closed at the end of the block.

    Raises InputError where dask.distributed is not installed, nobody answers, or no worker comes.
    """
    if importlib.util.find_spec("distributed") is None:
        raise InputError("--scheduler needs dask.distributed: pip install distributed")
    distributed = importlib.import_module("distributed")
    try:
        client = distributed.Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_S)
        except distributed.TimeoutError as error:
            message = f"the Dask scheduler at {address} has no workers: start some"
            raise InputError(message) from error
        yield client


def workers_of(client: Any) -> list[str]:
    """The addresses of a cluster's workers, sorted."""
    return sorted(client.scheduler_info(n_workers=-1)["workers"])
