from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
COMMANDS = sorted(BENCHMARKS.glob("[a-z]*.py"))


def test_there_are_benchmarks():
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("file", COMMANDS, ids=lambda file: file.stem)
def test_every_benchmark_reads_its_command_line(file):
    """One that does not takes `--help` for a start, and writes over its record minutes later."""
    text = file.read_text()
    assert "typer.run(" in text or "typer.Typer(" in text or "ArgumentParser(" in text


@pytest.mark.parametrize("name", ["engine_precision", "speed", "learned_speed"])
def test_help_measures_and_records_nothing(name, tmp_path):
    result = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{name}.py"), "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert result.returncode == 0, result.stderr
    assert "Usage:" in result.stdout
    assert "recorded" not in result.stdout
