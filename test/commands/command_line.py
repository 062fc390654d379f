"""Runs `ddff` in this process, through its real entry point."""

from __future__ import annotations

import sys
from typing import NamedTuple

import pytest

from ddff_perception.cli import main


class Outcome(NamedTuple):
    """What a user sees of a command."""

    status: int
    output: str
    errors: str


def ddff(capfd: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """`ddff arguments...`; what libraries write to the standard streams is seen too."""
    capfd.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["ddff", *map(str, arguments)])
        # Tables are as wide as the terminal.
        patch.setenv("COLUMNS", "120")
        try:
            main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    return Outcome(status, *capfd.readouterr())
