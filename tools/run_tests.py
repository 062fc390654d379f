"""`make test`: the whole suite, in parallel where the machine has cores for it."""

from __future__ import annotations

import os
import sys

import pytest


def main() -> int:
    # Workers with as many threads as there are cores would wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    workers = min(4, max(2, os.cpu_count() or 2))
    arguments = ["-n", str(workers), "--dist", "loadgroup", "--timeout", "180", "-q"]
    return int(pytest.main(arguments + sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
