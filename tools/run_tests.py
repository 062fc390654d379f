"""`make test`: the whole suite, in parallel where the machine has cores for it.

Test files that load torch or an engine run after the others, each in a process of its own: with
several of these libraries in one process, some runs ended in a crash of it. As many of these
processes run side by side as there are workers for the others.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LOADS_NETWORKS = re.compile(
    r"torch|lightning|onnx|openvino|tensorrt|METHODS|focus_stream|perception\.engines|[\"']network"
)
# What takes longest begins first, so that no core idles at the end.
_LONGEST = ("test_parity_of_papers", "test_depth", "test_train", "test_engine_commands")
_NOTHING_CHOSEN = 5  # pytest's status where -k or -m leaves no test
_LIMIT_S = 180


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file's run in a process of its own; `status` as `subprocess` has it."""

    name: str
    status: int
    seconds: float
    output: str

    @property
    def passed(self) -> bool:
        return self.status in (0, _NOTHING_CHOSEN)

    @property
    def verdict(self) -> str:
        if self.status < 0:
            return f"crashed with {signal.Signals(-self.status).name}"
        return "passed" if self.passed else f"failed with status {self.status}"


def networks_files() -> list[Path]:
    """The test files that load torch or an engine, the longest first."""
    files = sorted((ROOT / "test").rglob("test_*.py"))
    files = [f for f in files if _LOADS_NETWORKS.search(f.read_text(encoding="utf-8"))]
    return sorted(files, key=lambda file: file.stem not in _LONGEST)


def run_alone(file: Path, command: Sequence[str], environment: dict[str, str]) -> Outcome:
    """Runs one file and keeps what it said."""
    started_s = time.monotonic()
    result = subprocess.run(
        [*command, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    seconds = time.monotonic() - started_s
    return Outcome(str(file.relative_to(ROOT)), result.returncode, seconds, result.stdout)


def tell(outcome: Outcome) -> None:
    """A line for a file that passed; all that it said for one that did not."""
    last = (outcome.output.strip().splitlines() or ["it said nothing"])[-1].strip("= ")
    if not outcome.passed:
        print(f"\n===== {outcome.name} =====\n{outcome.output.rstrip()}")
        last = ""
    print(f"{outcome.name} {outcome.verdict} ({outcome.seconds:.0f} s) {last}".rstrip(), flush=True)


def run_all_alone(files: Sequence[Path], command: Sequence[str], workers: int) -> list[Outcome]:
    """Runs each file in a process of its own, `workers` at a time."""
    # Every process would take all cores, and they would wait for each other.
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    environment = {"OMP_NUM_THREADS": threads, **os.environ}
    outcomes = []
    with ThreadPoolExecutor(workers) as pool:
        runs = [pool.submit(run_alone, file, command, environment) for file in files]
        try:
            for run in as_completed(runs):
                outcomes.append(run.result())
                tell(outcomes[-1])
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return outcomes


def main() -> int:
    alone = networks_files()
    workers = min(4, max(2, os.cpu_count() or 2))
    common = [sys.executable, "-m", "pytest", "-q", "--timeout", str(_LIMIT_S), *sys.argv[1:]]
    shared = [*common, "-n", str(workers), "--dist", "loadgroup", str(ROOT / "test")]
    shared += [f"--ignore={name}" for name in alone]
    started_s = time.monotonic()
    status = subprocess.run(shared, check=False).returncode
    outcomes = run_all_alone(alone, [*common, "-p", "no:xdist"], workers)
    failed = [f"{outcome.name} {outcome.verdict}" for outcome in outcomes if not outcome.passed]
    if status not in (0, _NOTHING_CHOSEN):
        failed.insert(0, f"the files that run together failed with status {status}")
    print(f"\n{len(alone)} files ran alone; {time.monotonic() - started_s:.0f} s in all")
    print("\n".join(["FAILED:", *failed]) if failed else "All tests passed.")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
