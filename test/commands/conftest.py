"""Commands that must end well, and commands that must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Outcome, ddff, files_below


@pytest.fixture
def refused(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Runs a command that must end with one sentence, status 2, and nothing in `out`."""

    def run(*arguments: object) -> str:
        before = files_below(tmp_path)
        outcome = ddff(capfd, *arguments)
        assert outcome.status == 2, outcome
        assert outcome.output == ""
        assert outcome.errors.startswith("ddff: ")
        assert outcome.errors.count("\n") == 1, outcome.errors
        assert "Traceback" not in outcome.errors
        assert files_below(tmp_path) == before
        return outcome.errors

    return run


@pytest.fixture
def accepted(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Outcome]:
    """Runs a command that must succeed."""

    def run(*arguments: object) -> Outcome:
        outcome = ddff(capfd, *arguments)
        assert outcome.status == 0, outcome.errors
        assert "Traceback" not in outcome.errors
        return outcome

    return run
