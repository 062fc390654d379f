"""Runs `ddff` in this process, through its real entry point."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from sweeps import wall_depth

from ddff_perception.cli import main


class Outcome(NamedTuple):
    """What a user sees of a command."""

    status: int
    output: str
    errors: str


def status_of(*arguments: object) -> int:
    """How `ddff arguments...` ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["ddff", *map(str, arguments)])
        # Tables are as wide as the terminal.
        patch.setenv("COLUMNS", "120")
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0


def ddff(capfd: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """`ddff arguments...`; what libraries write to the standard streams is seen too."""
    capfd.readouterr()
    status = status_of(*arguments)
    return Outcome(status, *capfd.readouterr())


def error_dpt(output: Path) -> float:
    """Median error of the written depth against the wall's, 1/m."""
    depth = np.load(output / "depth.npy")
    return float(np.nanmedian(np.abs(1 / depth - 1 / wall_depth())))
