"""Every benchmark writes one JSON record: what was measured, on which machine, at which commit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ddff_perception import __version__
from ddff_perception.evaluation.machine import hardware, today
from ddff_perception.files.atomic import make_folder, write_json
from ddff_perception.files.results import written_by
from ddff_perception.types import InputError

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / "docs" / "benchmarks"


def write_record(name: str, rows: Any, path: Path | None = None, **fields: Any) -> Path:
    """Writes `docs/benchmarks/<name>.json` (or `path`) and returns where."""
    path = path or RECORDS / f"{name}.json"
    make_folder(path.parent)
    record = {
        "benchmark": name,
        "command": f"python benchmarks/{name}.py",
        "date": today(),
        "version": __version__,
        "commit": _git_commit(),
        "hardware": hardware(),
        **fields,
        "rows": rows,
    }
    with written_by(None):  # the records are the repository's
        write_json(path, record)
    return path


def run(main: Callable[[], None]) -> None:
    """`main`; what cannot be used is told in its sentence, with exit status 2."""
    try:
        main()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


@cache
def _git_commit() -> str | None:
    """Asked once: a run's first record does not make its second one dirty."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
