"""Every benchmark writes one JSON record: what was measured, on which machine, at which commit."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from ddff_perception import __version__
from ddff_perception.files.atomic import make_folder, write_json

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / "docs" / "benchmarks"


def write_record(name: str, rows: Any, path: Path | None = None, **fields: Any) -> Path:
    """Writes `docs/benchmarks/<name>.json` (or `path`) and returns where."""
    path = path or RECORDS / f"{name}.json"
    make_folder(path.parent)
    now = datetime.datetime.now(datetime.timezone.utc)
    record = {
        "benchmark": name,
        "command": f"python benchmarks/{name}.py",
        "date": now.strftime("%Y-%m-%d"),
        "version": __version__,
        "commit": _git_commit(),
        "hardware": hardware(),
        **fields,
        "rows": rows,
    }
    write_json(path, record)
    return path


def hardware() -> dict[str, Any]:
    """Processor, cores, memory and software versions of this machine."""
    import cv2
    import numpy as np

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _git_commit() -> str | None:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
