"""Tiny networks are trained in one thread."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def all_in_one_thread(one_thread: None) -> None:
    """What `one_thread` does, for every test of this folder."""
