"""`make test`: the whole suite, in parallel where the machine has cores for it.

Tests marked `alone` (what is timed, or wants the machine to itself) run after the others, one by
one in a process with nothing beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_ALONE = "pytest.mark.alone"
_NOTHING_CHOSEN = 5  # pytest's status where -k or -m leaves no test
_LIMIT_S = 180
_SLOWEST = 25  # are told at the end
_LONG = (
    *("test_house_rules", "test_parity", "test_new_capability", "test_outputs", "test_train"),
    *("test_dataset", "test_demo", "test_alignment_node", "test_polarized", "test_fit", "test_run"),
    *("test_player", "test_every", "test_bag_nodes", "test_batches"),
)


def commands(folder: Path, workers: int, arguments: list[str]) -> list[list[str]]:
    """The calls of pytest that run the tests of `folder`, in their order."""
    common = [sys.executable, "-m", "pytest", "-q", "--timeout", str(_LIMIT_S)]
    common += ["--durations", str(_SLOWEST), *arguments]
    files = sorted(folder.rglob("test_*.py"))
    # By file: its networks are loaded, and their engines made, in one worker only. The longest ones
    # begin, so that no worker waits for one at the end.
    long = [str(file) for file in files if file.stem.startswith(_LONG)]
    together = ["-m", "not alone", "-n", str(workers), "--dist", "loadfile"]
    together += ["--no-loadscope-reorder", *long, str(folder)]
    marked = [str(file) for file in files if _ALONE in file.read_text(encoding="utf-8")]
    runs = [[*common, *together]]
    return [*runs, [*common, "-m", "alone", "-p", "no:xdist", *marked]] if marked else runs


def main() -> int:
    cores = os.cpu_count() or 1
    workers = min(4, max(2, cores))
    # Every worker would take all cores, and they would wait for each other.
    share = str(max(1, cores // workers))
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
    environment = {**dict.fromkeys(names, share), **os.environ}
    statuses = [
        subprocess.run(command, env=environment, check=False).returncode
        for command in commands(ROOT / "test", workers, sys.argv[1:])
    ]
    return int(any(status not in (0, _NOTHING_CHOSEN) for status in statuses))


if __name__ == "__main__":
    sys.exit(main())
