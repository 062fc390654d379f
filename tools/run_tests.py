"""`make test`: the whole suite, in parallel where the machine has cores for it.

Test files that load torch or an engine run after the others, each in a process of its own: with
several of these libraries in one process, some runs ended in a crash of it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LOADS_NETWORKS = re.compile(
    r"torch|lightning|onnx|openvino|tensorrt|METHODS|focus_stream|perception\.engines|[\"']network"
)


def main() -> int:
    files = sorted((ROOT / "test").rglob("test_*.py"))
    alone = [str(f) for f in files if _LOADS_NETWORKS.search(f.read_text(encoding="utf-8"))]
    workers = min(4, max(2, os.cpu_count() or 2))
    common = [sys.executable, "-m", "pytest", "-q", "--timeout", "180", *sys.argv[1:]]
    shared = [*common, "-n", str(workers), "--dist", "loadgroup", str(ROOT / "test")]
    shared += [f"--ignore={name}" for name in alone]
    commands = [shared, *([*common, "-p", "no:xdist", name] for name in alone)]
    return int(any(subprocess.run(command, check=False).returncode for command in commands))


if __name__ == "__main__":
    sys.exit(main())
